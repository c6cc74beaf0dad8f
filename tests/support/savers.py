"""People who only save and read, and what they do in one line each, inside the server that a test stands in."""

from __future__ import annotations

from typing import Any

from fedimark import addresses
from fedimark.accounts.rows import insert
from fedimark.bookmarks import rows
from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.queries import own_bookmark
from fedimark.bookmarks.save import Saved, edit_bookmark, save_bookmark
from fedimark.database import Row, write
from fedimark.errors import NotFound
from fedimark.follows.request import follow
from fedimark.here import here, now
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.remote.sites import registrable_domain
from fedimark.text import urls
from fedimark.timelines import queries
from fedimark.timelines.amounts import counted
from fedimark.timelines.entries import Entry, Page
from fedimark.timelines.stream import Stream, cursor
from tests.support.clock import Clock
from tests.support.invariants import disagreements

UNKNOWN = "nothing here"


async def saver(
    name: str, *, default: Visibility = Visibility.PUBLIC, locked: bool = False, by_hand: bool = False
) -> Viewer:
    """Somebody with an account but without keys and a password, which take long; `by_hand` approves followers."""
    async with write():
        actor_id = await insert("actor", local_name=name, username=name, created_at=now(), approves_followers=by_hand)
        account_id = await insert(
            "account",
            actor_id=actor_id,
            password_hash="",
            default_visibility=int(default),
            privacy_lock=locked,
            created_at=now(),
        )
    return Viewer(account_id, actor_id, name, False, "UTC", default, locked, "auto")


async def save(who: Viewer, url: str, tags: str = "", visibility: str = "", **more: Any) -> Saved:
    """Save a page as a form does."""
    return await save_bookmark(Owner.of(who), read_draft(url=url, tag_text=tags, visibility=visibility, **more))


async def edit(who: Viewer, public_id: str, url: str, tags: str = "", visibility: str = "", **more: Any) -> Saved:
    """Edit a bookmark as a form does."""
    draft = read_draft(url=url, tag_text=tags, visibility=visibility, **more)
    return await edit_bookmark(Owner.of(who), public_id, draft)


async def row_of(who: Viewer, saved: Saved) -> Row:
    """The row of a live bookmark."""
    row = await own_bookmark(Owner.of(who), saved.public_id)
    assert row is not None
    return row


async def befriend(reader: Viewer, *targets: Viewer) -> None:
    """Let somebody follow people who accept at once."""
    for target in targets:
        assert (await follow(reader, target.username))["state"] == "accepted"


async def remote_actor(name: str, host: str) -> int:
    """Somebody of another server, as they are kept here; returns the row's id."""
    uri = f"https://{host}/u/{name}"
    given = {
        "uri": uri,
        "uri_hash": addresses.uri_hash(uri),
        "url": uri,
        "inbox": f"{uri}/inbox",
        "site": registrable_domain(host),
    }
    async with write():
        return await insert("actor", username=name, host=host, created_at=now(), **given)


async def remote_save(actor_id: int, number: int, url: str, *, saved_at: int, **values: Any) -> Row:
    """A bookmark that arrived from another server."""
    uri = f"https://remote.example/b/{actor_id}/{number}"
    given = {
        "actor_id": actor_id,
        "is_local": False,
        "uri": uri,
        "uri_hash": addresses.uri_hash(uri),
        "page_url": uri,
        "url": url,
        "url_md5": urls.md5(url),
        "title": url,
        "visibility": int(Visibility.PUBLIC),
        "listed": True,
        "saved_at": saved_at,
        "updated_at": saved_at,
        "tags": "",
    }
    async with write():
        return await rows.put({**given, **values})


async def look(
    stream: Stream, viewer: Viewer | None = None, *, limit: int = 50, before: str = "", after: str = ""
) -> Page:
    """One page of a stream, found anew; raises as the pages do."""
    return await queries.page(await queries.find(stream, viewer), cursor(before, after), limit)


async def entries(stream: Stream, viewer: Viewer | None = None) -> list[Entry]:
    """The first page of a stream."""
    return list((await look(stream, viewer)).entries)


async def urls_of(stream: Stream, viewer: Viewer | None = None) -> list[str]:
    """The addresses on the first page of a stream, newest first; one word when it answers like an unknown one."""
    try:
        return [entry.url for entry in await entries(stream, viewer)]
    except NotFound as error:
        assert error.message == NotFound.title
        return [UNKNOWN]


async def count(stream: Stream, viewer: Viewer | None = None) -> int | None:
    """How many bookmarks a stream says it has."""
    return (await counted(await queries.find(stream, viewer))).amount


async def walk(stream: Stream, viewer: Viewer | None, limit: int) -> tuple[list[Page], list[Page]]:
    """All pages of a stream, from the newest on by `earlier` and then back by `later`."""
    there = [await look(stream, viewer, limit=limit)]
    while there[-1].earlier:
        there.append(await look(stream, viewer, limit=limit, before=there[-1].earlier))
        assert len(there) < 100, "paging never ends"
    back = [there[-1]]
    while back[-1].later:
        back.append(await look(stream, viewer, limit=limit, after=back[-1].later))
        assert len(back) < 100, "paging never ends"
    return there, back


async def assert_agreement() -> None:
    """Everything made from bookmarks and follows is as if it were made anew."""
    assert await disagreements() == []


def undo_runs_out(clock: Clock) -> None:
    """Let the time for an undo pass."""
    clock.forward(seconds=here().settings.undo_s + 1)
