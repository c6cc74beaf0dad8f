"""The feed of a person's notes: what strangers read of them, whoever asks."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.api.feeds.answer import answer, format_of
from fedimark.api.feeds.feed import Author, Feed, FeedEntry, fit
from fedimark.api.feeds.words import Place
from fedimark.bookmarks import notes
from fedimark.database import Row
from fedimark.errors import NotFound
from fedimark.here import here
from fedimark.text.markdown import rendered


async def get_notes(request: Request) -> Response:
    """`/u/{user}/notes/feed.{format}`, as many as on the page; there are no papers among them"""
    form, user, kind = format_of(request), request.path_params["user"], request.path_params["format"]
    if kind == "bib":
        raise NotFound
    after = request.query_params.get("after", "")
    found = await notes.page_of(user, None, after, here().settings.page_size)
    path = addresses.notes(user)
    place = Place(path, feed=addresses.feed(path, kind), title=f"{user} / notes")
    feed = Feed(
        title=fit(f"{place.title} · {here().settings.handles_at}"),
        id=place.page_href,
        page=place.page_href,
        here=place.href(after=after) if after else place.href(),
        entries=await asyncio.to_thread(lambda: tuple(_entry(user, row) for row in found.rows)),
        first=place.href(),
        earlier=place.href(after=found.last) if found.last else "",
        is_whole=not after and not found.last,
        hub=here().settings.websub_hub,
    )
    return answer(request, feed, form)


def _entry(user: str, row: Row) -> FeedEntry:
    address = absolute(addresses.note(user, row["public_id"]))
    return FeedEntry(
        id=address,
        url=address,
        address=address,
        page=address,
        title=fit(row["title"]),
        description=fit(row["text"]),
        tags=(),
        topics=(),
        authors=(Author(user, absolute(addresses.person(user))),),
        published=row["created_at"],
        updated=row["updated_at"],
        canonical=address,
        html=fit(rendered(row["text"])),
    )
