"""How hosts fare, in rows: noted after each try, and when one is heard from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import compress

from fedimark.database import Row, among, atomically, execute, fetch, fetch_one, is_sqlite, several
from fedimark.delivery import breaker
from fedimark.delivery.breaker import Gate, Health
from fedimark.here import MICROS, here, now, put_last
from fedimark.logs import DELIVERY_FAILED, log
from fedimark.remote.gathering import gathered
from fedimark.remote.peers import host_of

LONGEST_HOST = 255

_HEARD_FOR = 60 * MICROS
_MOST_HEARD = 10_000

# Its handlers do their work and never end the answer: whoever waited for one would block its inbox for a week.
SILENT = frozenset({"postmarks"})
_HEALTH = "SELECT fails, open_until, failing_days, failed_at, answered_at FROM peer WHERE host = ?"
# Not to be asked at once what software it runs: those whose people we know are known already. (remote.peers)
_MEET = """
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) VALUES (?, '', 0, '', ?, ?)
ON CONFLICT (host) DO NOTHING
"""
_TROUBLE = "UPDATE peer SET last_error = ? WHERE host = ?"
_NOTE = "UPDATE peer SET fails = ?, open_until = ?, failing_days = ?, failed_at = ?, answered_at = ? WHERE host = ?"
_HEALTHS = """
SELECT host, fails, open_until, failing_days, failed_at, answered_at FROM peer WHERE host {some} ORDER BY host
"""
_NOTE_SEVERAL = """
UPDATE peer SET fails = 0, open_until = 0, failing_days = 0, failed_at = 0, answered_at = ? WHERE host {some}
"""
_IN_TROUBLE = "SELECT host FROM peer WHERE open_until > 0 AND host {some}"
_HEARD = "delivery.heard_together"
_AT_ONCE = 64  # hosts looked up together

# What waits for a host may go now, but for a wish of theirs.
_WAKE = """
UPDATE delivery SET next_at = CASE WHEN not_before > ? THEN not_before ELSE ? END
WHERE host = ? AND next_at > ? AND dead_at IS NULL AND paced_until IS NULL
"""
_DUE_NOW = "UPDATE peer SET next_at = ? WHERE host = ? AND next_at > ? AND lease_until <= ?"


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


async def answered(hosts: Iterable[str]) -> None:
    """Note that hosts are at work, inside `write()`; what waited for them may go; of a host without a row nothing."""
    at = now()
    lock = "" if is_sqlite() else " FOR UPDATE"
    some = several(set(hosts))
    before = {row["host"]: health_of(row) for row in await fetch(_HEALTHS.format(some=among("varchar")) + lock, some)}
    news = [host for host, health in before.items() if breaker.answered(health, at) != health]
    if news:
        await execute(_NOTE_SEVERAL.format(some=among("varchar")), at, several(news))
    for host in news:
        if before[host].open_until:
            await wake(host, at)


async def wake(host: str, at: int) -> None:
    """Let what waits for a host be looked at now, inside `write()`; but its own wish stands."""
    await execute(_WAKE, at, at, host, at)
    await execute(_DUE_NOW, at, host, at, at)


async def refused(host: str) -> Health:
    """Note that a host is at work, though it does not take what it got; returns how it fares now."""
    return (await atomically(lambda: _note(host, breaker.answered)))[1]


async def failed(host: str, reason: str) -> Health:
    """Note that a host did not answer, or with 5xx, and return how it fares now; `reason` is a short fixed word."""

    async def work() -> tuple[Health, Health]:
        change = await _note(host, breaker.failed)
        await execute(_TROUBLE, reason, host)
        return change

    before, after = await atomically(work)
    if after.open_until != before.open_until:
        reason = "host-dormant" if after.is_dormant else "host-open"
        log.warning(DELIVERY_FAILED, host=host, reason=reason, pause_s=(after.open_until - after.failed_at) // MICROS)
    return after


async def heard_from(*addresses: str) -> None:
    """Note a signed request from somebody with these addresses (id, inbox, shared inbox; empty ones are passed over).

    A host in trouble is tried at once. Costs one read a minute for each host, and a write only for one in trouble.
    """
    hosts = [host for host in {delivery_host(each) for each in addresses if each} if _is_news(host)]
    if not hosts:
        return
    answers = await asyncio.gather(*map(gathered(_HEARD, _are_in_trouble, _AT_ONCE).put, hosts))
    for host in compress(hosts, answers):
        before, after = await atomically(lambda host=host: _note(host, breaker.heard))  # type: ignore[misc]
        if before != after:
            here().wake.set()


async def _are_in_trouble(hosts: Sequence[str]) -> list[bool | Exception]:
    rows = await fetch(_IN_TROUBLE.format(some=among("varchar")), several(hosts))
    found = {row["host"] for row in rows}
    return [host in found for host in hosts]


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
        await wake(host, at)
    return before, after


def _is_news(host: str) -> bool:
    """Whether a host was not heard from within the last minute."""
    heard: dict[str, int] = here().caches.setdefault("delivery.heard", {})
    at = now()
    if heard.get(host, -_HEARD_FOR) > at - _HEARD_FOR:
        return False
    put_last(heard, host, at, _MOST_HEARD)
    return True
