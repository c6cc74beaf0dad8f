"""PURE. The elements of one large JSON array, one at a time, with what is broken told apart from what is not.

Not ijson: its fast parser (yajl) turns `"\\ud800A"` into another character and gives the whole file up at `"\\udc00"`
or one byte that is no UTF-8. Here only the row that holds it is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from fedimark.importing.formats.json_text import Text
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft, excerpt
from fedimark.language.said import _


def elements(stream: Source) -> Iterator[object | Broken]:
    """Yield each element of the array, or Broken for one that cannot be read; never more than one at a time in memory.

    The last Broken has `ends` set when nothing after it can be read: the file is cut off, or no JSON from there on.
    """
    text = Text(stream)
    if text.next_character() != "[":
        yield Broken(_("This is not a list of bookmarks."), excerpt(text.rest), ends=True)
        return
    text.skip(1)
    while True:
        # Also after a comma: some writers leave one behind the last row.
        if text.next_character() == "]":
            yield from _after(text)
            return
        found = text.element()
        yield found
        if isinstance(found, Broken) and found.ends:
            return
        between = text.next_character()
        if between == "]":
            yield from _after(text)
            return
        if between != ",":
            yield text.strange() if between else text.stop()
            return
        text.skip(1)


def rows(stream: Source, row: Callable[[Mapping[str, object]], Draft | Broken]) -> Iterator[Draft | Broken]:
    """Yield what `row` makes of each object in the array, or Broken with the reason, in the order of the file."""
    for element in elements(stream):
        if isinstance(element, Broken):
            yield element
        elif isinstance(element, dict):
            yield row(element)
        else:
            yield Broken(_("This row is no bookmark."))


def _after(text: Text) -> Iterator[Broken]:
    text.skip(1)
    if text.next_character():
        yield Broken(_("Something follows the end of the list; it was left out."), excerpt(text.rest), ends=True)
