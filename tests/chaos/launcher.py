"""`fedimark serve …` as it is, but for its patience, its end, and what its machine tells it.

A file that FEDIMARK_TEST_DOOM names says where this process is to die: a point, and how many passes until then. What
the steps do is not changed: they are watched from outside, and where a doomed one passes, the process kills itself as
`kill -9` would. A minute of its schedules lasts a second, and no pause more than four, so that what waits for another
try need not be waited for. Its clock and its names are those of FEDIMARK_TEST_MACHINE. (machine.py)
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import timedelta
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper

import fedimark.cli
from fedimark import app, worker
from fedimark.activitypub import door as inboxes
from fedimark.activitypub import inbox as door
from fedimark.bookmarks import one_trip, untold
from fedimark.database.sqlite import WriteTransaction
from fedimark.delivery import breaker, claim, retry, schedule, send, settle
from fedimark.inbox import apply, receive, runs
from fedimark.jobs import postgres
from fedimark.remote import client, flights
from tests.chaos.machine import Machine

_STEP: ContextVar[str] = ContextVar("step", default="")
_MINUTE = 60  # seconds, which become one
_LONGEST = 4 * retry.SECOND
_LEASE = 3 * retry.SECOND
_SWEEP_S, _HEARTBEAT_S = 1, 3
_IN_A_COMMIT_S = 0.002
_IN_A_POST_S = 0.02
_WRITES = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|WITH\b.*?\b(?:INSERT INTO|UPDATE \w+ SET|DELETE FROM))\b", re.DOTALL)

Async = Callable[..., Any]


class Doom:
    """Where this process is to die; the file is gone when it has died there."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.written_at = 0
        self.left = 0

    def passes(self, moment: str) -> None:
        """Die here if this is the point and the time has come."""
        if self.is_here(moment):
            self.die()

    def is_here(self, moment: str) -> bool:
        """Whether this pass is the last."""
        try:
            written_at = self.file.stat().st_mtime_ns
            point, passes = self.file.read_text().split("\n")
        except FileNotFoundError:
            return False
        if point != f"{_STEP.get()}: {moment}":
            return False
        if written_at != self.written_at:
            self.written_at, self.left = written_at, int(passes)
        self.left -= 1
        return self.left == 0

    def die(self) -> None:
        """As `kill -9` would."""
        self.file.unlink(missing_ok=True)
        os.kill(os.getpid(), signal.SIGKILL)


DOOM = Doom(Path(os.environ.get("FEDIMARK_TEST_DOOM", "")))


