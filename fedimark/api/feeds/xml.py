"""PURE. XML written as text: elements and attributes, with whatever people wrote in them."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from fedimark.api.feeds.feed import fit

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


def element(name: str, text: str = "", **attributes: str) -> str:
    """One element with text in it."""
    return f"<{name}{_written(attributes)}>{escape(fit(text))}</{name}>"


def opened(name: str, **attributes: str) -> str:
    """The tag that opens an element."""
    return f"<{name}{_written(attributes)}>"


def empty(name: str, **attributes: str) -> str:
    """One element with nothing in it."""
    return f"<{name}{_written(attributes)}/>"


def _written(attributes: dict[str, str]) -> str:
    # Names with a colon in them are no names of arguments: `rdf__about` is `rdf:about`.
    return "".join(f" {name.replace('__', ':')}={quoteattr(fit(value))}" for name, value in attributes.items())
