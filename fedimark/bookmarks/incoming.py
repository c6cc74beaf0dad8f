"""From the Notes of others to bookmarks: what is kept of a Note whose author was proven.

All of it runs inside `write()` and does nothing new when it is done twice; every function returns a short word for
what it did. Of two states of one Note the later `updated` wins, and its end wins over both, in whatever order they
come. Where two states bear one moment, nobody but the Note's own server can say which holds: `is_doubtful` tells, and
where that server shows nothing, the state for the fewest people holds. A Note without any moment is as it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from fedimark import addresses
from fedimark.bookmarks import rows, telling
from fedimark.bookmarks.arrivals import (
    SAID,
    Arrival,
    Known,
    agrees,
    arrived,
    followed_of,
    grave_of,
    look_up,
    looking_up,
    software_of,
)
from fedimark.bookmarks.recognise import BOOKMARK_SERVERS
from fedimark.database import Row, Script, ask, execute, fetch, fetch_one, perform
from fedimark.here import now
from fedimark.outbox.passed_on import author_changed
from fedimark.outbox.reactions import say_shares_ended
from fedimark.policy.quarantine import is_let_in
from fedimark.policy.visibility import Visibility
from fedimark.timelines.merge import hold
from fedimark.vocab.objects import Note

IGNORED = "ignored"
DOUBTFUL = "doubtful"  # its own server must be asked

_KNOWN = "SELECT * FROM bookmark WHERE uri_hash = ? AND actor_id = ?"
_SHUT_OUT = "SELECT id FROM actor WHERE id = ? AND suspended_at IS NOT NULL"
_BURIED = "SELECT id FROM tombstone WHERE uri_hash = ?"
_WITHHOLD = """
INSERT INTO withheld (uri_hash, updated_at, kept_at) VALUES (?, ?, ?)
ON CONFLICT (uri_hash) DO UPDATE SET updated_at = excluded.updated_at, kept_at = excluded.kept_at
WHERE withheld.updated_at < excluded.updated_at
"""
# Whether new values hold against known ones of the same moment; None for what is no bookmark here.
_Holds: TypeAlias = Callable[[Mapping[str, Any] | None, Mapping[str, Any] | None], bool]

_SHOWN_TO_ALL = f"""
SELECT * FROM bookmark WHERE actor_id = ? AND NOT is_local AND is_save AND removed_at IS NULL
AND visibility = {Visibility.PUBLIC} AND (CASE WHEN listed THEN 1 ELSE 0 END) <> ? ORDER BY id LIMIT ?
"""


_RELIST_REMARKS = f"""
UPDATE remark SET listed = ? WHERE actor_id = ? AND visibility = {Visibility.PUBLIC}
AND (CASE WHEN listed THEN 1 ELSE 0 END) <> ?
"""
_WITHHELD = "SELECT id FROM withheld WHERE uri_hash = ?"


async def store_note(author: Row, note: Note, received_at: int) -> str:
    """Keep a Note of somebody followed here that is a bookmark or mentions a page, or the newer words of one that is
    known, or was shared.

    `author` is the row of the proven author, `received_at` and the note's moments microseconds since 1970 UTC.
    Everything else is ignored: Notes without a link, quotes and replies (see `remarks`), direct ones, addresses that
    nobody could save here or that look like a secret.
    """
    arrival = await arrived(author, note, received_at)
    known = await look_up([arrival])
    return await _store(arrival, known, _says_less) if known.is_wanted(arrival) else IGNORED


def store_notes(arrivals: Sequence[Arrival]) -> Script[tuple[list[str], list[Row]]]:
    """The same for several Notes, no two of which are one, by a fixed number of statements for all that are new.

    Nothing is done about one whose server must be asked first. Returns what was done, and the new bookmarks: of those
    that are copies it is for the caller to tell (`telling.copied`).
    """
    if not arrivals:
        return [], []
    known = yield from looking_up(arrivals)
    outcomes: list[str] = []
    new: list[dict[str, Any]] = []
    for each in arrivals:
        values = each.values(known)
        if known.is_doubtful(each, values):
            outcomes.append(DOUBTFUL)
        elif known.is_wanted(each):
            outcomes.append((yield from _settle(each, values, known, _says_less, new)))
        else:
            outcomes.append(IGNORED)
    return outcomes, (yield from rows.putting(new))


async def store_from_origin(author: Row, note: Note, received_at: int) -> str:
    """Keep a Note as its own server shows it now, followed or not: it wins over what bears the same moment."""
    arrival = await arrived(author, note, received_at)
    return await _store(arrival, await look_up([arrival]), _always)


async def store_brought(author: Row, note: Note, received_at: int) -> str:
    """Keep a Note that its author proved to be theirs and somebody else brought, followed or not."""
    arrival = await arrived(author, note, received_at)
    return await _store(arrival, await look_up([arrival]), _says_less)


async def is_doubtful(author: Row, note: Note, received_at: int) -> bool:
    """Whether another state of this Note is known that bears the same moment, so its server must be asked."""
    arrival = await arrived(author, note, received_at)
    known = await look_up([arrival])
    return known.is_doubtful(arrival, arrival.values(known))


async def is_followed(author: Row) -> bool:
    """Whether somebody here follows somebody elsewhere."""
    return bool(await followed_of([author["id"]]))


async def is_shut_out(author: Row) -> bool:
    """Whether an admin suspended somebody."""
    return await fetch_one(_SHUT_OUT, author["id"]) is not None


async def is_buried(author: Row, uri: str) -> bool:
    """Whether its author deleted a Note."""
    return await fetch_one(_BURIED, grave_of(author, uri)) is not None


async def is_withheld(author: Row, uri: str) -> bool:
    """Whether a Note of theirs was no bookmark when it was last seen."""
    return await fetch_one(_WITHHELD, grave_of(author, uri)) is not None


async def bury_note(author_uri: str, uri: str) -> None:
    """Let no Create bring back a Note that ended where it is from, though it never was here."""
    await rows.bury(uri, grave_of({"uri": author_uri}, uri))


async def forget_note(author: Row, uri: str) -> str:
    """Drop a Note that its author deleted, and let no Create of theirs bring it back."""
    # The grave is the author's own: a neighbour on their server cannot dig it for a Note not yet seen.
    await rows.bury(uri, grave_of(author, uri))
    await hold("actor", author["id"])
    row = await _known(author, uri)
    if row is None:
        return IGNORED
    await _drop(row, author)
    return "deleted"


async def forget_notes_of(author: Row, limit: int) -> int:
    """Drop some of the bookmarks of somebody who is gone; returns how many, so that less than `limit` is the end."""
    found = await fetch("SELECT * FROM bookmark WHERE actor_id = ? AND NOT is_local LIMIT ?", author["id"], limit)
    for row in found:
        await _drop(row, author)
    return len(found)


async def drop_if_unwanted(row: Row) -> None:
    """Drop a bookmark from elsewhere that was here only because somebody shared it, once nobody does any more."""
    kept = row["is_local"] or await fetch_one("SELECT id FROM share WHERE bookmark_id = ? LIMIT 1", row["id"])
    if not kept and not await is_followed({"id": row["actor_id"]}):
        await rows.drop(row)
        await execute("DELETE FROM remark WHERE object_hash = ? AND public_id IS NULL", row["uri_hash"])


async def follow_consent(author: Row, limit: int) -> int:
    """Bring some bookmarks of somebody onto public pages or off them, as they allow now; returns how many changed."""
    await hold("actor", author["id"])
    consenting = await consents(author)
    found = await fetch(_SHOWN_TO_ALL, author["id"], int(consenting), limit)
    for row in found:
        await rows.change(row, {"listed": consenting})
    await execute(_RELIST_REMARKS, consenting, author["id"], int(consenting))
    await author_changed(author)
    return len(found)


async def consents(author: Row) -> bool:
    """Whether somebody's bookmarks may stand on public pages: as they say, and their server is out of quarantine."""
    software = (await software_of([author["uri"]]))[author["uri"]]
    return agrees(author, bookmarking=software in BOOKMARK_SERVERS) and await is_let_in(author["uri"])


