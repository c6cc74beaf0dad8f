"""Words for people, said in English and drawn in the language of the page.

`_("Saved.")` is a string like any other: in logs, in documents for programs and other servers it is English. Only where
a template draws it, it is in the language of that page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from markupsafe import Markup, escape

from fedimark.language.catalogue import ENGLISH, Catalogue

# Set only while a page is drawn, which awaits nothing: so what is said deep below need not be handed a language.
_page: ContextVar[Catalogue] = ContextVar("page", default=ENGLISH)


class Said(str):
    """English words that can be drawn in other languages; made by `_` and `ngettext`."""

    __slots__ = ("amount", "context", "many", "message", "values")

    message: str
    context: str
    many: str
    amount: int
    values: Mapping[str, object]

    def written(self, catalogue: Catalogue) -> str:
        """The same in another language; numbers as it writes them."""
        return _filled(self._sentence(catalogue), self.values, catalogue)

    def _sentence(self, catalogue: Catalogue) -> str:
        if self.many:
            return catalogue.counted(self.message, self.many, self.amount)
        return catalogue.text(self.message, self.context)

    def __html__(self) -> Markup:
        # All is escaped but what is markup already among the values: a link keeps its place in a whole sentence.
        catalogue = _page.get()
        sentence = escape(self._sentence(catalogue))
        return (
            sentence % {name: _shown(value, catalogue) for name, value in self.values.items()}
            if self.values
            else sentence
        )


def _(message: str, /, **values: object) -> Said:
    """A sentence; `values` stand where it says `%(name)s`, whole numbers among them with their thousands apart."""
    return _said(message, "", 0, values)


def pgettext(context: str, message: str, /, **values: object) -> Said:
    """A sentence that English says elsewhere too, in another sense: `context` tells the two apart."""
    return _said(message, "", 0, values, context)


def ngettext(one: str, many: str, count: int, /, **values: object) -> Said:
    """A sentence about `count` of something, which it calls `%(num)s`."""
    return _said(one, many, count, {"num": count, **values})


def together(parts: Iterable[str]) -> str:
    """Words one after the other, with commas between."""
    each = iter(parts)
    told: str = next(each, "")
    for part in each:
        told = _("%(these)s, %(that)s", these=told, that=part)
    return told


def written_by(write: Callable[[Catalogue], str]) -> Said:
    """What each language writes in a way of its own, a date for one."""
    return _said("%(it)s", "", 0, {"it": write})


def said(words: str) -> Said:
    """Words that were marked where they were written, an error's for one."""
    return words if isinstance(words, Said) else _said(words, "", 0, {})


@contextmanager
def drawn_in(catalogue: Catalogue) -> Iterator[None]:
    """Draw within this block in a language."""
    token = _page.set(catalogue)
    try:
        yield
    finally:
        _page.reset(token)


def parts(words: str) -> tuple[str, dict[str, str | int]] | None:
    """A sentence and its values, as JSON can keep them for `again`; None where the words alone tell which it is."""
    if not isinstance(words, Said) or not words.values:
        return None
    return words.message, {name: v if isinstance(v, int) else str(v) for name, v in words.values.items()}


def again(kept: Sequence[Any]) -> Said:
    """The sentence that `parts` took apart."""
    message, values = kept
    return _said(message, "", 0, values)


def _said(message: str, many: str, count: int, values: Mapping[str, object], context: str = "") -> Said:
    text = ENGLISH.counted(message, many, count) if many else message
    words = Said(_filled(text, values, ENGLISH))
    words.context, words.message, words.many, words.amount, words.values = context, message, many, count, values
    return words


def _filled(text: str, values: Mapping[str, object], catalogue: Catalogue) -> str:
    if not values:
        return text
    return text % {name: _value(value, catalogue) for name, value in values.items()}


def _shown(value: object, catalogue: Catalogue) -> object:
    return value if isinstance(value, Said) else _value(value, catalogue)


def _value(value: object, catalogue: Catalogue) -> object:
    if isinstance(value, Said):
        return value.written(catalogue)
    if callable(value):
        return value(catalogue)
    return catalogue.number(value) if type(value) is int else value
