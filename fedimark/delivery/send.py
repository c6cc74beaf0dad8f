"""Sending what is due: host by host, several inboxes of one at once, one letter at a time to each."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from fedimark.database import Row, fetch
from fedimark.delivery import breaker, peers, settle
from fedimark.delivery.breaker import Gate, Lane
from fedimark.delivery.choose import CONNECTIONS
from fedimark.delivery.claim import LETTERS, SLOTS, Visit, claim, is_to_rest, let_go, one_try, patience_s, untouched
from fedimark.delivery.office import office
from fedimark.delivery.retry import is_final, is_trouble
from fedimark.delivery.signed import as_sent
from fedimark.errors import FedimarkError, Silent, Unreachable, Untrustworthy
from fedimark.here import MICROS, now
from fedimark.logs import DELIVERY_DONE, DELIVERY_FAILED, log
from fedimark.remote import client
from fedimark.remote.actors import FRESH, refresh_actor
from fedimark.remote.signing import private_key_of
from fedimark.signatures.message import read_http_date
from fedimark.vocab.reading import Unreadable, loads
from fedimark.vocab.terms import ACTIVITY_JSON

_LOOK_AGAIN_S = 0.1  # for hosts that became due while others are slow
_MORE_LETTERS_S = 1.0  # for more letters to a host while some of its inboxes are slow
_BREATH_S = 0.005  # what ends together is looked after together
_DUPLICATE = "duplicate-delivery"  # FEP-c180: they have it
_ASKED_ANEW = 3  # the rest at the next letter, or when their key is looked for
_SHARERS = """
SELECT uri FROM actor WHERE shared_inbox = ? AND gone_at IS NULL AND fetched_at < ? ORDER BY fetched_at LIMIT ?
"""


async def drain() -> int:
    """Send everything that is due now, and return how many deliveries were tried.

    A failure stops its own inbox only. Signed as the activity's actor at the moment of sending. Any number of processes
    may do this at once: each takes other hosts in hand. Nothing is begun while this server is muted.
    """
    tried = 0
    running: dict[asyncio.Task[int], Lane] = {}
    try:
        while True:
            busy = Counter(running.values())
            for visit in await claim({lane: slots - busy[lane] for lane, slots in SLOTS.items()}):
                running[asyncio.create_task(_serve_host(visit))] = visit.lane
            if not running:
                return tried
            tried += await _ended(running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _ended(running: dict[asyncio.Task[int], Lane]) -> int:
    """Wait until hosts are served, or it is time to look for more; returns how many deliveries they were sent."""
    # A lane that is full has room for another host as soon as one is done with.
    is_full = any(amount >= SLOTS[lane] for lane, amount in Counter(running.values()).items())
    when = asyncio.FIRST_COMPLETED if is_full else asyncio.ALL_COMPLETED
    await asyncio.wait(running, timeout=_LOOK_AGAIN_S, return_when=when)
    if is_full:
        await asyncio.sleep(_BREATH_S)
    ended = [task for task in running if task.done()]
    for task in ended:
        del running[task]
    return sum([task.result() for task in ended])


async def _serve_host(visit: Visit) -> int:
    """Serve a host until nothing more is due there, and give it back. Returns how many deliveries were tried."""
    tried = 0
    while True:
        try:
            await _serve_inboxes(visit)
        finally:
            if visit.arrived:
                log.info(DELIVERY_DONE, host=visit.host, amount=visit.arrived)
            await untouched([letter for letters in visit.inboxes for letter in letters])
            next_at = await office().give_back(visit)
        tried += visit.tried
        # What was written meanwhile stands on no schedule but this one.
        if next_at is None or next_at > now() or not visit.tried or await is_to_rest():
            return tried
        again = await office().take(visit.host)
        if again is None:
            return tried
        visit = again


async def _serve_inboxes(visit: Visit) -> None:
    """Serve up to four inboxes at once, and look for more letters while some are served."""
    running: set[asyncio.Task[None]] = set()
    try:
        while True:
            while visit.inboxes and len(running) < CONNECTIONS and _is_open(visit):
                running.add(asyncio.create_task(_serve_inbox(visit, visit.inboxes.popleft())))
            is_short = not visit.is_all and len(running) < CONNECTIONS and _is_open(visit)
            if is_short and await office().look_again(visit) and visit.inboxes:
                continue
            if not running:
                return
            ended, running = await asyncio.wait(running, timeout=_MORE_LETTERS_S, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
            # Somebody may have written to another inbox there while these are slow.
            visit.is_all = visit.is_all and bool(ended)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _is_open(visit: Visit) -> bool:
    """Whether the host may be asked for more."""
    return breaker.gate(visit.health, now()) is not Gate.OPEN


async def _serve_inbox(visit: Visit, letters: Sequence[Row]) -> None:
    """Send one inbox its letters in order, until one fails; unmark the others."""
    done = 0
    is_probe = breaker.gate(visit.health, now()) is Gate.HALF_OPEN
    try:
        async with office().slots[visit.lane]:
            for delivery in letters:
                is_late = delivery["lease_until"] - now() < one_try(visit.lane)
                if is_late or not _is_open(visit) or await is_to_rest():
                    break
                done += 1
                visit.tried += 1
                if not await _send(visit, delivery):
                    break
            else:
                # It may have more, and a host that was only probed may have any number.
                visit.is_all = visit.is_all and len(letters) < LETTERS and not is_probe
        # What has arrived must be gone before somebody looks for more.
        await asyncio.gather(*visit.settling.pop(letters[0]["inbox_hash"], ()))
    except asyncio.CancelledError:
        # This worker ends in the middle of a try: whoever comes after it need not wait for the end of the lease.
        await let_go(letters[done - 1 : done] if done else ())
        raise
    finally:
        visit.in_hand.discard(letters[0]["inbox_hash"])
        await untouched(letters[done:])


async def _send(visit: Visit, delivery: Row) -> bool:
    """Try one delivery and settle it; returns whether the next one for this inbox may go."""
    sender = delivery["sender"]
    if sender is None or not await private_key_of(sender):
        await settle.dead(delivery, "no-key")
        return True
    if sender["suspended_at"] is not None:
        await settle.dead(delivery, settle.HELD)
        return True
    try:
        answer = await client.post(
            delivery["inbox"],
            as_sent(delivery),
            content_type=ACTIVITY_JSON,
            signer=sender,
            total_s=patience_s(visit.lane),
        )
    except Unreachable as error:
        if isinstance(error, Silent) and visit.is_silent:
            await _arrived(visit, delivery)
            return True
        visit.health = await peers.failed(visit.host, "unreachable")
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
    return await _answered(visit, delivery, answer)


async def _arrived(visit: Visit, delivery: Row) -> None:
    after = breaker.answered(visit.health, now())
    settled = office().arrived(delivery, is_news=after != visit.health)
    if after != visit.health:
        # What waited for the host to answer is awake only then.
        await settled
    else:
        visit.settling.setdefault(delivery["inbox_hash"], []).append(settled)
    visit.health, visit.arrived = after, visit.arrived + 1


async def _answered(visit: Visit, delivery: Row, answer: client.Answer) -> bool:
    status = answer.status
    if 200 <= status < 300 or (status in (400, 409) and _is_duplicate(answer)):
        await _arrived(visit, delivery)
        return True
    if is_trouble(status):
        visit.health = await peers.failed(visit.host, f"http-{status}")
    else:
        visit.health = await peers.refused(visit.host)
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