async def _store(arrival: Arrival, known: Known, holds: _Holds) -> str:
    new: list[dict[str, Any]] = []
    outcome = await perform(_settle(arrival, arrival.values(known), known, holds, new))
    await telling.copied(await rows.put_many(new))
    return outcome


def _settle(
    arrival: Arrival, values: dict[str, Any] | None, known: Known, holds: _Holds, new: list[dict[str, Any]]
) -> Script[str]:
    """Do what one Note asks for, but for a new bookmark: that is added to `new`, to be written with others."""
    before, author_id = known.before(arrival), arrival.author["id"]
    if author_id in known.shut_out or arrival.grave in known.buried:
        return IGNORED
    if before is not None and before["actor_id"] != author_id:
        return IGNORED
    withheld_at = known.withheld.get(arrival.grave)
    moments = (withheld_at, before["updated_at"] if before else None)
    known_since = max((moment for moment in moments if moment is not None), default=-1)
    if known_since > arrival.stamp or (known_since == arrival.stamp and not holds(values, before)):
        return "known"
    if values is None:
        return (yield from _no_longer(arrival, before))
    if withheld_at is not None:
        yield from ask("DELETE FROM withheld WHERE uri_hash = ?", arrival.grave)
    if before is None:
        new.append(values)
        return "saved"
    if not arrival.note.published:
        values["saved_at"] = before["saved_at"]  # they never said when: what counts is when it came first
    if before["url"] != values["url"]:
        values["link_id"] = yield from rows.root_of(values["url"])
    yield from rows.changing(before, values)
    return "changed"


def _no_longer(arrival: Arrival, before: Row | None) -> Script[str]:
    """A Note that is no bookmark for us: never was, or was until this edit, which older words must not outlive."""
    if before is not None or arrival.note.updated is not None:
        yield from ask(_WITHHOLD, arrival.grave, arrival.stamp, now())
    if before is None:
        return IGNORED
    yield from rows.dropping(before)
    return "dropped"


async def _drop(row: Row, author: Row) -> None:
    for announce_uri in await say_shares_ended(row["uri"], author):
        await rows.bury(announce_uri, addresses.uri_hash(announce_uri))
    await rows.drop(row)
    await execute("DELETE FROM share WHERE object_hash = ?", row["uri_hash"])
    await execute("DELETE FROM remark WHERE object_hash = ? AND public_id IS NULL", row["uri_hash"])


async def _known(author: Row, uri: str) -> Row | None:
    return await fetch_one(_KNOWN, addresses.uri_hash(uri), author["id"])


def _always(_new: Mapping[str, Any] | None, _known: Mapping[str, Any] | None) -> bool:
    return True


def _says_less(new: Mapping[str, Any] | None, known: Mapping[str, Any] | None) -> bool:
    """What fewer see, then whatever stands first: any rule will do that knows no order of arrival.

    Something holds against nothing, for a Note that was no bookmark when it was made left no trace.
    """
    if new is None or known is None:
        return known is None
    return [new[name] for name in SAID] < [known[name] for name in SAID]
