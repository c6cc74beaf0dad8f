"""From the Notes of others to bookmarks: what is kept of a Note whose author was proven.

All of it runs inside `write()` and does nothing new when it is done twice; every function returns a short word for
what it did. Of two states of one Note the later `updated` wins, and its end wins over both, in whatever order they
come. Where two states bear one moment, nobody but the Note's own server can say which holds: `is_doubtful` tells, and
where that server shows nothing, the state for the fewest people holds. A Note without any moment is as it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from fedimark import addresses
from fedimark.bookmarks import rows
from fedimark.bookmarks.recognise import BOOKMARK_SERVERS, Recognised, recognise
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.here import now
from fedimark.policy.visibility import Visibility, is_listed
from fedimark.text import urls
from fedimark.timelines.merge import hold
from fedimark.vocab.objects import Note
from fedimark.vocab.terms import PUBLIC

IGNORED = "ignored"

_KNOWN = "SELECT * FROM bookmark WHERE uri_hash = ?"
_FOLLOWED = """
SELECT f.id FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = ? AND f.state = 'accepted' AND a.local_name IS NOT NULL LIMIT 1
"""
# Somebody shared it, and no edit made a bookmark of it yet.
_WAITED_FOR = "SELECT id FROM share WHERE object_hash = ? AND bookmark_id IS NULL LIMIT 1"
_SHUT_OUT = "SELECT id FROM actor WHERE id = ? AND suspended_at IS NOT NULL"
_BURIED = "SELECT id FROM tombstone WHERE uri_hash = ?"
_SOFTWARE = "SELECT software FROM peer WHERE host = ?"
_WITHHELD = "SELECT updated_at FROM withheld WHERE uri_hash = ?"
_WITHHOLD = """
INSERT INTO withheld (uri_hash, updated_at, kept_at) VALUES (?, ?, ?)
ON CONFLICT (uri_hash) DO UPDATE SET updated_at = excluded.updated_at, kept_at = excluded.kept_at
WHERE withheld.updated_at < excluded.updated_at
"""
_SHOWN_TO_ALL = f"""
SELECT * FROM bookmark WHERE actor_id = ? AND NOT is_local AND is_save AND removed_at IS NULL
AND visibility = {Visibility.PUBLIC} AND (CASE WHEN listed THEN 1 ELSE 0 END) <> ? ORDER BY id LIMIT ?
"""
_REMARKS_RETURN = """
UPDATE remark SET bookmark_id = (SELECT b.id FROM bookmark b WHERE b.uri_hash = ?)
WHERE object_hash = ? AND bookmark_id IS NULL
"""
# What two states of one Note with one moment must agree in.
_SAID = ("visibility", "listed", "is_save", "url", "page_url", "title", "description", "tags", "via")

# Whether new values hold against known ones of the same moment; None for what is no bookmark here.
_Holds: TypeAlias = Callable[[Mapping[str, Any] | None, Mapping[str, Any] | None], bool]


async def store_note(author: Row, note: Note, received_at: int) -> str:
    """Keep a Note of somebody followed here that is a bookmark or mentions a page, or the newer words of one that is
    known, or was shared.

    `author` is the row of the proven author, `received_at` and the note's moments microseconds since 1970 UTC.
    Everything else is ignored: Notes without a link, quotes and replies (see `remarks`), direct ones, addresses that
    nobody could save here or that look like a secret.
    """
    if not await _is_wanted(author, note.id):
        return IGNORED
    return await _store(author, note, received_at, _says_less)


async def store_from_origin(author: Row, note: Note, received_at: int) -> str:
    """Keep a Note as its own server shows it now, followed or not: it wins over what bears the same moment."""
    return await _store(author, note, received_at, _always)


async def store_brought(author: Row, note: Note, received_at: int) -> str:
    """Keep a Note that its author proved to be theirs and somebody else brought, followed or not."""
    return await _store(author, note, received_at, _says_less)


async def is_doubtful(author: Row, note: Note, received_at: int) -> bool:
    """Whether another state of this Note is known that bears the same moment, so its server must be asked."""
    stamp = stamp_of(note)
    before = await _known(author, note.id)
    withheld = await fetch_one(_WITHHELD, grave_of(author, note.id))
    if before is not None and before["updated_at"] == stamp:
        values = await _read(author, note, received_at)
        return values is None or any(values[name] != before[name] for name in _SAID)
    if before is None and withheld is not None and withheld["updated_at"] == stamp:
        return await _read(author, note, received_at) is not None
    return False


async def is_followed(author: Row) -> bool:
    """Whether somebody here follows somebody elsewhere."""
    return await fetch_one(_FOLLOWED, author["id"]) is not None


async def is_shut_out(author: Row) -> bool:
    """Whether an admin suspended somebody."""
    return await fetch_one(_SHUT_OUT, author["id"]) is not None


async def _is_wanted(author: Row, uri: str) -> bool:
    # In this order: most of what comes is by somebody followed, and new.
    if await is_followed(author) or await _known(author, uri) is not None:
        return True
    return await fetch_one(_WAITED_FOR, addresses.uri_hash(uri)) is not None


async def is_buried(author: Row, uri: str) -> bool:
    """Whether its author deleted a Note."""
    return await fetch_one(_BURIED, grave_of(author, uri)) is not None


async def forget_note(author: Row, uri: str) -> str:
    """Drop a Note that its author deleted, and let no Create of theirs bring it back."""
    # The grave is the author's own: a neighbour on their server cannot dig it for a Note not yet seen.
    await rows.bury(uri, grave_of(author, uri))
    await hold("actor", author["id"])
    row = await _known(author, uri)
    if row is None:
        return IGNORED
    await _drop(row)
    return "deleted"


async def forget_notes_of(author: Row, limit: int) -> int:
    """Drop some of the bookmarks of somebody who is gone; returns how many, so that less than `limit` is the end."""
    found = await fetch("SELECT * FROM bookmark WHERE actor_id = ? AND NOT is_local LIMIT ?", author["id"], limit)
    for row in found:
        await _drop(row)
    return len(found)


async def drop_if_unwanted(row: Row) -> None:
    """Drop a bookmark from elsewhere that was here only because somebody shared it, once nobody does any more."""
    kept = row["is_local"] or await fetch_one("SELECT id FROM share WHERE bookmark_id = ? LIMIT 1", row["id"])
    if not kept and not await is_followed({"id": row["actor_id"]}):
        await rows.drop(row)
        await execute("DELETE FROM remark WHERE object_hash = ?", row["uri_hash"])


async def follow_consent(author: Row, limit: int) -> int:
    """Bring some bookmarks of somebody onto public pages or off them, as they allow now; returns how many changed."""
    await hold("actor", author["id"])
    consenting = await consents(author)
    found = await fetch(_SHOWN_TO_ALL, author["id"], int(consenting), limit)
    for row in found:
        await rows.change(row, {"listed": consenting})
    return len(found)


async def consents(author: Row) -> bool:
    """Whether somebody's bookmarks may stand on public pages."""
    return bool(author["indexable"]) or await _software(author) in BOOKMARK_SERVERS


