"""What is taken in at one time is written in one statement, and nobody is answered before it is committed.

One writer a process: while it waits for the database, those who come meanwhile become its next group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeAlias

from fedimark.database import (
    Row,
    Script,
    Statement,
    among,
    ask,
    cells,
    execute,
    fetch,
    hurry,
    is_sqlite,
    marks,
    performed,
    several,
    table,
    written,
)
from fedimark.errors import Unavailable
from fedimark.here import here
from fedimark.jobs.bell import ringing
from fedimark.logs import REQUEST_FAILED, log
from fedimark.policy.blocks import VERSION

MOST = 256  # rows in a group
_WAIT_S = 0.002
_ROOMS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, MOST)
ANYBODY = -1  # as `met`: whoever says it, the row is to be kept

Outcome: TypeAlias = Literal["new", "known", "changed"]

WRITER = "inbox.writer"  # where the writer of a server is kept
_COLUMNS = "uri_hash, actor_id, kind, body, received_at, next_at, tries, outcome"
# What was believed of the sender when the row was made must be so still when it is written: nobody is suspended, gone,
# has other keys, or is of a domain blocked since, whichever process wrote that down.
_AS_MET = f"""
(v.met = {ANYBODY} OR (v.blocked = COALESCE((SELECT value FROM fact WHERE name = '{VERSION}'), '')
    AND EXISTS (SELECT 1 FROM actor a
        WHERE a.id = v.actor_id AND a.fetched_at = v.met AND a.suspended_at IS NULL AND a.gone_at IS NULL)))
"""
_STORE = f"""
INSERT INTO received_activity ({_COLUMNS})
SELECT v.uri_hash, v.actor_id, v.kind, v.body, v.received_at, v.next_at, 0, '' FROM {{rows}}
WHERE {_AS_MET} {{rest}} ON CONFLICT (uri_hash) DO NOTHING
"""
_NEW = " RETURNING uri_hash"
_KINDS = {"uri_hash": "text", "actor_id": "bigint", "kind": "text", "body": "text", "received_at": "bigint"}
_KINDS |= {"next_at": "bigint", "met": "bigint", "blocked": "text"}
_UNNESTED = ", ".join(f"CAST(? AS {kind}[])" for kind in _KINDS.values())
_AGAIN = {"uri_hash": "text", "before": "bigint"}
_SAID_BEFORE = """
DELETE FROM received_activity WHERE id IN (
    SELECT r.id FROM {again} v JOIN received_activity r ON r.uri_hash = v.uri_hash AND r.received_at < v.before)
