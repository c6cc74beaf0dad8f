"""PURE. Attributes and character references in the HTML that bookmark files are made of."""

from __future__ import annotations

import re
from html import escape, unescape
from html.entities import html5

# Possessive, so that nothing is tried twice: a file of quotes costs no more than one of letters.
INSIDE = r"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+"""
SPACE = " \t\r\n"  # that a reader may take away around words
_ATTRIBUTE = re.compile(r"""(?<![^\s"'/])([^\s=>"'/]++)\s*+=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")
_REFERENCE = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);?")


def attributes(inside: str) -> dict[str, str]:
    """The attributes of a tag by their names in capital letters, references not yet read; valueless ones are left out.

    The last one of a name counts.
    """
    return {name.upper(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(inside)}


def attribute_text(value: str) -> str:
    """What the value of an attribute says: `&copy=1` is a query and no sign, as in browsers. (HTML §13.2.5.73)"""
    if "&" not in value:
        return value
    if value.count("&") == value.count("&amp;"):
        return value.replace("&amp;", "&")
    return _REFERENCE.sub(_read, value)


def words(text: str) -> str:
    """What text between tags says."""
    return unescape(text) if "&" in text else text


def quoted(text: str) -> str:
    """Text as the value of an attribute, line breaks too."""
    return escape(text).replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")


def written(text: str) -> str:
    """Text as it stands between tags; the white space around it is spelled out, so that readers keep it."""
    inner = text.strip(SPACE)
    start = text.find(inner) if inner else len(text)
    return f"{_spelled(text[:start])}{escape(inner, quote=False)}{_spelled(text[start + len(inner) :])}"


def _spelled(space: str) -> str:
    return "".join(f"&#{ord(character)};" for character in space)


def _read(found: re.Match[str]) -> str:
    reference = found[0]
    if reference.startswith("&#") or reference.endswith(";"):
        return unescape(reference)
    # Old names count without their semicolon, but only whole and before no sign of a query.
    is_query = found.string.startswith("=", found.end())
    return html5[reference[1:]] if not is_query and reference[1:] in html5 else reference
