"""PURE. A person's own style sheet: what may stand in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import tinycss2

from fedimark.language.said import Said, _

LIMIT: Final = 16_384
"""Of a style sheet, in bytes of UTF-8."""

_DEEP: Final = 40
_AT_RULES: Final = frozenset({"media", "supports", "layer", "container", "keyframes", "page", "starting-style"})
# Whatever may name a file. The content policy would stop all but our own; here its writer is told.
_FETCHING: Final = frozenset({"url", "src", "image", "image-set", "cross-fade", "expression", "element"})


class BadCss(ValueError):
    """A style sheet that is not taken; `words` say why, for the person who wrote it."""

    def __init__(self, words: Said) -> None:
        super().__init__(words)
        self.words = words


def check(css: str) -> str:
    """Return a style sheet as it is kept, or raise BadCss.

    Read with the tokens of CSS Syntax, so that escapes and comments hide nothing. No address may stand in it, no
    `@import` and no `@font-face`: nothing is ever loaded because of it.
    """
    text = css.replace("\r\n", "\n").strip()
    if len(text.encode()) > LIMIT:
        raise BadCss(_("At most %(limit)s bytes are kept.", limit=LIMIT))
    _check(tinycss2.parse_component_value_list(text), 0)
    return text


def _check(tokens: Iterable[Any], depth: int) -> None:
    if depth > _DEEP:
        raise BadCss(_("Brackets stand too deep in each other."))
    for token in tokens:
        if token.type == "url" or (token.type == "function" and _plain(token.lower_name) in _FETCHING):
            raise BadCss(_("Addresses may not stand in it: no url(), no image of elsewhere."))
        if token.type == "at-keyword" and _plain(token.lower_value) not in _AT_RULES:
            raise BadCss(_("@%(rule)s is not taken.", rule=token.value))
        if token.type == "error":
            line = token.source_line
            raise BadCss(_("Line %(line)s cannot be read: a quote or a bracket is not closed.", line=line))
        if token.type == "function":
            _check(token.arguments, depth + 1)
        elif token.type in ("() block", "[] block", "{} block"):
            _check(token.content, depth + 1)


def _plain(name: str) -> str:
    """A name without what one browser puts before it: `-webkit-image-set`."""
    return name[1:].partition("-")[2] if name.startswith("-") and not name.startswith("--") else name
