"""Runs of Follows: those of people here that came one after the other are applied in one transaction.

What comes of each is decided as if it came alone. A row is plain when it is a Follow of a person here, by somebody who
does not stand before it in the run. Parts of the lane that come at one time make one run: those who ask mostly ask one
person, whose row each run holds, so that the parts would wait for each other anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

from fedimark import addresses
from fedimark.database import Row, Script, among, ask, fetch, is_sqlite, performed, several
from fedimark.follows.askers import Asking, asked
from fedimark.here import here, now
from fedimark.inbox.receive import restored
from fedimark.inbox.runs import WAITS, counted
from fedimark.logs import INBOX_APPLIED, log
from fedimark.policy.blocks import blocked_hosts, is_blocked_actor
from fedimark.remote.gathering import Gathering
from fedimark.vocab.activities import Follow
from fedimark.vocab.reading import Unreadable

KIND = "Follow"

_PARTS = "inbox.askers"
_AT_ONCE = 4  # parts in a run
_PAUSE_S = 0.002
_WAITING = f"SELECT * FROM received_activity WHERE {WAITS} AND id"
_STILL_WAITING = f"SELECT id FROM received_activity WHERE {WAITS} AND id"
_SPEAKING = "SELECT * FROM actor WHERE id"
_SUSPENDED = "SELECT id FROM actor WHERE suspended_at IS NOT NULL AND id"
_APPLIED = "UPDATE received_activity SET applied_at = ?, outcome = ? WHERE id"


async def apply_plain(ids: Sequence[int]) -> int:
    """Apply the first of some waiting activities together, up to one that is not plain; returns how many those were.

    All of them or none: raises whatever any of them raises. What other parts of the lane bring meanwhile spoils none.
    """
    return await _parts()(ids)


def _parts() -> Gathering[Sequence[int], int]:
    caches = here().caches
    if _PARTS not in caches:
        # What woke one part woke the others: their looks end a moment apart.
        caches[_PARTS] = Gathering(_apply_parts, most=_AT_ONCE, pause_s=0 if is_sqlite() else _PAUSE_S)
    found: Gathering[Sequence[int], int] = caches[_PARTS]
    return found


async def _apply_parts(parts: Sequence[Sequence[int]]) -> list[int | Exception]:
    """Apply some parts together; where they fail by one of them, each by itself."""
    try:
        return [*await _apply_together(parts)]
    except Exception as error:
        return [error] if len(parts) == 1 else [(await _apply_parts([each]))[0] for each in parts]


async def _apply_together(parts: Sequence[Sequence[int]]) -> list[int]:
    """Apply what is plain of each part, in one transaction; returns for each how many of its first were done with."""
    waiting = await fetch(f"{_WAITING} {among()}", several(chain.from_iterable(parts)))
    rows = {row["id"]: row for row in waiting}
    speaking = await fetch(f"{_SPEAKING} {among()}", several({row["actor_id"] for row in waiting}))
    authors = {author["id"]: author for author in speaking}
    plain: dict[int, Asking] = {}
    asking: set[int] = set()
    done = [_read(ids, rows, authors, plain, asking) for ids in parts]
    if plain:
        await _apply(plain, rows)
    return done


async def _apply(plain: dict[int, Asking], rows: dict[int, Row]) -> None:
    blocked = await blocked_hosts()
    shut_out = {row_id for row_id, each in plain.items() if await is_blocked_actor(each.follower)}
    outcomes = await performed(lambda: _together(plain, shut_out, blocked))
    received: dict[str, list[int]] = defaultdict(list)
    for row_id, outcome in outcomes.items():
        received[outcome].append(rows[row_id]["received_at"])
    for outcome, some in received.items():
        log.info(INBOX_APPLIED, kind=KIND, outcome=outcome, amount=len(some))
        counted(outcome, some)


def _read(
    ids: Sequence[int], rows: dict[int, Row], authors: dict[int, Row], plain: dict[int, Asking], asking: set[int]
) -> int:
    """Put those that stand first and are plain, by the ids of their rows, beside those of other parts, with who asks.

    Returns how many they are, with those applied meanwhile.
    """
    for done, row_id in enumerate(ids):
        if row_id not in rows:
            continue
        author = authors.get(rows[row_id]["actor_id"])
        said = _said(rows[row_id], author) if author is not None else None
        if author is None or said is None or author["id"] in asking:
            return done
        asking.add(author["id"])
        plain[row_id] = Asking(author, said.object, said.id)
    return len(ids)


def _said(row: Row, author: Row) -> Follow | None:
    try:
        activity = restored(row, author).activity
    except Unreadable:  # it is set aside by itself
        return None
    is_of_person = isinstance(activity, Follow) and addresses.local_username(activity.object) is not None
    return activity if is_of_person else None


def _together(plain: dict[int, Asking], shut_out: set[int], blocked: frozenset[str]) -> Script[dict[int, str]]:
    """Apply them, and say in their rows what came of each; returns that by id."""
    # Held until their effects are committed: two workers on one database must not apply one twice.
    locking = "" if is_sqlite() else "ORDER BY id FOR UPDATE"
    left = yield from ask(f"{_STILL_WAITING} {among()} {locking}", several(plain))
    waiting = {row["id"]: plain[row["id"]] for row in sorted(left, key=lambda row: int(row["id"]))}
    followers = several({each.follower["id"] for each in waiting.values()})
    suspended = {row["id"] for row in (yield from ask(f"{_SUSPENDED} {among()}", followers))}
    outcomes = {row_id: "blocked" for row_id in waiting if row_id in shut_out}
    for row_id, each in waiting.items():
        if row_id not in outcomes and each.follower["id"] in suspended:
            outcomes[row_id] = "suspended"
    heard = [row_id for row_id in waiting if row_id not in outcomes]
    words = yield from asked([waiting[row_id] for row_id in heard], blocked)
    outcomes |= zip(heard, words, strict=True)
    same = defaultdict(list)
    for row_id, outcome in outcomes.items():
        same[outcome].append(row_id)
    for outcome, row_ids in same.items():
        yield from ask(f"{_APPLIED} {among()}", now(), outcome, several(row_ids))
    return outcomes
