"""Sending what is due: several inboxes at once, one letter at a time to each."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from fedimark.database import Row, fetch_one
from fedimark.delivery import settle
from fedimark.delivery.claim import BATCH, claim, one_try, release
from fedimark.delivery.retry import is_final
from fedimark.errors import Unreachable, Untrustworthy
from fedimark.here import MICROS, now
from fedimark.logs import DELIVERY_FAILED, log
from fedimark.remote import client
from fedimark.signatures.message import read_http_date
from fedimark.vocab.reading import Unreadable, loads
from fedimark.vocab.terms import ACTIVITY_JSON

INBOXES_AT_ONCE = 16

_LOOK_AGAIN_S = 1.0  # for what became due while others are slow
_DUPLICATE = "duplicate-delivery"  # FEP-c180: they have it


async def drain() -> int:
    """Send everything that is due now, and return how many deliveries were tried.

    A failure stops its own inbox only. Signed as the activity's actor at the moment of sending.
    """
    tried = 0
    turns = asyncio.Semaphore(INBOXES_AT_ONCE)
    running: set[asyncio.Task[int]] = set()
    try:
        while True:
            # As long as inboxes are slow there is room to claim for the others, within a bound.
            inboxes = await claim() if len(running) < BATCH else []
            running |= {asyncio.create_task(_send_all(turns, deliveries)) for deliveries in inboxes}
            if not running:
                return tried
            done, running = await asyncio.wait(running, timeout=_LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
            tried += sum([task.result() for task in done])
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _send_all(turns: asyncio.Semaphore, deliveries: Sequence[Row]) -> int:
    """Send one inbox its letters in order, until one fails; give the others back. Returns how many were tried."""
    async with turns:
        for number, delivery in enumerate(deliveries):
            if delivery["lease_until"] - now() < one_try():
                await release(deliveries[number:])
                return number
            if not await _send(delivery):
                await release(deliveries[number + 1 :])
                return number + 1
    return len(deliveries)


async def _send(delivery: Row) -> bool:
    """Try one delivery and settle it; returns whether the next one for this inbox may go."""
    sender = await fetch_one("SELECT * FROM actor WHERE id = ?", delivery["actor_id"])
    if sender is None or not sender["private_key"]:
        await settle.dead(delivery, "no-key")
        return True
    if sender["suspended_at"] is not None:
        await settle.dead(delivery, settle.HELD)
        return True
    try:
        body = delivery["body"].encode("utf-8")
        answer = await client.post(delivery["inbox"], body, content_type=ACTIVITY_JSON, signer=sender)
    except Unreachable:
        await settle.failed(delivery, "unreachable", jitter=_jitter())
        return False
    except Untrustworthy:
        await settle.dead(delivery, "refused")
        return True
    except Exception:
        # A mistake of ours that one inbox brings out must not stop the others.
        log.exception(DELIVERY_FAILED, inbox=delivery["inbox"], kind=delivery["kind"])
        await settle.failed(delivery, "broken", jitter=_jitter())
        return False
    return await _answered(delivery, answer)


async def _answered(delivery: Row, answer: client.Answer) -> bool:
    status = answer.status
    if 200 <= status < 300 or (status in (400, 409) and _is_duplicate(answer)):
        await settle.arrived(delivery)
    elif status == 410:
        await settle.inbox_gone(delivery)
    elif is_final(status, delivery["tries"] + 1):
        await settle.dead(delivery, f"http-{status}")
    else:
        await settle.failed(delivery, f"http-{status}", jitter=_jitter(), retry_after=_retry_after(answer))
        return False
    return True


def _is_duplicate(answer: client.Answer) -> bool:
    try:
        kind = loads(answer.body).get("type")
    except Unreadable:
        return False
    return isinstance(kind, str) and kind.endswith(_DUPLICATE)


def _retry_after(answer: client.Answer) -> int | None:
    """The wish in a Retry-After header, seconds or a date, as microseconds from now. (RFC 9110 §10.2.3)"""
    said = str(answer.headers.get("retry-after", "")).strip()
    if said.isascii() and said.isdigit() and len(said) < 10:
        return int(said) * MICROS
    moment = read_http_date(said)
    return None if moment is None else max(0, moment - now())


def _jitter() -> float:
    return secrets.randbelow(2001) / 1000 - 1
