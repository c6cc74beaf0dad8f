"""Links for people here: taken of people they follow, and of others only if they said so; kept or dismissed.

All that takes them in runs inside `write()` and does nothing new when it is done twice. What is not taken leaves no
trace.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedimark import addresses
from fedimark.bookmarks.arrivals import reach_of, software_of, stamp_of
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.incoming import IGNORED, is_buried
from fedimark.bookmarks.queries import same_page
from fedimark.bookmarks.recognise import recognise
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.errors import NotFound
from fedimark.here import MICROS, here, now
from fedimark.notifications.tell import Kind, tell, untell
from fedimark.outbox import direct
from fedimark.policy.blocks import not_hidden
from fedimark.policy.mutes import mutes_of
from fedimark.policy.visibility import Visibility
from fedimark.timelines.merge import hold
from fedimark.timelines.stream import Cursor
from fedimark.vocab.objects import Note

MOST_OF_ONE_A_DAY = 20
MOST_WAITING = 500
MOST_OF_STRANGERS = 200  # waiting: whoever takes links of everybody has room left for their friends
MOST_PEOPLE = 20  # of one Note
SHOWN = 50

_DAY = 86_400 * MICROS
_KEPT_AWAY = """
SELECT id FROM block WHERE (blocker_id = ? AND blocked_id = ?) OR (blocker_id = ? AND blocked_id = ? AND NOT is_mute)
LIMIT 1
"""
_WELCOME = """
SELECT w.id FROM (
    SELECT c.id, c.actor_id, c.takes_links, EXISTS (SELECT 1 FROM follow f
    WHERE f.follower_id = c.actor_id AND f.target_id = ? AND f.state = 'accepted') AS is_friend
    FROM account c WHERE c.actor_id = ?) w
WHERE (w.is_friend OR w.takes_links)
AND (SELECT count(*) FROM link_for_you l WHERE l.giver_id = ? AND l.owner_id = w.actor_id AND l.received_at > ?) < ?
AND (SELECT count(*) FROM link_for_you l WHERE l.owner_id = w.actor_id AND l.ended_at IS NULL)
    < CASE WHEN w.is_friend THEN CAST(? AS INT) ELSE CAST(? AS INT) END
