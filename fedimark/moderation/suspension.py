"""Suspending an account: its owner is shut out and falls silent, until an admin brings everything back.

One of another server is shut out by refusing what it says; what its owner saved, shared and liked is hidden.
"""

from __future__ import annotations

import json
from contextlib import suppress

from fedimark.accounts.sessions import end_sessions
from fedimark.bookmarks.hiding import hide_notes_of, show_notes_of
from fedimark.bookmarks.rows import change
from fedimark.bookmarks.shares import show_or_hide_shared
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.delivery.schedule import rouse
from fedimark.delivery.settle import HELD
from fedimark.errors import NotFound, Refused
from fedimark.follows.resolve import known, read_who
from fedimark.here import here, now
from fedimark.jobs import queue
from fedimark.language.said import _
from fedimark.logs import ACCOUNT_RESTORED, ACCOUNT_SUSPENDED, log
from fedimark.outbox.tag_ends import person_restored, person_suspended
from fedimark.policy.visibility import Visibility, is_listed
from fedimark.timelines.merge import follow_began, follow_ended, hold

JOB = "relist"

_BATCH = 200  # bookmarks in one transaction: other writers wait for it
_ACCOUNT = """
SELECT a.id, a.gone_at FROM actor a JOIN account c ON c.actor_id = a.id WHERE a.local_name = ?
"""
_ACTOR = """
SELECT a.id, a.local_name, a.suspended_at, c.id AS account_id FROM actor a LEFT JOIN account c ON c.actor_id = a.id
WHERE a.id = ? AND a.gone_at IS NULL
"""
# A person's tags are silent with them.
_SET = "UPDATE actor SET suspended_at = ? WHERE id = ? OR owner_id = ?"
_THEMSELVES = "(SELECT id FROM actor WHERE id = ? OR owner_id = ?)"
_READERS = f"""
SELECT f.follower_id, f.target_id FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id IN {_THEMSELVES} AND f.state = 'accepted' AND a.uri IS NULL
ORDER BY f.follower_id, f.target_id
"""
_THEIR_ACTIVITIES = f"activity_id IN (SELECT id FROM activity WHERE actor_id IN {_THEMSELVES})"
# Set aside as if they never arrived, so that no other letter waits behind them.
_HOLD_BACK = f"UPDATE delivery SET dead_at = ?, last_error = ? WHERE dead_at IS NULL AND {_THEIR_ACTIVITIES}"
# As if said now: the week in which it is tried begins anew.
_LET_GO = f"""
UPDATE delivery SET dead_at = NULL, created_at = ?, lease_until = 0, last_error = '',
    next_at = CASE WHEN paced_until > ? THEN paced_until ELSE ? END
WHERE last_error = ? AND {_THEIR_ACTIVITIES} RETURNING host
"""
_TO_LIST = f"""
SELECT * FROM bookmark WHERE actor_id = ? AND is_local AND removed_at IS NULL AND id > ?
AND visibility = {int(Visibility.PUBLIC)} AND (CASE WHEN listed THEN 1 ELSE 0 END) <> ? ORDER BY id LIMIT ?
"""


async def suspend(name: str, by: str = "") -> None:
    """Shut somebody out: their sessions end, their pages answer 410, their bookmarks leave every stream.

    `name` is one of this server, or a handle or an address of somebody known here; `by` is the admin's own name. Other
    servers are told nothing; what waits to be sent is held back. A job takes the bookmarks out of the public streams.
    Raises NotFound, Refused when they are suspended already, or are who asks.
    """
    actor_id = await _known(name)

    async def work() -> None:
        person = await _person(actor_id)
        if by and person["local_name"] == by:
            raise Refused("You can’t suspend yourself.", field="name")
        if person["suspended_at"] is not None:
            raise Refused(_("%(name)s is suspended already.", name=name), field="name")
        await execute(_SET, now(), person["id"], person["id"])
        if person["account_id"] is not None:
            await end_sessions(person["account_id"])
        await execute(_HOLD_BACK, now(), HELD, person["id"], person["id"])
        if person["local_name"] is not None:
            await person_suspended(person)
        for row in await fetch(_READERS, person["id"], person["id"]):
            await follow_ended(row["follower_id"], row["target_id"])
        await show_or_hide_shared(person["id"])
        await queue.add(JOB, {"actor_id": person["id"]})

    await atomically(work)
    here().wake.set()
    log.info(ACCOUNT_SUSPENDED, name=name)


async def restore(name: str) -> None:
    """Let somebody in again, with everything as it was. Raises NotFound, Refused when they are not suspended."""
    actor_id = await _known(name)

    async def work() -> None:
        person = await _person(actor_id)
        if person["suspended_at"] is None:
            raise Refused(_("%(name)s is not suspended.", name=name), field="name")
        await execute(_SET, None, person["id"], person["id"])
        at = now()
        await rouse((row["host"] for row in await fetch(_LET_GO, at, at, at, HELD, person["id"], person["id"])), at)
        if person["local_name"] is not None:
            await person_restored(person)
        for row in await fetch(_READERS, person["id"], person["id"]):
            await follow_began(row["follower_id"], row["target_id"])
        await show_or_hide_shared(person["id"])
        await queue.add(JOB, {"actor_id": person["id"]})

    await atomically(work)
    here().wake.set()
    log.info(ACCOUNT_RESTORED, name=name)


async def relist(job: Row) -> None:
    """The worker's part of both: take a person's public bookmarks out of the public streams, or bring them back.

    Which of the two, the person's row says, batch by batch; so the last word wins.
    """
    actor_id, last, done = int(json.loads(job["payload"])["actor_id"]), 0, 0

    async def work() -> list[Row]:
        await hold("actor", actor_id)
        person = await fetch_one("SELECT * FROM actor WHERE id = ? AND gone_at IS NULL", actor_id)
        if person is None or person["local_name"] is None:
            return []
        listed = is_listed(Visibility.PUBLIC, author_consents=person["suspended_at"] is None)
        found = await fetch(_TO_LIST, actor_id, last, int(listed), _BATCH)
        for row in found:
            await change(row, {"listed": listed})
        return found

    while found := await atomically(work):
        last, done = found[-1]["id"], done + len(found)
        await queue.progress(job["id"], done)
    while hidden := await atomically(lambda: _hide_or_show(actor_id)):
        done += hidden
        await queue.progress(job["id"], done)
    await queue.finish(job["id"], {"bookmarks": done})


async def _hide_or_show(actor_id: int) -> int:
    """The same for some bookmarks of somebody elsewhere, whatever their visibility; returns how many."""
    await hold("actor", actor_id)
    author = await fetch_one("SELECT * FROM actor WHERE id = ? AND local_name IS NULL", actor_id)
    if author is None:
        return 0
    return await (show_notes_of if author["suspended_at"] is None else hide_notes_of)(author, _BATCH)


async def _known(name: str) -> int:
    """The actor of somebody with an account here, or of somebody elsewhere who is known here."""
    row = None
    with suppress(Refused):  # what is no name is nobody's
        who = read_who(name)
        row = await (known(name) if who.host or who.uri else fetch_one(_ACCOUNT, who.name))
    if row is None or row["gone_at"] is not None:
        raise NotFound(_("Nobody called %(name)s is known here.", name=name.strip()[:100]))
    return int(row["id"])


async def _person(actor_id: int) -> Row:
    """Their row, held for this transaction; `account_id` is None for who has no account here."""
    await hold("actor", actor_id)
    row = await fetch_one(_ACTOR, actor_id)
    if row is None:
        raise NotFound
    return row
