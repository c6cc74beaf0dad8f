"""PURE. A file as text in pieces between two marks, with the lines they begin on; one piece in memory at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, excerpt
from fedimark.language.said import _

BLOCK: Final = 131_072
PIECE_LIMIT: Final = 8_388_608  # characters; a row with every field at its limit and a large icon stays far below


class Endless(str):
    """The beginning of a piece longer than anything that is meant: the last that is read of a file."""

    __slots__ = ()


def endless(line: int, piece: Endless) -> Broken:
    """The row that such a piece is."""
    reason = _("This bookmark is longer than any can be: what stands before was read.")
    return Broken(reason, excerpt(piece), ends=True, line=line)


def text_blocks(stream: Source, block: int = BLOCK) -> Iterator[str]:
    """The file's text in blocks; bytes that are no UTF-8 become U+FFFD, a mark at the start is dropped."""
    decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
    while raw := stream.read(block):
        if text := decode(raw):
            yield text
    if rest := decode(b"", final=True):
        yield rest


def pieces(stream: Source, mark: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Yield what stands before the first mark, then what follows each, with the line where it begins, from 1.

    A mark may be up to 100 characters long and holds no group. One beyond all measure is Endless.
    """
    held, line, grown = "", 1, 0
    for block in text_blocks(stream):
        held += block
        # While one piece does not fit, it is looked through only each time it has doubled.
        if len(held) < grown:
            continue
        *whole, held = _cut(held, mark)
        for piece in whole:
            yield line, piece
            line += piece.count("\n")
        if len(held) > PIECE_LIMIT:
            yield line, Endless(held[:1_000])
            return
        grown = 0 if whole else 2 * len(held)
    for piece in mark.split(held):
        yield line, piece
        line += piece.count("\n")


def _cut(held: str, mark: re.Pattern[str]) -> list[str]:
    """The pieces that are whole, and the rest: a mark that is cut by the block's end stays in it."""
    tail = held[-100:]
    open_at = tail.rfind("<")
    if open_at < 0 or ">" in tail[open_at:]:
        return mark.split(held)
    keep = len(held) - len(tail) + open_at
    found = mark.split(held[:keep])
    found[-1] += held[keep:]
    return found
