"""What became of a delivery, in rows: arrived, to be tried again, or never."""

from __future__ import annotations

from fedimark.database import Row, atomically, execute
from fedimark.delivery import peers
from fedimark.delivery.retry import next_attempt
from fedimark.here import now
from fedimark.logs import DELIVERY_DEAD, DELIVERY_DONE, DELIVERY_FAILED, log

HELD = "suspended"  # why a delivery of somebody suspended is set aside, until they are restored

_WRONG_TYPE = "http-406"
_SPEAKS_OF = frozenset({"Create", "Update", "Announce"})
_ENDS = frozenset({"Delete", "Undo"})  # a tag's Announce is taken back by an Undo

_REACH = "INSERT INTO reach (object_hash, inbox_hash, inbox) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_FORGET = "DELETE FROM reach WHERE object_hash = ? AND inbox_hash = ?"
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


async def arrived(delivery: Row) -> None:
    """The other server has it: the row goes, and who has heard of the object is kept until its end has arrived too."""

    async def work() -> None:
        # The host before its letters, everywhere: of two that settle at once none waits for the other's.
        await peers.answered(delivery["host"])
        await execute("DELETE FROM delivery WHERE id = ?", delivery["id"])
        if delivery["kind"] in _SPEAKS_OF:
            await execute(_REACH, delivery["object_hash"], delivery["inbox_hash"], delivery["inbox"])
        elif delivery["kind"] in _ENDS:
            await execute(_FORGET, delivery["object_hash"], delivery["inbox_hash"])

    await atomically(work)
    log.info(DELIVERY_DONE, inbox=delivery["inbox"], kind=delivery["kind"])


async def failed(delivery: Row, reason: str, *, jitter: float, retry_after: int | None = None) -> None:
    """Not this time: again when its schedule says, and never when that has run out. `reason` is a short fixed word."""
    tries = delivery["tries"] + 1
    moment = next_attempt(tries, now(), retry_after, jitter=jitter)
    if moment is None:
        await dead(delivery, reason)
        return
    await execute(_LATER, tries, moment, 0 if retry_after is None else moment, reason, delivery["id"])
    log.info(DELIVERY_FAILED, inbox=delivery["inbox"], kind=delivery["kind"], reason=reason, tries=tries)


async def dead(delivery: Row, reason: str) -> None:
    """Never: the row stays with its reason, and what waits behind it goes on."""
    await execute(_DEAD, delivery["tries"] + 1, now(), reason, delivery["id"])
    # GoToSocial says so of a content type it does not take: a mistake of ours, which an admin must hear of.
    tell = log.error if reason == _WRONG_TYPE else log.warning
    tell(DELIVERY_DEAD, inbox=delivery["inbox"], kind=delivery["kind"], reason=reason)


async def inbox_gone(delivery: Row) -> None:
    """The inbox is no more (410): never, and when it was one person's own, that person follows nobody here now."""

    async def work() -> None:
        await execute(_DEAD, delivery["tries"] + 1, now(), "http-410", delivery["id"])
        await execute(_OF_ONE_PERSON, delivery["inbox"], delivery["inbox"])

    await atomically(work)
    log.warning(DELIVERY_DEAD, inbox=delivery["inbox"], kind=delivery["kind"], reason="http-410")
