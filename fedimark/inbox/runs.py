"""Runs: Notes that came one after the other, and can be applied by rows alone, are written in one transaction.

What comes of each is decided as if it came alone. A row is plain when it is a Create, its Note came whole, is no
remark about another, is not for single people, names nobody here, and is none that stands before it in the run.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from fedimark import addresses
from fedimark.bookmarks.arrivals import Arrival, reach_of, software_of
from fedimark.bookmarks.incoming import DOUBTFUL, store_notes
from fedimark.bookmarks.recognise import recognise
from fedimark.bookmarks.spoken_of import is_remark
from fedimark.bookmarks.telling import copied
from fedimark.database import (
    Row,
    Script,
    among,
    ask,
    atomically,
    by_indexes,
    fetch,
    is_hurried,
    is_sqlite,
    perform,
    performed,
    several,
)
from fedimark.here import MICROS, here, now
from fedimark.inbox.handlers.notes import note_of
from fedimark.inbox.mentions import names_somebody_here
from fedimark.inbox.receive import restored
from fedimark.logs import INBOX_APPLIED, log
from fedimark.metrics import APPLIED, TIMELINE_S
from fedimark.outbox.passed_on import came, is_on
from fedimark.policy.blocks import is_blocked_actor
from fedimark.vocab.activities import Create
from fedimark.vocab.reading import Unreadable

MOST = 64  # rows in a stretch: other writers wait for a run
_FEW = 8  # rows in a run while somebody else waits to be answered, who waits for SQLite's one writer
_SOME = 32  # and on PostgreSQL, where they wait for what this process does between two statements
_ONE = "inbox.runs"
MOST_CHARACTERS = 2_000_000  # of their bodies

_Plain: TypeAlias = tuple[Row, Arrival]  # a row of `received_activity` with its Note

KIND = "Create"
_BREATH = 8  # Notes read before others of this process get their turn
# Not in the words of the partial index, which PostgreSQL would read whole for each id: it is in another order.
WAITS = "COALESCE(applied_at, 0) = 0"
_WAITING = f"SELECT * FROM received_activity WHERE {WAITS} AND id"
_STILL_WAITING = f"SELECT id FROM received_activity WHERE {WAITS} AND id"
_SPEAKING = "SELECT id, uri, local_name, host, followers_uri FROM actor WHERE id"
# All that decides about a Note of theirs, and none of their keys, which are long.
_ACTORS = """
SELECT id, uri, followers_uri, summary, indexable, suspended_at FROM actor WHERE id
"""
_APPLIED = "UPDATE received_activity SET applied_at = ?, outcome = ? WHERE id"
_ASK = "UPDATE received_activity SET asking_since = ? WHERE id = ?"


class Stretch(NamedTuple):
    """Rows of one kind that came one after the other, by their ids; of any kind where no run is made of it."""

    ids: list[int]
    kind: str


def cut(waiting: Sequence[Row], kinds: Collection[str]) -> Iterator[Stretch]:
    """Cut rows, each with `id`, `kind` and `size`, into stretches short enough to be runs, in their order.

    `kinds` are those that runs are made of.
    """
    ids: list[int] = []
    size, before = 0, ""
    for row in waiting:
        kind, size = row["kind"] if row["kind"] in kinds else "", size + row["size"]
        if ids and (kind != before or len(ids) == MOST or size > MOST_CHARACTERS):
            yield Stretch(ids, before)
            ids, size = [], row["size"]
        before = kind
        ids.append(row["id"])
    if ids:
        yield Stretch(ids, before)


async def apply_plain(ids: Sequence[int]) -> int:
    """Apply the first of some waiting activities together, up to one that is not plain; returns how many those were.

    All of them or none: raises whatever any of them raises. While others are to be answered, less is taken at once, and
    one run at a time.
    """
    if not is_hurried():
        return await _apply_some(ids)
    async with here().caches.setdefault(_ONE, asyncio.Lock()):
        return await _apply_some(ids[: _FEW if is_sqlite() else _SOME])


async def _apply_some(ids: Sequence[int]) -> int:
    plain, done = await _plain(ids)
    if plain:
        times = {row["id"]: row["received_at"] for row, _ in plain}
        received: dict[str, list[int]] = defaultdict(list)
        shut_out = {each.author["id"] for _, each in plain if await is_blocked_actor(each.author)}
        for row_id, outcome in (await _apply(plain, shut_out)).items():
            received[outcome].append(times[row_id])
        for outcome, some in received.items():
            log.info(INBOX_APPLIED, kind=KIND, outcome=outcome, amount=len(some))
            counted(outcome, some)
    return done


def counted(outcome: str, received: Sequence[int]) -> None:
    """Count activities that were applied now, by when they were received; what is no word of ours is `other`."""
    metrics, at = here().metrics, now()
    metrics.count(APPLIED, outcome if outcome.isalpha() else "other", by=len(received))
    for each in received:
        metrics.spent(TIMELINE_S, max(at - each, 0) / MICROS)


async def _plain(ids: Sequence[int]) -> tuple[list[_Plain], int]:
    """The plain ones that stand first, read outside of any transaction, and how many rows they are.

    Counted with them are those that another worker applied meanwhile.
    """
    rows = {row["id"]: row for row in await fetch(f"{_WAITING} {among()}", several(ids))}
    speaking = await fetch(f"{_SPEAKING} {among()}", several({row["actor_id"] for row in rows.values()}))
    authors = {author["id"]: author for author in speaking}
    software = await software_of({author["uri"] for author in speaking})
    found: dict[str, _Plain] = {}
    for done, row_id in enumerate(ids):
        if row_id in rows:
            arrival = _arrival(rows[row_id], authors[rows[row_id]["actor_id"]], software)
            if arrival is None or arrival.note.id in found:
                return list(found.values()), done
            found[arrival.note.id] = rows[row_id], arrival
        if done % _BREATH == 0:
            await asyncio.sleep(0)  # others of this process get their turn
    return list(found.values()), len(ids)


def _arrival(row: Row, author: Row, software: Mapping[str, str]) -> Arrival | None:
    try:
        received = restored(row, author)
    except Unreadable:  # it is set aside by itself
        return None
    # What others announce bears a Note too, and is not to be believed.
    note = note_of(received) if isinstance(received.activity, Create) else None
    if note is None or is_remark(note) or reach_of(author, note) is None or names_somebody_here(note):
        return None
    runs_on = software[author["uri"]]
    return Arrival(author, note, row["received_at"], runs_on, recognise(note, runs_on))


async def _apply(plain: Sequence[_Plain], shut_out: Set[int]) -> Mapping[int, str]:
    tells = any(addresses.local_bookmark(each.note.via or "") for _, each in plain)  # somebody here, of a copy
    if tells or await is_on():
        return await atomically(lambda: _applied(plain, shut_out))
    outcomes, _ = await performed(lambda: _together(plain, shut_out))
    return outcomes


async def _applied(plain: Sequence[_Plain], shut_out: Set[int]) -> Mapping[int, str]:
    outcomes, new = await perform(_together(plain, shut_out))
    await copied(new)
    await came([row["uri_hash"] for row in new])
    return outcomes


def _together(plain: Sequence[_Plain], shut_out: Set[int]) -> Script[tuple[Mapping[int, str], list[Row]]]:
    """Apply them, and say in their rows what came of each.

    Returns that by id, but for those to be asked, and the new bookmarks. `shut_out` are authors of blocked domains.
    """
    yield from by_indexes()
    # Held until their effects are committed: two workers on one database must not apply one twice.
    locking = "" if is_sqlite() else "ORDER BY id FOR UPDATE"
    left = yield from ask(f"{_STILL_WAITING} {among()} {locking}", several(row["id"] for row, _ in plain))
    ids = {row["id"] for row in left}
    waiting = [(row, arrival) for row, arrival in plain if row["id"] in ids]
    # As they are now: one of them may have been suspended, or taken back their consent, since the Notes were read.
    speaking = several({row["actor_id"] for row, _ in waiting})
    by_id = {author["id"]: author for author in (yield from ask(f"{_ACTORS} {among()} {locking}", speaking))}
    outcomes: dict[int, str] = {}
    arrivals: dict[int, Arrival] = {}
    for row, arrival in waiting:
        author = by_id[row["actor_id"]]
        if author["id"] in shut_out:
            outcomes[row["id"]] = "blocked"
        elif author["suspended_at"] is not None:
            outcomes[row["id"]] = "suspended"
        else:
            arrivals[row["id"]] = replace(arrival, author=author)
    words, new = yield from store_notes(list(arrivals.values()))
    outcomes |= zip(arrivals, words, strict=True)
    yield from _write_down(outcomes)
    return {row_id: outcome for row_id, outcome in outcomes.items() if outcome != DOUBTFUL}, new


def _write_down(outcomes: Mapping[int, str]) -> Script[None]:
    same = defaultdict(list)
    for row_id, outcome in outcomes.items():
        same[outcome].append(row_id)
    for row_id in same.pop(DOUBTFUL, []):
        yield from ask(_ASK, now(), row_id)
    for outcome, ids in same.items():
        yield from ask(f"{_APPLIED} {among()}", now(), outcome, several(ids))
