"""When each host is due. The table `delivery` holds letters; a host's row in `peer` says when it is to be looked at.

New letters are spread over their hosts after they are committed, in a transaction of its own: so who writes letters
waits for nobody's host, and whoever computes a host's next moment, its row held, has seen every letter that was spread.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from fedimark.database import among, atomically, execute, fetch, fetch_one, insert_many, is_sqlite, perform, several
from fedimark.delivery import pacing
from fedimark.delivery.breaker import Lane, answered_since
from fedimark.delivery.retry import SECOND, WEEK
from fedimark.here import here, now
from fedimark.logs import DELIVERY_DEAD, log

EXPIRED = "expired"

_ACTIVITIES = 200  # spread in one transaction
_AT_ONCE = 500
_SWEEP_EVERY = 30 * SECOND
_SWEPT = "delivery.swept_at"
_WAITS = "d.dead_at IS NULL AND d.paced_until IS NULL"

_IS_ANY = """
SELECT EXISTS (SELECT 1 FROM activity WHERE is_new)
    OR EXISTS (SELECT 1 FROM delivery d WHERE d.paced_until IS NOT NULL AND d.dead_at IS NULL AND d.paced_until <= ?)
    OR EXISTS (SELECT 1 FROM peer WHERE next_at IS NOT NULL AND paused_at IS NULL AND next_at <= ?) AS found
"""
_NEW = "SELECT id FROM activity WHERE is_new ORDER BY id LIMIT ?"
# A host that is in hand is looked at anew when it is given back. Not to be asked at once what software a new one runs:
# those whose people we know are known already. (remote.peers)
_SOONER = """
ON CONFLICT (host) DO UPDATE
SET next_at = CASE WHEN peer.open_until > excluded.next_at THEN peer.open_until ELSE excluded.next_at END
WHERE peer.lease_until <= excluded.seen_at AND (peer.next_at IS NULL OR peer.next_at > excluded.next_at)
"""
_SPREAD = f"""
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at, next_at)
SELECT d.host, '', 0, '', CAST(? AS BIGINT), CAST(? AS BIGINT), MIN(d.next_at) FROM delivery d
WHERE d.activity_id {{some}} AND {_WAITS} GROUP BY d.host ORDER BY d.host
{_SOONER}
"""
_OLD = "UPDATE activity SET is_new = FALSE WHERE id {some}"
_TEXTS, _NUMBERS = ("host", "scheme", "software"), ("scheme_until", "software_at", "seen_at", "next_at")
_PEER = MappingProxyType(dict.fromkeys(_TEXTS, "varchar") | dict.fromkeys(_NUMBERS, "bigint"))
_DUE = """
SELECT host FROM peer WHERE next_at IS NOT NULL AND paused_at IS NULL AND next_at <= ? AND {lane}
ORDER BY next_at LIMIT ?
"""
_IS_FAST = "fails = 0 AND answered_at > ?"
# Letters of which their host knows nothing, whatever made them: found by leaping from host to host.
_STRAY = f"""
WITH RECURSIVE h(host) AS (
    SELECT MIN(d.host) FROM delivery d WHERE {_WAITS}
    UNION ALL
    SELECT (SELECT MIN(d.host) FROM delivery d WHERE d.host > h.host AND {_WAITS}) FROM h WHERE h.host IS NOT NULL)
SELECT h.host FROM h LEFT JOIN peer p ON p.host = h.host WHERE h.host IS NOT NULL AND p.next_at IS NULL LIMIT ?
"""
_EXPIRE = """
UPDATE delivery SET dead_at = ?, last_error = ? WHERE id IN (
    SELECT d.id FROM delivery d JOIN peer p ON p.host = d.host
    WHERE d.dead_at IS NULL AND d.created_at <= ? AND d.paced_until IS NULL AND d.lease_until <= ?
    AND (p.open_until > 0 OR p.paused_at IS NOT NULL) ORDER BY d.created_at LIMIT ?)
"""


async def is_any() -> bool:
    """Whether anything may be due, or new: one statement, for whoever looks often."""
    at = now()
    if at >= here().caches.get(_SWEPT, 0) + _SWEEP_EVERY:
        return True
    row = await fetch_one(_IS_ANY, at, at)
    return bool(row and row["found"])


async def look() -> None:
    """Spread new letters over their hosts, let in what was paced, and now and then find what went astray."""
    await atomically(_spread)
    await atomically(lambda: _admit(now()))
    at = now()
    if at >= here().caches.get(_SWEPT, 0) + _SWEEP_EVERY:
        here().caches[_SWEPT] = at
        await _sweep(at)


async def due(lane: Lane, limit: int) -> list[str]:
    """The first hosts of a lane to which something may be sent now."""
    at = now()
    where = _IS_FAST if lane is Lane.FAST else f"NOT ({_IS_FAST})"
    lock = "" if is_sqlite() else " FOR UPDATE SKIP LOCKED"
    return [row["host"] for row in await fetch(_DUE.format(lane=where) + lock, at, answered_since(at), limit)]


async def rouse(hosts: Iterable[str], at: int) -> None:
    """Let hosts be looked at no later than a moment, unless they rest or are in hand; inside `write()`."""
    moment = now()
    new = {"scheme": "", "scheme_until": 0, "software": "", "software_at": moment, "seen_at": moment, "next_at": at}
    rows = [{"host": host, **new} for host in sorted(set(hosts))]
    await perform(insert_many("peer", _PEER, rows, _SOONER))


async def _spread() -> None:
    lock = "" if is_sqlite() else " FOR UPDATE SKIP LOCKED"
    rows = await fetch(_NEW + lock, _ACTIVITIES)
    if rows:
        at, some = now(), several(row["id"] for row in rows)
        await execute(_SPREAD.format(some=among()), at, at, some)
        await execute(_OLD.format(some=among()), some)


async def _admit(at: int) -> None:
    await rouse(await pacing.admit(at), at)


async def _sweep(at: int) -> None:
    """What waits for a host in trouble, or paused, is given up after a week; what is on no schedule is put there."""
    gone = await execute(_EXPIRE, at, EXPIRED, at - WEEK, at, _AT_ONCE)
    if gone:
        log.warning(DELIVERY_DEAD, reason=EXPIRED, amount=gone)
    strays = [row["host"] for row in await fetch(_STRAY, _AT_ONCE)]
    if strays:
        await atomically(lambda: rouse(strays, at))
