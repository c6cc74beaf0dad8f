"""A bookmark as a publication: what makes it one, and how it ends. Inside `write()`, its owner held."""

from __future__ import annotations

from collections.abc import Sequence

from fedimark import addresses
from fedimark.bookmarks import giving, rows, untold
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.reacting import end_reactions
from fedimark.database import Row, fetch, fetch_one
from fedimark.outbox import publish, streams
from fedimark.outbox.consent import carried, is_spoken
from fedimark.policy.visibility import Visibility

_SPOKEN = ("url", "title", "description", "tags", "visibility", "saved_at")  # what a Note is made from
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
    uri = addresses.absolute(addresses.bookmark(owner.username, row["public_id"]))
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
    uri = addresses.absolute(addresses.bookmark(owner.username, row["public_id"]))
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


async def _bury(uris: Sequence[str]) -> None:
    """An address that answers 410 from now on; a tag's, unless the tag says it anew."""
    for uri in uris:
        await rows.bury(uri, addresses.uri_hash(uri))
