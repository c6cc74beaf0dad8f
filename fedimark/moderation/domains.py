"""Blocking other servers: at the doors at once, and then all that was theirs, bit by bit."""

from __future__ import annotations

import json

from fedimark.accounts.facts import put_fact
from fedimark.bookmarks.for_you import forget_all_of
from fedimark.bookmarks.incoming import forget_notes_of
from fedimark.bookmarks.remarks import forget_remarks_of
from fedimark.bookmarks.shares import unshare_some
from fedimark.database import Row, atomically, execute, fetch, marks
from fedimark.errors import NotFound, Refused
from fedimark.follows import relays
from fedimark.follows.incoming import forget
from fedimark.here import here, now
from fedimark.jobs import queue
from fedimark.language.said import _
from fedimark.logs import DOMAIN_BLOCKED, DOMAIN_UNBLOCKED, log
from fedimark.policy import blocks, hosts

JOB = "block_domain"

_REASON_LIMIT = 1_000
_ACTORS = 500  # looked at in one statement
_BOOKMARKS = 200  # dropped in one transaction: other writers wait for it
_PUT = """
INSERT INTO blocked_domain (host, reason, created_at) VALUES (?, ?, ?)
ON CONFLICT (host) DO UPDATE SET reason = excluded.reason
"""
_ELSEWHERE = "SELECT id, local_name, uri, host FROM actor WHERE uri IS NOT NULL AND id > ? ORDER BY id LIMIT ?"


async def block_domain(typed: str, reason: str = "") -> str:
    """Have nothing to do any more with a domain and everything below it; returns its host as it is kept.

    From now on nothing of theirs is taken in, asked for or sent. A job ends the follows and drops their bookmarks.
    Blocking again changes the reason. Raises Refused for the field `host`.
    """
    host = _read(typed)
    own = (here().settings.base_url, here().settings.handles_at)
    if any(hosts.covers({host}, hosts.normal(each)) for each in own):
        raise Refused("That is this server itself.", field="host")

    async def work() -> None:
        await execute(_PUT, host, reason.strip()[:_REASON_LIMIT], now())
        await put_fact(blocks.VERSION, here().new_id())
        await queue.add(JOB, {"host": host})

    await atomically(work)
    blocks.forget_domains()
    here().wake.set()
    log.info(DOMAIN_BLOCKED, host=host)
    return host


async def unblock_domain(typed: str) -> str:
    """Deal with a domain again; what was dropped comes back only as it arrives anew. Raises Refused, NotFound."""
    host = _read(typed)

    async def work() -> None:
        if not await execute("DELETE FROM blocked_domain WHERE host = ?", host):
            raise NotFound(_("%(host)s is not blocked.", host=host))
        await put_fact(blocks.VERSION, here().new_id())

    await atomically(work)
    blocks.forget_domains()
    log.info(DOMAIN_UNBLOCKED, host=host)
    return host


async def end_dealings(job: Row) -> None:
    """The worker's part of a block: drop what waits to be sent there, leave relays, end follows, drop bookmarks.

    Done twice as well as once; stops when the domain was unblocked meanwhile.
    """
    blocks.forget_domains()
    blocked = {json.loads(job["payload"])["host"]}
    await _drop_deliveries(blocked)
    await relays.forget_blocked(blocked)
    last, people = 0, 0
    while found := await fetch(_ELSEWHERE, last, _ACTORS):
        theirs = [
            row for row in found if any(hosts.covers(blocked, hosts.normal(row[name])) for name in ("uri", "host"))
        ]
        for actor in theirs:
            await _forget(actor)
        last, people = found[-1]["id"], people + len(theirs)
        await queue.progress(job["id"], people)
    await queue.finish(job["id"], {"people": people})


async def _forget(actor: Row) -> None:
    if not await blocks.is_blocked_actor(actor):
        return
    # The follows first: without them nothing of theirs is kept, whatever is being applied just now.
    await atomically(lambda: forget(actor))
    while await blocks.is_blocked_actor(actor):
        if await atomically(lambda: _drop_some(actor)) < _BOOKMARKS:
            return


async def _drop_some(actor: Row) -> int:
    await forget_remarks_of(actor)
    await forget_all_of(actor)
    return await forget_notes_of(actor, _BOOKMARKS) + await unshare_some(actor, _BOOKMARKS)


async def _drop_deliveries(blocked: set[str]) -> None:
    inboxes = await fetch("SELECT DISTINCT inbox, inbox_hash FROM delivery")
    theirs = [row["inbox_hash"] for row in inboxes if hosts.covers(blocked, hosts.normal(row["inbox"]))]
    for start in range(0, len(theirs), 500):
        some = theirs[start : start + 500]
        await execute(f"DELETE FROM delivery WHERE inbox_hash IN ({marks(len(some))})", *some)


def _read(typed: str) -> str:
    """The host somebody means. An address of a person is none: whoever types one means that person."""
    host = "" if "@" in typed else hosts.normal(typed.strip().removeprefix("*."))
    if not host:
        raise Refused("Give a domain like bad.example.", field="host")
    return host
