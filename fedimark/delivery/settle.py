"""What became of a delivery, in rows: arrived, to be tried again, or never."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from types import MappingProxyType

from fedimark.database import Row, Script, among, ask, atomically, execute, insert_many, perform, several
from fedimark.delivery import peers
from fedimark.delivery.claim import put_off
from fedimark.delivery.retry import next_attempt
from fedimark.here import MICROS, here, now
from fedimark.logs import DELIVERY_DEAD, DELIVERY_FAILED, log
from fedimark.metrics import DELIVERIES, DELIVERY_S

HELD = "suspended"  # why a delivery of somebody suspended is set aside, until they are restored

_WRONG_TYPE = "http-406"
_SPEAKS_OF = frozenset({"Create", "Update", "Announce", "Like"})
_ENDS = frozenset({"Delete", "Undo"})  # an Announce or a Like is taken back by an Undo

_GONE = "DELETE FROM delivery WHERE id {some}"
_REACHED = MappingProxyType({"object_hash": "varchar", "inbox_hash": "varchar", "inbox": "text"})
_FORGET = "DELETE FROM reach WHERE (object_hash, inbox_hash) IN (VALUES {pairs})"
_PAIR = "(CAST(? AS VARCHAR(40)), CAST(? AS VARCHAR(40)))"
# One that was held back meanwhile stays so.
_LATER = """
UPDATE delivery SET tries = ?, next_at = ?, not_before = ?, lease_until = 0, last_error = ?
WHERE id = ? AND dead_at IS NULL
"""
_DEAD = "UPDATE delivery SET tries = ?, dead_at = ?, lease_until = 0, last_error = ? WHERE id = ?"
_OF_ONE_PERSON = """
DELETE FROM follow WHERE follower_id IN (SELECT id FROM actor WHERE inbox = ? AND uri IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM actor WHERE shared_inbox = ?)
"""


async def arrived(deliveries: Sequence[Row], answered: Collection[str]) -> None:
    """The other servers have them: the rows go, and who has heard of an object is kept until its end has arrived too.

    One transaction for many; `answered` are the hosts of whom it is news that they are at work.
    """

    async def work() -> None:
        # Hosts before their letters, everywhere: of two that settle at once none waits for the other's.
        if answered:
            await peers.answered(answered)
        await perform(_booked(deliveries))

    await atomically(work)
    metrics, at = here().metrics, now()
    metrics.count(DELIVERIES, "arrived", by=len(deliveries))
    for each in deliveries:
        metrics.spent(DELIVERY_S, max(at - each["created_at"], 0) / MICROS)


def _booked(deliveries: Sequence[Row]) -> Script[None]:
    told = [each for each in deliveries if each["kind"] in _SPEAKS_OF or each["kind"] in _ENDS]
    yield from ask(_GONE.format(some=among()), several(each["id"] for each in deliveries))
    # In the order they came, for one inbox may hear of an object and of its end.
    for is_end, some in groupby(told, key=lambda each: each["kind"] in _ENDS):
        rows = [{name: each[name] for name in _REACHED} for each in some]
        if is_end:
            pairs = ", ".join([_PAIR] * len(rows))
            hashes = (row[name] for row in rows for name in ("object_hash", "inbox_hash"))
            yield from ask(_FORGET.format(pairs=pairs), *hashes)
        else:
            yield from insert_many("reach", _REACHED, rows, "ON CONFLICT DO NOTHING")


async def failed(delivery: Row, reason: str, *, jitter: float, retry_after: int | None = None) -> None:
    """Not this time: again when its schedule says, never when that has run out; what stands behind it waits.

    `reason` is a short fixed word.
    """
    tries = delivery["tries"] + 1
    moment = next_attempt(tries, now(), retry_after, jitter=jitter)
    if moment is None:
        await dead(delivery, reason)
        return
    wish = 0 if retry_after is None else moment

    async def work() -> None:
        await execute(_LATER, tries, moment, wish, reason, delivery["id"])
        await perform(put_off([(delivery["host"], delivery["inbox_hash"], moment)]))

    await atomically(work)
    log.info(DELIVERY_FAILED, inbox=delivery["inbox"], kind=delivery["kind"], reason=reason, tries=tries)
    here().metrics.count(DELIVERIES, "failed")


async def dead(delivery: Row, reason: str) -> None:
    """Never: the row stays with its reason, and what waits behind it goes on."""
    await execute(_DEAD, delivery["tries"] + 1, now(), reason, delivery["id"])
    # GoToSocial says so of a content type it does not take: a mistake of ours, which an admin must hear of.
    tell = log.error if reason == _WRONG_TYPE else log.warning
    tell(DELIVERY_DEAD, inbox=delivery["inbox"], kind=delivery["kind"], reason=reason)
    here().metrics.count(DELIVERIES, "dead")


async def inbox_gone(delivery: Row) -> None:
    """The inbox is no more (410): never, and when it was one person's own, that person follows nobody here now."""

    async def work() -> None:
        await execute(_DEAD, delivery["tries"] + 1, now(), "http-410", delivery["id"])
        await execute(_OF_ONE_PERSON, delivery["inbox"], delivery["inbox"])

    await atomically(work)
    log.warning(DELIVERY_DEAD, inbox=delivery["inbox"], kind=delivery["kind"], reason="http-410")
    here().metrics.count(DELIVERIES, "dead")
