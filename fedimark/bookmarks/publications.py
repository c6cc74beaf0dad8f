"""A bookmark as a publication: what makes it one, and how it ends. Inside `write()`, its owner held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fedimark import addresses
from fedimark.bookmarks import giving, rows, untold
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.reacting import end_reactions
from fedimark.database import Row, Script, among, ask_all, fetch, fetch_one, perform, several
from fedimark.outbox import publish, streams
from fedimark.outbox.consent import carried, is_spoken
from fedimark.policy.visibility import Visibility
from fedimark.timelines.merge import hold

_SPOKEN = ("url", "title", "description", "tags", "visibility", "saved_at")  # what a Note is made from
# What is alone with its page, passed on by no tag, and has nothing hanging on it: its end changes nothing of others.
_UNTOUCHED = """
SELECT b.id FROM bookmark b WHERE b.id {these} AND b.is_local AND b.removed_at IS NULL
AND NOT EXISTS (SELECT 1 FROM bookmark o WHERE o.link_id = b.link_id AND o.id <> b.id)
AND NOT EXISTS (SELECT 1 FROM bookmark_tag t JOIN actor g ON g.tag_id = t.tag_id WHERE t.bookmark_id = b.id)
AND NOT EXISTS (SELECT 1 FROM telling t WHERE t.bookmark_id = b.id)
AND NOT EXISTS (SELECT 1 FROM withdrawal w WHERE w.bookmark_id = b.id)
AND NOT EXISTS (SELECT 1 FROM edited e WHERE e.bookmark_id = b.id)
AND NOT EXISTS (SELECT 1 FROM asset a WHERE a.bookmark_id = b.id)
AND NOT EXISTS (SELECT 1 FROM share s WHERE s.bookmark_id = b.id)
AND NOT EXISTS (SELECT 1 FROM reaction r WHERE r.bookmark_id = b.id)
AND NOT EXISTS (SELECT 1 FROM remark r WHERE r.bookmark_id = b.id)
AND NOT EXISTS (SELECT 1 FROM given_link g WHERE g.bookmark_id = b.id)
"""
_WAS_TOLD = """
SELECT 1 AS told WHERE EXISTS (SELECT 1 FROM reach WHERE object_hash = ?)
OR EXISTS (SELECT 1 FROM telling WHERE bookmark_id = ?)
"""


async def said_anew(owner: Owner, before: Row | None, row: Row) -> None:
    """Let other servers be told what became of a bookmark, if it leaves at all; what tags take back, they do now."""
    if not is_spoken(row):
        return
    if before is None or before["public_id"] != row["public_id"] or not is_spoken(before):
        await untold.published(row)
    elif any(before[name] != row[name] for name in _SPOKEN):
        await respelled(owner, before, row)
        await untold.changed(row, [key for key in carried(row) if key not in carried(before)])


async def respelled(owner: Owner, before: Row, row: Row) -> None:
    """Let the tags that a publication lost take back that they passed it on."""
    await _bury(await streams.bookmark_respelled(owner, before, row))


async def end_publication(owner: Owner, row: Row) -> None:
    """Withdraw a publication: its id answers 410 for ever and whoever got it is told.

    Where nobody was told of it yet, nobody is.
    """
    uri = _uri(owner, row)
    was_told = not await untold.cancelled(row)
    await _bury([uri])
    await end_reactions(row)
    await _bury(await streams.bookmark_ended(owner, row))
    if was_told:
        await publish.bookmark_ended(owner, row["public_id"], Visibility(row["visibility"]))


async def end_quietly(owner: Owner, row: Row) -> None:
    """Withdraw a publication that nobody was told of, so that nobody is told of its end: its id answers 410 for ever.

    Where somebody was told after all, whoever got it is told.
    """
    uri = _uri(owner, row)
    if await fetch_one(_WAS_TOLD, addresses.uri_hash(uri), row["id"]) is not None:
        await end_publication(owner, row)
        return
    await _bury([uri])
    await end_reactions(row)
    await _bury(await streams.bookmark_ended(owner, row))


async def take_out_quietly(owner: Owner, row: Row) -> None:
    """Take out a bookmark that a file brought in, for good; as `end_quietly`."""
    if is_spoken(row):
        await end_quietly(owner, row)
    await giving.taken_back(row)
    await rows.drop(row)


async def take_out_many_quietly(owner: Owner, found: Sequence[Row]) -> None:
    """The same of many, inside `write()`: those that nobody did anything with go by a fixed number of statements."""
    if not found:
        return
    await hold("link", *(row["link_id"] for row in found))
    these = several([row["id"] for row in found])
    plain = {row["id"] for row in await fetch(_UNTOUCHED.format(these=among()), these)}
    uris = {row["id"]: _uri(owner, row) for row in found if is_spoken(row)}
    hashes = {number: addresses.uri_hash(uri) for number, uri in uris.items()}
    sql = f"SELECT DISTINCT object_hash FROM reach WHERE object_hash {among('text')}"
    told = {row["object_hash"] for row in await fetch(sql, several(sorted(hashes.values())))}
    alone = [row for row in found if row["id"] in plain and hashes.get(row["id"]) not in told]
    if alone:
        buried = {hashes[row["id"]]: uris[row["id"]] for row in alone if row["id"] in uris}
        await perform(_dropped(alone, buried))
    gone = {row["id"] for row in alone}
    for row in found:
        if row["id"] not in gone:
            await take_out_quietly(owner, row)


def _dropped(found: Sequence[Row], buried: Mapping[str, str]) -> Script[None]:
    yield from rows.dropping_alone(found)
    if buried:
        yield from ask_all(*rows.burying(buried))


async def end_bookmark(owner: Owner, row: Row) -> None:
    """Take a bookmark out for good: the publication ends with it."""
    spoken = row if is_spoken(row) else await withdrawn(row)
    if spoken is not None:
        await end_publication(owner, spoken)
    await giving.taken_back(row)
    await rows.drop(row)


async def withdrawn(row: Row) -> Row | None:
    """A bookmark as it was spoken of, where its publication waits to end, which it does no more; else None.

    See bookmarks.withdrawing.
    """
    waiting = await fetch("DELETE FROM withdrawal WHERE bookmark_id = ? RETURNING visibility", row["id"])
    return {**row, "visibility": waiting[0]["visibility"]} if waiting else None


def _uri(owner: Owner, row: Row) -> str:
    return addresses.absolute(addresses.bookmark(owner.username, row["public_id"]))


async def _bury(uris: Sequence[str]) -> None:
    """An address that answers 410 from now on; a tag's, unless the tag says it anew."""
    for uri in uris:
        await rows.bury(uri, addresses.uri_hash(uri))
