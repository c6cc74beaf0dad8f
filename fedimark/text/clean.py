"""PURE. Text as people send it, without what no page, feed or table can hold."""

from __future__ import annotations

import re
from typing import Final

TITLE_LIMIT: Final = 255
DESCRIPTION_LIMIT: Final = 65_536

# Controls other than tab and newline, lone surrogates, and the two noncharacters that XML (feeds) forbids.
# Marks that set the direction of writing are words of the text and stay; pages isolate them in CSS.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_RETURN = re.compile("\r\n?")
_BREAK = re.compile("[\t\n\x0b\x0c\x85\u2028\u2029]")


def many_lines(text: str, limit: int = DESCRIPTION_LIMIT) -> str:
    """Return a text of many lines, cut at `limit` characters; every line ends in LF, nothing else is changed.

    Cut and not refused, as Pinboard does.
    """
    if text.isprintable():
        return text[:limit]
    return _UNFIT.sub("", _RETURN.sub("\n", text))[:limit]


def one_line(text: str, limit: int = TITLE_LIMIT) -> str:
    """Return a text of one line, cut at `limit` characters, without white space around it.

    Line breaks and tabs become spaces; runs of spaces inside are kept.
    """
    if text.isprintable():
        return text.strip()[:limit].rstrip()
    flat = _UNFIT.sub("", _BREAK.sub(" ", _RETURN.sub("\n", text)))
    return flat.strip()[:limit].rstrip()