"""
_PUT = """
INSERT INTO link_for_you (public_id, owner_id, giver_id, uri, uri_hash, page_url, url, title, description, said_at,
    updated_at, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_KNOWN = "SELECT * FROM link_for_you WHERE uri_hash = ? AND owner_id = ?"
_CHANGE = "UPDATE link_for_you SET url = ?, title = ?, description = ?, page_url = ?, updated_at = ? WHERE id = ?"
_ONE = "SELECT * FROM link_for_you WHERE owner_id = ? AND public_id = ? AND ended_at IS NULL"
_GIVER = "SELECT local_name IS NOT NULL AS is_local, host AS at_host FROM actor WHERE id = ?"
_PERSON = "SELECT id FROM actor WHERE local_name = ? AND kind = 'Person' AND gone_at IS NULL AND suspended_at IS NULL"
_PAGE = f"""
SELECT l.*, a.local_name, a.local_name IS NOT NULL AS is_local, '' AS tags,
a.username, a.host AS at_host, a.name AS person_name, a.url AS person_url
FROM link_for_you l JOIN actor a ON a.id = l.giver_id
WHERE l.owner_id = ? AND l.ended_at IS NULL AND a.gone_at IS NULL AND a.suspended_at IS NULL
AND {not_hidden("a.id")} {{place}} ORDER BY l.said_at DESC, l.public_id DESC LIMIT ?
"""


async def take_note(author: Row, note: Note, received_at: int) -> str:
    """Keep the link of a Note that is for single people, for those of them who are here and want it.

    `author` is the row of the proven author. They are both addressed and mentioned; answers give nothing. Returns a
    short word for what it did.
    """
    if note.type != "Note" or note.in_reply_to is not None or reach_of(author, note) is not None:
        return IGNORED
    owners = await _owners(note)
    found = recognise(note, (await software_of([author["uri"]]))[author["uri"]]) if owners else None
    if found is None or await is_buried(author, note.id):
        return IGNORED
    await hold("actor", author["id"])
    said = {
        "uri": note.id,
        "page_url": note.url or note.id,
        "url": found.url,
        "title": found.title,
        "description": found.description,
        "said_at": min(note.published or received_at, received_at),
        "updated_at": stamp_of(note),
    }
    outcomes = [await _put(owner_id, author["id"], said) for owner_id in owners]
    return next((outcome for outcome in outcomes if outcome != IGNORED), IGNORED)


async def put_given(giver: Row, given: Row, bookmark: Row, owner_id: int) -> None:
    """The same between people of this server: `given` is the row of what the giver's tag says."""
    uri = direct.note_id(giver["local_name"], given["public_id"])
    said = {
        "uri": uri,
        "page_url": "",
        "url": bookmark["url"],
        "title": bookmark["title"],
        "description": bookmark["description"][: direct.LONGEST],
        "said_at": given["created_at"],
        "updated_at": given["created_at"],
    }
    await _put(owner_id, giver["id"], said)


async def forget(giver_id: int, uri: str) -> str:
    """Drop what its giver took back; returns a short word for what it did."""
    await untell(Kind.LINK, giver_id, uri)
    sql = "DELETE FROM link_for_you WHERE uri_hash = ? AND giver_id = ?"
    return "deleted" if await execute(sql, addresses.uri_hash(uri), giver_id) else IGNORED


async def forget_all_of(giver: Row) -> None:
    """Drop all that somebody gave who is gone."""
    await execute("DELETE FROM link_for_you WHERE giver_id = ?", giver["id"])


async def is_kept_away(giver_id: int, taker_id: int) -> bool:
    """Whether one wants nothing of the other: the taker blocks or mutes the giver, or is blocked by them."""
    return await fetch_one(_KEPT_AWAY, taker_id, giver_id, giver_id, taker_id) is not None


async def waiting(owner: Owner, before: Cursor | None) -> list[Row]:
    """Links for somebody, newest first, with who gave them; one more than are shown, if there are more.

    `is_muted` are those that their reader wants to see nothing of since they came.
    """
    place, placed = ("AND (l.said_at, l.public_id) < (?, ?)", (before.at, before.tie)) if before else ("", ())
    rows = await fetch(_PAGE.format(place=place), owner.actor_id, owner.actor_id, *placed, SHOWN + 1)
    mutes = await mutes_of(owner.actor_id)
    return [{**row, "is_muted": mutes.hide(row)} for row in rows]


async def dismiss(owner: Owner, public_id: str) -> None:
    """Want it no more; nobody hears of it. Raises NotFound."""
    sql = "UPDATE link_for_you SET ended_at = ? WHERE owner_id = ? AND public_id = ? AND ended_at IS NULL"
    if not await execute(sql, now(), owner.actor_id, public_id):
        raise NotFound


async def to_keep(owner: Owner, public_id: str) -> Draft | None:
    """The bookmark that keeping it makes, private and to read, for it was said to one person alone; None where its page
    is among the owner's already. Raises NotFound.
    """
    row = await fetch_one(_ONE, owner.actor_id, public_id)
    if row is None:
        raise NotFound
    if await same_page(owner, row["url"]):
        return None
    return Draft(row["url"], title=row["title"], visibility=Visibility.PRIVATE, to_read=True)


async def _put(owner_id: int, giver_id: int, said: Mapping[str, object]) -> str:
    uri_hash = addresses.uri_hash(str(said["uri"]))
    known = await fetch_one(_KNOWN, uri_hash, owner_id)
    if known is not None:
        if known["giver_id"] != giver_id or known["updated_at"] >= said["updated_at"]:
            return "known"
        words = (said["url"], said["title"], said["description"], said["page_url"], said["updated_at"])
        await execute(_CHANGE, *words, known["id"])
        return "changed"
    at = now()
    limits = (at - _DAY, MOST_OF_ONE_A_DAY, MOST_WAITING, MOST_OF_STRANGERS)
    if await is_kept_away(giver_id, owner_id) or not await fetch(_WELCOME, giver_id, owner_id, giver_id, *limits):
        return IGNORED
    if (await mutes_of(owner_id)).hide({**said, **(await fetch_one(_GIVER, giver_id) or {}), "tags": ""}):
        return IGNORED
    names = ("page_url", "url", "title", "description", "said_at", "updated_at")
    values = (said[name] for name in names)
    await execute(_PUT, here().new_id(), owner_id, giver_id, said["uri"], uri_hash, *values, at)
    await tell(owner_id, Kind.LINK, giver_id, uri_hash, at=at)
    return "given"


async def _owners(note: Note) -> list[int]:
    """People here whom a Note is for."""
    named = dict.fromkeys(uri for uri in (*note.to, *note.cc) if uri in note.mentions)
    names = [name for uri in named if (name := addresses.local_username(uri))][:MOST_PEOPLE]
    found = [await fetch_one(_PERSON, name) for name in names]
    return [row["id"] for row in found if row is not None]
