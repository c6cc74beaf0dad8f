"""How hosts fare, in rows: noted after each try, and when one is heard from."""

from __future__ import annotations

from collections.abc import Callable

from fedimark.database import Row, atomically, execute, fetch, fetch_one, is_sqlite, marks
from fedimark.delivery import breaker
from fedimark.delivery.breaker import Gate, Health
from fedimark.here import MICROS, here, now
from fedimark.logs import DELIVERY_FAILED, log
from fedimark.remote.peers import host_of

LONGEST_HOST = 255

_HEARD_FOR = 60 * MICROS
_MOST_HEARD = 10_000

# Its handlers do their work and never end the answer: whoever waited for one would block its inbox for a week.
_SILENT = frozenset({"postmarks"})
_SOFTWARE = "SELECT software FROM peer WHERE host = ?"
_HEALTH = "SELECT fails, open_until, failing_days, failed_at, answered_at FROM peer WHERE host = ?"
# Not to be asked at once what software it runs: those whose people we know are known already. (remote.peers)
_MEET = """
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) VALUES (?, '', 0, '', ?, ?)
ON CONFLICT (host) DO NOTHING
"""
_NOTE = "UPDATE peer SET fails = ?, open_until = ?, failing_days = ?, failed_at = ?, answered_at = ? WHERE host = ?"
_IN_TROUBLE = "SELECT host FROM peer WHERE open_until > 0 AND host IN ({marks})"

# The oldest row of each of a host's inboxes may go now, but for a wish of theirs. Found by leaping from inbox to inbox,
# however much waits in each; not only those that wait, for another may just be putting them off.
_WAKE = """
UPDATE delivery SET next_at = CASE WHEN not_before > ? THEN not_before ELSE ? END WHERE lease_until <= ? AND id IN (
    WITH RECURSIVE box(inbox_hash) AS (
        SELECT MIN(inbox_hash) FROM delivery WHERE host = ? AND dead_at IS NULL AND paced_until IS NULL
        UNION ALL
        SELECT (SELECT MIN(d.inbox_hash) FROM delivery d
                WHERE d.host = ? AND d.inbox_hash > box.inbox_hash AND d.dead_at IS NULL AND d.paced_until IS NULL)
        FROM box WHERE box.inbox_hash IS NOT NULL)
    SELECT (SELECT MIN(d.id) FROM delivery d
            WHERE d.host = ? AND d.inbox_hash = box.inbox_hash AND d.dead_at IS NULL AND d.paced_until IS NULL)
    FROM box WHERE box.inbox_hash IS NOT NULL)
"""


def delivery_host(inbox: str) -> str:
    """The host of an inbox, as rows of `delivery` and `peer` name it."""
    return host_of(inbox)[:LONGEST_HOST]


def health_of(row: Row | None) -> Health:
    """The health in a row of `peer`, or in one joined with it; a host without a row is a new one."""
    if row is None or row["fails"] is None:
        return Health()
    return Health(row["fails"], row["open_until"], row["failing_days"], row["failed_at"], row["answered_at"])


async def health(host: str) -> Health:
    """How a host fares, as deliveries found it."""
    return health_of(await fetch_one(_HEALTH, host))


async def takes_in_silence(host: str) -> bool:
    """Whether no answer means that it was taken there, as its NodeInfo tells."""
    row = await fetch_one(_SOFTWARE, host)
    return row is not None and row["software"] in _SILENT


async def answered(host: str) -> None:
    """Note that a host is at work, inside `write()`; what waited for it may go."""
    await _note(host, breaker.answered)


async def refused(host: str) -> None:
    """Note that a host is at work, though it does not take what it got."""
    await atomically(lambda: _note(host, breaker.answered))


async def failed(host: str) -> None:
    """Note that a host did not answer, or with 5xx."""
    before, after = await atomically(lambda: _note(host, breaker.failed))
    if after.open_until != before.open_until:
        reason = "host-dormant" if after.is_dormant else "host-open"
        log.warning(DELIVERY_FAILED, host=host, reason=reason, pause_s=(after.open_until - after.failed_at) // MICROS)


async def heard_from(*addresses: str) -> None:
    """Note a signed request from somebody with these addresses (id, inbox, shared inbox; empty ones are passed over).

    A host in trouble is tried at once. Costs one read a minute for each host, and a write only for one in trouble.
    """
    hosts = [host for host in {delivery_host(each) for each in addresses if each} if _is_news(host)]
    if not hosts:
        return
    for row in await fetch(_IN_TROUBLE.format(marks=marks(len(hosts))), *hosts):
        host = row["host"]
        before, after = await atomically(lambda host=host: _note(host, breaker.heard))  # type: ignore[misc]
        if before != after:
            here().wake.set()


async def _note(host: str, change: Callable[[Health, int], Health]) -> tuple[Health, Health]:
    """A host's health before and after; written, under a lock, only when it changes."""
    at = now()
    before = health_of(await fetch_one(_HEALTH, host))
    if change(before, at) == before:
        return before, before
    await execute(_MEET, host, at, at)
    before = health_of(await fetch_one(_HEALTH if is_sqlite() else f"{_HEALTH} FOR UPDATE", host))
    after = change(before, at)
    values = (after.fails, after.open_until, after.failing_days, after.failed_at, after.answered_at)
    await execute(_NOTE, *values, host)
    if before.open_until and breaker.gate(after, at) is not Gate.OPEN:
        await execute(_WAKE, at, at, at, host, host, host)
    return before, after


def _is_news(host: str) -> bool:
    """Whether a host was not heard from within the last minute."""
    heard: dict[str, int] = here().caches.setdefault("delivery.heard", {})
    at = now()
    if heard.get(host, -_HEARD_FOR) > at - _HEARD_FOR:
        return False
    heard.pop(host, None)
    heard[host] = at
    while len(heard) > _MOST_HEARD:
        del heard[next(iter(heard))]
    return True