async def _store(author: Row, note: Note, received_at: int, holds: _Holds) -> str:
    await hold("actor", author["id"])
    # Asked once more: an admin may have suspended them while their server was being read.
    if await is_shut_out(author):
        return IGNORED
    before = await fetch_one(_KNOWN, addresses.uri_hash(note.id))
    if before is not None and before["actor_id"] != author["id"]:
        return IGNORED
    if await is_buried(author, note.id):
        return IGNORED
    withheld = await fetch_one(_WITHHELD, grave_of(author, note.id))
    stamp = stamp_of(note)
    known_since = max((known["updated_at"] for known in (before, withheld) if known is not None), default=-1)
    if known_since > stamp:
        return "known"
    values = await _read(author, note, received_at)
    if known_since == stamp and not holds(values, before):
        return "known"
    if values is None:
        return await _no_longer(author, note, before, stamp)
    if before is not None and not note.published:
        values["saved_at"] = before["saved_at"]  # they never said when: what counts is when it came first
    if withheld is None:
        return await _written(before, values)
    await execute("DELETE FROM withheld WHERE uri_hash = ?", grave_of(author, note.id))
    outcome = await _written(before, values)
    # They hid it and show it again: what others said about it was said still.
    await execute(_REMARKS_RETURN, values["uri_hash"], values["uri_hash"])
    return outcome


