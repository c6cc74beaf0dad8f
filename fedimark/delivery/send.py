"""Sending what is due: several inboxes at once, one letter at a time to each."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from fedimark.database import Row, fetch, fetch_one
from fedimark.delivery import peers, settle
from fedimark.delivery.breaker import Lane
from fedimark.delivery.claim import SLOTS, claim, go_on, one_try, patience_s, release
from fedimark.delivery.retry import is_final, is_trouble
from fedimark.errors import FedimarkError, Silent, Unreachable, Untrustworthy
from fedimark.here import MICROS, now
from fedimark.logs import DELIVERY_FAILED, log
from fedimark.remote import client
from fedimark.remote.actors import FRESH, refresh_actor
from fedimark.remote.signing import private_key_of
from fedimark.signatures.message import read_http_date
from fedimark.vocab.reading import Unreadable, loads
from fedimark.vocab.terms import ACTIVITY_JSON

_LOOK_AGAIN_S = 1.0  # for what became due while others are slow
_BREATH_S = 0.005  # what ends together is looked after together
_DUPLICATE = "duplicate-delivery"  # FEP-c180: they have it
_ASKED_ANEW = 3  # the rest at the next letter, or when their key is looked for
_SHARERS = """
SELECT uri FROM actor WHERE shared_inbox = ? AND gone_at IS NULL AND fetched_at < ? ORDER BY fetched_at LIMIT ?
"""


async def drain() -> int:
    """Send everything that is due now, and return how many deliveries were tried.

    A failure stops its own inbox only. Signed as the activity's actor at the moment of sending.
    """
    tried = 0
    running: dict[asyncio.Task[int], Lane] = {}
    try:
        while True:
            busy = Counter(running.values())
            for letters in await claim({lane: slots - busy[lane] for lane, slots in SLOTS.items()}):
                running[asyncio.create_task(_send_all(letters))] = Lane(letters[0]["lane"])
            if not running:
                return tried
            await asyncio.wait(running, timeout=_LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(_BREATH_S)
            ended = [task for task in running if task.done()]
            for task in ended:
                del running[task]
            tried += sum([task.result() for task in ended])
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _send_all(letters: Sequence[Row]) -> int:
    """Send one inbox its letters in order, until one fails; give the others back. Returns how many were tried."""
    for number, delivery in enumerate(letters):
        if delivery["lease_until"] - now() < one_try(delivery["lane"]):
            await release(letters[number:])
            return number
        if not await _send(delivery):
            await release(letters[number + 1 :])
            return number + 1
    await go_on(letters[0])
    return len(letters)


async def _send(delivery: Row) -> bool:
    """Try one delivery and settle it; returns whether the next one for this inbox may go."""
    sender = await fetch_one("SELECT * FROM actor WHERE id = ?", delivery["actor_id"])
    if sender is None or not await private_key_of(sender):
        await settle.dead(delivery, "no-key")
        return True
    if sender["suspended_at"] is not None:
        await settle.dead(delivery, settle.HELD)
        return True
    try:
        body = delivery["body"].encode("utf-8")
        async with asyncio.timeout(patience_s(delivery["lane"])):
            answer = await client.post(delivery["inbox"], body, content_type=ACTIVITY_JSON, signer=sender)
    except (Unreachable, TimeoutError) as error:
        if isinstance(error, (Silent, TimeoutError)) and await peers.takes_in_silence(delivery["host"]):
            await settle.arrived(delivery)
            return True
        await peers.failed(delivery["host"])
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
        return True
    await (peers.failed if is_trouble(status) else peers.refused)(delivery["host"])
    if status == 410:
        await settle.inbox_gone(delivery)
        await _ask_anew(delivery["inbox"])
    elif is_final(status, delivery["tries"] + 1):
        await settle.dead(delivery, f"http-{status}")
    else:
        await settle.failed(delivery, f"http-{status}", jitter=_jitter(), retry_after=_retry_after(answer))
        return False
    return True


async def _ask_anew(shared_inbox: str) -> None:
    """Where a shared inbox is gone, ask some of those it was for where theirs is, or whether they are gone too."""
    for row in await fetch(_SHARERS, shared_inbox, now() - FRESH, _ASKED_ANEW):
        with suppress(FedimarkError):
            await refresh_actor(row["uri"])


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
