"""Who may quote what was written here: asked, answered, and taken back. (FEP-044f)

What is public or unlisted may be quoted by everybody, but for people on the other side of a block; what is for
followers by nobody. One answer is kept for each quote, so that asking twice is answered alike. All of it runs inside
`write()`.
"""

from __future__ import annotations

from typing import NamedTuple

from fedimark import addresses
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.here import MICROS, here, now
from fedimark.logs import QUOTE_REFUSED, log
from fedimark.outbox import quotes
from fedimark.policy.blocks import between
from fedimark.policy.interactions import Act, Who, who_may
from fedimark.policy.visibility import Visibility, leaves, may_be_passed_on

IGNORED = "ignored"

MOST_AN_HOUR = 60  # answered to one person
MOST_OF_ONE = 500  # kept of what is quoted
MOST_OF_ONE_SITE = 100  # of these: one server with many accounts leaves room for others
_MOST = (MOST_AN_HOUR, MOST_OF_ONE_SITE, MOST_OF_ONE)
ANSWER_AGAIN = 600 * MICROS  # who asks again sooner was told

_HOUR = 3_600 * MICROS
_BOOKMARK = """
SELECT b.visibility, b.allows, b.actor_id FROM bookmark b JOIN actor a ON a.id = b.actor_id
WHERE a.local_name = ? AND b.public_id = ? AND b.removed_at IS NULL AND a.gone_at IS NULL AND a.suspended_at IS NULL
"""
_REMARK = """
SELECT r.visibility, r.actor_id FROM remark r JOIN actor a ON a.id = r.actor_id
WHERE a.local_name = ? AND r.public_id = ? AND a.gone_at IS NULL AND a.suspended_at IS NULL
"""
_ACTOR = "SELECT * FROM actor WHERE id = ?"
_KNOWN = "SELECT * FROM stamp WHERE object_hash = ? AND instrument_hash = ?"
_GIVE = """
INSERT INTO stamp (public_id, owner_id, actor_id, object_uri, object_hash, instrument, instrument_hash, given_at,
    answered_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (object_hash, instrument_hash) DO UPDATE SET answered_at = excluded.answered_at RETURNING *
"""
_LATELY = "SELECT count(*) AS amount FROM stamp WHERE actor_id = ? AND given_at > ?"
_OF_ONE = """
SELECT count(*) AS amount, COALESCE(sum(CASE WHEN a.site = ? THEN 1 ELSE 0 END), 0) AS of_site
FROM stamp s JOIN actor a ON a.id = s.actor_id WHERE s.object_hash = ?
"""
_REVOKE = "UPDATE stamp SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING *"
_REVOKE_ALL = "UPDATE stamp SET revoked_at = ? WHERE (object_hash = ? OR instrument_hash = ?) AND revoked_at IS NULL"


class _Ours(NamedTuple):
    """What was written here: whose it is, how far it reaches, and whether it may be quoted."""

    owner_id: int
    visibility: Visibility
    is_open: bool


async def asked(quoter: Row, object_uri: str, instrument: str, request_uri: str | None) -> str:
    """Somebody elsewhere asks to quote what was written here in `instrument`, a Note of theirs: they are answered.

    What nobody elsewhere knows of, and who asks without end, gets no answer.
    """
    thing = await _ours(object_uri)
    if thing is None or not leaves(thing.visibility):
        return IGNORED
    owner = await fetch_one(_ACTOR, thing.owner_id)
    assert owner is not None
    known = await fetch_one(_KNOWN, addresses.uri_hash(object_uri), addresses.uri_hash(instrument))
    if known is not None and known["actor_id"] != quoter["id"]:
        return IGNORED
    if known is not None and known["answered_at"] > now() - ANSWER_AGAIN:
        return "known"
    if known is None and not await _has_room(quoter, object_uri):
        return "refused"
    may = thing.is_open and not await between(quoter["id"], owner["id"])
    stamp = await _put(owner, quoter, object_uri, instrument, revoked_at=None if may else now())
    await quotes.say_answer(owner, stamp, quoter, request_uri)
    return "granted" if stamp["revoked_at"] is None else "rejected"


async def give(owner: Row, quoter: Row, object_uri: str, instrument: str) -> Row:
    """Let somebody here quote somebody here; returns the stamp's row."""
    return await _put(owner, quoter, object_uri, instrument, revoked_at=None)


async def revoke(stamp: Row) -> Row | None:
    """Take a stamp back, and tell whoever got it; returns its row, None where that was done before."""
    found = await fetch(_REVOKE, now(), stamp["id"])
    if not found:
        return None
    owner, quoter = await fetch_one(_ACTOR, stamp["owner_id"]), await fetch_one(_ACTOR, stamp["actor_id"])
    assert owner is not None
    if quoter is not None and quoter["local_name"] is None:
        await quotes.say_revoked(owner, found[0], quoter)
    return found[0]


async def revoke_all(uri_hash: str) -> None:
    """Let no stamp of something hold that is gone, whether it was quoted or quoted itself; its Delete says enough."""
    await execute(_REVOKE_ALL, now(), uri_hash, uri_hash)


async def stamp_for(instrument_hash: str, owner_id: int) -> Row | None:
    """The stamp that lets something quote somebody here, while it holds."""
    sql = "SELECT * FROM stamp WHERE instrument_hash = ? AND owner_id = ? AND revoked_at IS NULL"
    return await fetch_one(sql, instrument_hash, owner_id)


async def still_stands(stamp: Row) -> bool:
    """Whether what a stamp lets others quote is still there for them to read, and no block lies between the two."""
    thing = await _ours(stamp["object_uri"])
    return thing is not None and thing.is_open and not await between(stamp["owner_id"], stamp["actor_id"])


async def _ours(uri: str) -> _Ours | None:
    bookmark, remark = addresses.local_bookmark(uri), addresses.local_remark(uri)
    row = await fetch_one(_BOOKMARK, *bookmark) if bookmark else None
    if row is None and remark is not None:
        row = await fetch_one(_REMARK, *remark)
    if row is None:
        return None
    visibility = Visibility(row["visibility"])
    is_let = who_may(row.get("allows", 0), Act.QUOTE) in (Who.UNSAID, Who.EVERYBODY)
    return _Ours(row["actor_id"], visibility, is_let and may_be_passed_on(visibility))


async def _has_room(quoter: Row, object_uri: str) -> bool:
    lately = await fetch_one(_LATELY, quoter["id"], now() - _HOUR)
    of_one = await fetch_one(_OF_ONE, quoter["site"], addresses.uri_hash(object_uri))
    assert lately is not None
    assert of_one is not None
    amounts = (int(lately["amount"]), int(of_one["of_site"]), int(of_one["amount"]))
    has_room = all(each < most for each, most in zip(amounts, _MOST, strict=True))
    if not has_room:
        log.warning(QUOTE_REFUSED, reason="too many", actor_id=quoter["id"])
    return has_room


async def _put(owner: Row, quoter: Row, object_uri: str, instrument: str, *, revoked_at: int | None) -> Row:
    hashes = addresses.uri_hash(object_uri), addresses.uri_hash(instrument)
    names = (here().new_id(), owner["id"], quoter["id"], object_uri, hashes[0], instrument, hashes[1])
    return (await fetch(_GIVE, *names, now(), now(), revoked_at))[0]