async def _written(before: Row | None, values: dict[str, Any]) -> str:
    if before is None:
        await rows.put({**values, "link_id": await rows.link_id_of(values["url"])})
        return "saved"
    if before["url"] != values["url"]:
        values["link_id"] = await rows.link_id_of(values["url"])
    await rows.change(before, values)
    return "changed"


async def _no_longer(author: Row, note: Note, before: Row | None, stamp: int) -> str:
    """A Note that is no bookmark for us: never was, or was until this edit, which older words must not outlive."""
    if before is not None or note.updated is not None:
        await execute(_WITHHOLD, grave_of(author, note.id), stamp, now())
    if before is None:
        return IGNORED
    await rows.drop(before)
    return "dropped"


async def _drop(row: Row) -> None:
    await rows.drop(row)
    await execute("DELETE FROM share WHERE object_hash = ?", row["uri_hash"])
    await execute("DELETE FROM remark WHERE object_hash = ?", row["uri_hash"])


async def _read(author: Row, note: Note, received_at: int) -> dict[str, Any] | None:
    """The row that a Note means, without its link; None when it is nothing that could be kept here."""
    visibility = reach_of(author, note)
    software = await _software(author)
    found = recognise(note, software) if visibility is not None else None
    if visibility is None or found is None:
        return None
    # Only servers made for bookmarks send raw tags.
    consenting = bool(author["indexable"]) or note.says_raw_tags or software in BOOKMARK_SERVERS
    return {
        "actor_id": author["id"],
        "uri": note.id,
        "uri_hash": addresses.uri_hash(note.id),
        "page_url": note.url if note.url and note.url != found.url else note.id,
        "is_local": False,
        "visibility": int(visibility),
        "listed": found.is_save and is_listed(visibility, author_consents=consenting),
        "saved_at": min(note.published or received_at, received_at),
        "updated_at": stamp_of(note),
        "via": note.via or "",
        "via_hash": addresses.uri_hash(note.via) if note.via else None,
        **_words(found),
    }


def _words(found: Recognised) -> dict[str, Any]:
    return {
        "url": found.url,
        "url_md5": urls.md5(found.url),
        "title": found.title,
        "description": found.description,
        "tags": " ".join(found.tags),
        "is_save": found.is_save,
    }


async def _known(author: Row, uri: str) -> Row | None:
    return await fetch_one(f"{_KNOWN} AND actor_id = ?", addresses.uri_hash(uri), author["id"])


async def _software(author: Row) -> str:
    """What the author's server runs, empty when unknown."""
    row = await fetch_one(_SOFTWARE, urlsplit(author["uri"]).netloc.lower())
    return str(row["software"]).lower() if row else ""


def stamp_of(note: Note) -> int:
    """Since when a Note is so; 0 where it does not say, so that every edit of it, which does, is later."""
    return note.updated or note.published or 0


def _always(_new: Mapping[str, Any] | None, _known: Mapping[str, Any] | None) -> bool:
    return True


def _says_less(new: Mapping[str, Any] | None, known: Mapping[str, Any] | None) -> bool:
    """What fewer see, then whatever stands first: any rule will do that knows no order of arrival.

    Something holds against nothing, for a Note that was no bookmark when it was made left no trace.
    """
    if new is None or known is None:
        return known is None
    return [new[name] for name in _SAID] < [known[name] for name in _SAID]


def reach_of(author: Row, note: Note) -> Visibility | None:
    """How far the author let it reach; None for what is meant for single people."""
    if PUBLIC in note.to:
        return Visibility.PUBLIC
    if PUBLIC in note.cc:
        return Visibility.UNLISTED
    followers = author["followers_uri"]
    return Visibility.FOLLOWERS if followers and followers in (*note.to, *note.cc) else None


def grave_of(author: Row, uri: str) -> str:
    """By what the end of a Note of theirs is remembered: nobody else can dig that grave."""
    return addresses.uri_hash(f"{author['uri']} {uri}")