def hurry() -> None:
    """Let a minute of every schedule last a second, and no pause of it more than four."""
    retry.PAUSES = tuple(min(pause // _MINUTE, _LONGEST) for pause in retry.PAUSES)
    breaker._FIRST_PAUSE //= _MINUTE
    breaker._LONGEST_PAUSE = _LONGEST
    breaker._PROBED_LATELY //= _MINUTE
    schedule._SWEEP_EVERY //= _MINUTE
    claim._LEASE = claim._SETTLING = _LEASE
    untold.PAUSE //= _MINUTE
    apply.PAUSES_S = tuple(min(max(1, pause // _MINUTE), 4) for pause in apply.PAUSES_S)
    apply.UNREACHABLE_PAUSES_S = tuple(min(pause // _MINUTE, 4) for pause in apply.UNREACHABLE_PAUSES_S)
    postgres._SWEEP, postgres._HEARTBEAT = timedelta(seconds=_SWEEP_S), timedelta(seconds=_HEARTBEAT_S)
    flights.UNREACHABLE_FOR //= _MINUTE
    flights.REFUSED_FOR //= _MINUTE
    door.RETRY_AFTER_S //= _MINUTE
    inboxes.RETRY_AFTER_S //= _MINUTE


def watch() -> None:
    """Name the steps, and the moments inside them."""
    _step("claim", send, "claim")
    _step("post", client, "post", around=_posted)
    _step("settle", settle, "arrived")
    _step("store", receive, "keep", around=_stored)
    _step("apply", runs, "apply_plain")
    _step("apply", apply, "_try")
    _step("apply", apply, "_try_asked")
    # The loop has its steps in a table of its own.
    _step("removal", worker, "finish_removals")
    _step("tell", worker, "tell_waiting")
    watched = {"removals": worker.finish_removals, "tellings": worker.tell_waiting}
    worker.STEPS = MappingProxyType({**worker.STEPS, **watched})
    _step("take over", claim, "take_over")
    app.Door.__call__ = _watched_door(app.Door.__call__)  # type: ignore[method-assign]
    for client_class in (SqliteClient, AsyncpgDBClient):
        for name in ("execute_query", "execute_query_dict"):
            setattr(client_class, name, _watched_alone(getattr(client_class, name)))
    for transaction in (SqliteTransactionWrapper, TransactionWrapper):
        transaction.commit = _watched_commit(transaction.commit)  # type: ignore[method-assign]
        for name in ("execute_query", "execute_query_dict", "execute_many"):
            setattr(transaction, name, _watched_statement(getattr(transaction, name)))
    one_trip.in_one_trip = _watched_trip(one_trip.in_one_trip)
    WriteTransaction.visit = _watched_statement(WriteTransaction.visit)  # type: ignore[method-assign]


def _step(name: str, owner: Any, attribute: str, around: Callable[[Async], Async] | None = None) -> None:
    """Let all that one of a room's functions does count as a step."""
    plain = getattr(owner, attribute)
    inside = around(plain) if around else plain

    @wraps(plain)
    async def step(*arguments: Any, **named: Any) -> Any:
        token = _STEP.set(name)
        try:
            return await inside(*arguments, **named)
        finally:
            _STEP.reset(token)

    setattr(owner, attribute, step)


def _posted(post: Async) -> Async:
    async def posted(*arguments: Any, **named: Any) -> Any:
        DOOM.passes("before")
        is_last = DOOM.is_here("under way")
        if is_last:
            asyncio.get_running_loop().call_later(random.uniform(0, _IN_A_POST_S), DOOM.die)
        answer = await post(*arguments, **named)
        if is_last:
            DOOM.die()
        DOOM.passes("answered")
        return answer

    return posted


def _stored(store: Async) -> Async:
    async def stored(*arguments: Any, **named: Any) -> Any:
        DOOM.passes("before")
        return await store(*arguments, **named)

    return stored


def _watched_door(answer: Async) -> Async:
    async def watched(self: Any, scope: Any, taken: Any, give: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await answer(self, scope, taken, give)
            return

        async def said(message: Any) -> None:
            await give(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                DOOM.passes("answered")

        token = _STEP.set("receive" if scope["path"].endswith("/inbox") else "form")
        try:
            await answer(self, scope, taken, said)
        finally:
            _STEP.reset(token)

    return watched


def _watched_commit(commit: Async) -> Async:
    async def watched(self: Any) -> None:
        await _committed(lambda: commit(self))

    return watched


def _watched_alone(run: Async) -> Async:
    """A statement outside of every transaction is one by itself."""

    async def watched(self: Any, query: str, *arguments: Any, **named: Any) -> Any:
        if isinstance(self, TransactionalDBClient) or not _WRITES.match(query):
            return await run(self, query, *arguments, **named)
        return await _committed(lambda: run(self, query, *arguments, **named))

    return watched


def _watched_trip(run: Async) -> Async:
    """Statements that PostgreSQL takes together are a transaction by themselves."""

    async def watched(*arguments: Any) -> Any:
        return await _committed(lambda: run(*arguments))

    return watched


async def _committed(commit: Async) -> Any:
    DOOM.passes("before commit")
    is_last = DOOM.is_here("committing")
    if is_last:
        asyncio.get_running_loop().call_later(random.uniform(0, _IN_A_COMMIT_S), DOOM.die)
    done = await commit()
    if is_last:
        DOOM.die()
    DOOM.passes("after commit")
    return done


def _watched_statement(run: Async) -> Async:
    async def watched(self: Any, *arguments: Any, **named: Any) -> Any:
        done = await run(self, *arguments, **named)
        DOOM.passes("inside")
        return done

    return watched


def main(arguments: Sequence[str]) -> None:
    """Be `fedimark` with these arguments; returns when it has ended."""
    DOOM.file = Path(os.environ["FEDIMARK_TEST_DOOM"])
    Machine(Path(os.environ["FEDIMARK_TEST_MACHINE"])).inject()
    hurry()
    watch()
    sys.argv = ["fedimark", *arguments]
    fedimark.cli.main()
