"""Which part of a stream is asked for, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from fedimark.here import here
from fedimark.policy.visibility import Viewer
from fedimark.timelines import queries, stream
from fedimark.timelines.entries import Entry, Page
from fedimark.timelines.queries import Found
from fedimark.timelines.stream import LinkStream, PersonStream, SearchStream, Stream

MOST = 400  # entries of one feed


@dataclass(frozen=True, slots=True)
class Part:
    """Some entries of a stream; `is_first` says that nothing newer was left out.

    `each_is_a_save` says that an entry is one bookmark; else it stands for all who saved a page.
    """

    found: Found
    shown: Page
    is_first: bool
    each_is_a_save: bool


async def part_of(request: Request, which: Stream, viewer: Viewer | None) -> Part:
    """The part that a request asks for: `before`, `after` and `count` are understood as they are everywhere.

    Raises what `queries.find` and `queries.page` raise.
    """
    asked = request.query_params
    cursor = stream.cursor(asked.get("before", ""), asked.get("after", ""))
    found = await queries.find(which, viewer)
    page = await queries.page(found, cursor, amount(request))
    return Part(found, page, cursor is None, isinstance(which, PersonStream | LinkStream | SearchStream))


def first_of(found: Found, entries: Sequence[Entry], limit: int, *, is_all: bool = True) -> Part:
    """The newest of what was picked, of which one more than `limit` was asked for, so that an end shows as one.

    `is_all` says that it was picked among everything. Each entry is a save.
    """
    return Part(found, Page(tuple(entries[:limit])), is_all and len(entries) <= limit, True)


def amount(request: Request, name: str = "count") -> int:
    """How many entries are asked for: as on a page, or `count` up to 400; papers are looked for among 400."""
    text = request.query_params.get(name, "")
    if request.path_params.get("format") == "bib":
        return MOST
    if text.isascii() and text.isdigit() and len(text) < 6 and int(text):
        return min(int(text), MOST)
    return here().settings.page_size