"""
# The bell in the same statement, and who makes room: each trip is one that everybody in the group waits for. All of
# what goes first is counted before the first row is written.
_ON_POSTGRES = _STORE.format(
    rows=f"unnest({_UNNESTED}) WITH ORDINALITY v({', '.join(_KINDS)}, place)",
    rest="AND EXISTS (SELECT 1 FROM rung) {made} ORDER BY v.place",
)
_RUNG = "WITH rung AS MATERIALIZED ({bell}) {room}"
_NAMED = f"{_RUNG} {_ON_POSTGRES} {_NEW}"
_COUNTED = f"{_RUNG}, kept AS ({_ON_POSTGRES} RETURNING 1) SELECT count(*) AS amount FROM kept"
_ROOM = f", room AS ({_SAID_BEFORE} RETURNING id)"
_MADE = "AND (SELECT count(*) FROM room) >= 0"
_KNOWN = "SELECT uri_hash FROM received_activity WHERE uri_hash"


class Kept(NamedTuple):
    """A row of `received_activity`; `met` is when the actor's row was fetched on whose word it is kept, or ANYBODY, and
    `blocked` the version of the blocked domains that their host was compared with.

    Where the same may be said again, a row `said_before` this moment makes room for it.
    """

    uri_hash: str
    actor_id: int
    kind: str
    body: str
    received_at: int
    next_at: int
    met: int
    blocked: str = ""
    said_before: int | None = None


Tell: TypeAlias = Callable[[Outcome | Exception], None]
_Waiting: TypeAlias = tuple[Kept, Tell]


@dataclass(slots=True)
class _Writer:
    waiting: list[_Waiting] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


async def commit(row: Kept) -> Outcome:
    """Write a row and return once it is committed, as `give` says.

    Raises Unavailable when the database cannot be written.
    """
    answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    give(row, partial(_hand_over, answer))
    return await answer


def give(row: Kept, tell: Tell) -> None:
    """Have a row written: `tell` hears once what came of it, and it is committed then. It is `new`, `known` where it
    was there already, or `changed`, with nothing written, where its actor or what is blocked is not as it was known.

    Of rows with a `met`, which nobody asks that of, some new ones may be called `known`. An error is told where nothing
    could be written: Unavailable where that is the database's.
    """
    writer: _Writer = here().caches.setdefault(WRITER, _Writer())
    writer.waiting.append((row, tell))
    if writer.task is None:
        writer.task = asyncio.create_task(_write(writer))


def _hand_over(answer: asyncio.Future[Outcome], outcome: Outcome | Exception) -> None:
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


async def _write(writer: _Writer) -> None:
    try:
        while writer.waiting:
            await _come(writer)
            amount = _at_once(writer.waiting[:MOST])
            group, writer.waiting = writer.waiting[:amount], writer.waiting[amount:]
            hurry()  # somebody waits to be answered
            await _write_group(group)
            here().wake.set()
    finally:
        writer.task = None


async def _come(writer: _Writer) -> None:
    """Let those join who are read in this turn of the loop, and in the next for as long as each brings somebody: a
    group costs ten times what a row does. Nobody waits where nobody comes, nor longer than 2 ms for others.
    """
    loop = asyncio.get_running_loop()
    until, before = loop.time() + _WAIT_S, 0
    while before < len(writer.waiting) < MOST and loop.time() < until:
        before = len(writer.waiting)
        await asyncio.sleep(0)


def _at_once(waiting: Sequence[_Waiting]) -> int:
    """How many of the first can be written together: what is said a second time needs the first to be there."""
    seen: set[str] = set()
    for amount, (row, _) in enumerate(waiting):
        if row.said_before is not None and row.uri_hash in seen:
            return amount
        seen.add(row.uri_hash)
    return len(waiting)


async def _write_group(group: Sequence[_Waiting]) -> None:
    """Write some rows together; where they fail by one of them, each by itself."""
    try:
        outcomes = await _store([row for row, _ in group])
    except Exception as error:
        if len(group) == 1 or (isinstance(error, Unavailable) and not _is_of_a_row(error)):
            for _, tell in group:
                _say(tell, _own(error))
            return
        for each in group:
            await _write_group([each])
    except BaseException:  # the server is taken down: nobody shall wait for ever
        for _, tell in group:
            _say(tell, Unavailable())
        raise
    else:
        for (_, tell), outcome in zip(group, outcomes, strict=True):
            _say(tell, outcome)


def _say(tell: Tell, outcome: Outcome | Exception) -> None:
    try:
        tell(outcome)
    except Exception as error:  # what goes wrong with one must keep nobody else from hearing
        log.error(REQUEST_FAILED, method="POST", path="/inbox", exc_info=error)


def _is_of_a_row(error: BaseException | None) -> bool:
    """Whether the database is well, and only some value is nothing for it."""
    while error is not None:
        if any(kind.__name__ == "DataError" for kind in type(error).__mro__):  # asyncpg's, which may not be there
            return True
        error = error.__cause__
    return False


def _own(error: Exception) -> Exception:
    # Each has its own: one raised twice would tell of two requests.
    return Unavailable() if isinstance(error, Unavailable) else error


async def _store(rows: Sequence[Kept]) -> list[Outcome]:
    again = [{"uri_hash": row.uri_hash, "before": row.said_before} for row in rows if row.said_before is not None]
    found: list[Row] = []
    if again and is_sqlite():
        found = await performed(lambda: _storing(rows, again))
    elif not again and all(row.met != ANYBODY for row in rows):
        if await _amount_stored(rows) == len(rows):
            return ["new"] * len(rows)
    else:
        sql, parameters = _statement(rows, again)
        found = await written(sql, *parameters)
    new = {each["uri_hash"] for each in found}
    left = [row.uri_hash for row in rows if row.uri_hash not in new]
    if not left:
        return ["new"] * len(rows)
    known = {each["uri_hash"] for each in await fetch(f"{_KNOWN} {among('text')}", several(left))}
    return [_outcome(row.uri_hash, new, known) for row in rows]


def _outcome(uri_hash: str, new: set[str], known: set[str]) -> Outcome:
    if uri_hash in new:
        return "new"
    return "known" if uri_hash in known else "changed"


async def _amount_stored(rows: Sequence[Kept]) -> int:
    """Store rows, and how many were. On SQLite each row that a statement returns is a step by itself, between which
    whoever answers has its turn.
    """
    if is_sqlite():
        return await execute(_for_sqlite(_room_for(len(rows))), *_flat(rows))
    [row] = await written(*_on_postgres(_COUNTED, rows))
    return int(row["amount"])


@lru_cache(maxsize=MOST)
def _for_sqlite(amount: int) -> str:
    line = f"({marks(len(_KINDS))})"
    names = ", ".join(f"column{number} AS {name}" for number, name in enumerate(_KINDS, 1))
    return _STORE.format(rows=f"(SELECT {names} FROM (VALUES {', '.join([line] * amount)})) v", rest="")


def _room_for(amount: int) -> int:
    """How many rows the statement has room for that so many are written with: of few statements all stay prepared."""
    return next(room for room in _ROOMS if room >= amount)


def _flat(rows: Sequence[Kept]) -> tuple[object, ...]:
    """The cells of rows on SQLite, and of rows of nothing, which nobody was met for and which are not written."""
    nothing = (None,) * (len(_KINDS) * (_room_for(len(rows)) - len(rows)))
    return (*chain.from_iterable(row[: len(_KINDS)] for row in rows), *nothing)


def _statement(rows: Sequence[Kept], again: Sequence[Row]) -> Statement:
    if is_sqlite():
        return _for_sqlite(_room_for(len(rows))) + _NEW, _flat(rows)
    sql, *parameters = _on_postgres(_NAMED, rows, again)
    return sql, tuple(parameters)


def _on_postgres(sql: str, rows: Sequence[Kept], again: Sequence[Row] = ()) -> tuple[Any, ...]:
    [(bell, lane)] = ringing("inbox")
    room, made, moments = "", "", list[object]()
    if again:
        room, made, moments = _ROOM.format(again=table(_AGAIN)), _MADE, cells(_AGAIN, again)
    columns = list(zip(*rows, strict=True))[: len(_KINDS)]
    return sql.format(bell=bell, room=room, made=made), *lane, *moments, *(list(column) for column in columns)


def _storing(rows: Sequence[Kept], again: Sequence[Row]) -> Script[list[Row]]:
    yield from ask(_SAID_BEFORE.format(again=table(_AGAIN)), *cells(_AGAIN, again))
    return (yield _statement(rows, ()))
