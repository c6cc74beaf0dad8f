"""Moving away: followers here and elsewhere go to another account, and this one keeps what it has. (FEP-7628)

The other account must name this one (`alsoKnownAs`). After a move nothing new is saved here and nobody follows any
more; what is there can be changed, hidden, taken out. Coming back ends that; followers who went stay where they are.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Final

from fedimark.accounts.aliases import handle_of
from fedimark.accounts.credentials import prove_password
from fedimark.accounts.profile import say_changed
from fedimark.addresses import absolute, person, uri_hash
from fedimark.database import Row, atomically, execute, fetch_one
from fedimark.errors import NotFound, Refused, Taken, Unreachable
from fedimark.follows.moving import COOL_DOWN, moved
from fedimark.follows.resolve import PATIENCE_S, resolve
from fedimark.here import here, now
from fedimark.jobs import queue
from fedimark.language.said import _
from fedimark.logs import ACCOUNT_MOVED, log
from fedimark.outbox.publish import person_moved
from fedimark.policy.visibility import Viewer
from fedimark.remote.fetch import fetch_document
from fedimark.remote.profile import store_actor
from fedimark.timelines.merge import hold
from fedimark.vocab.actors import read_actor

KIND: Final = "moved-away"
_BATCH: Final = 200  # followers here that go along in one transaction
_ACTOR: Final = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands: `moved_to` is the id they moved to and `handle` what it is called, both empty before.

    `again_at` is from when on they may move, 0 where that is now.
    """

    moved_to: str
    handle: str
    again_at: int


async def standing_of(viewer: Viewer) -> Standing:
    """Where somebody stands. Raises NotFound for who left."""
    actor = await _actor(viewer)
    target = await fetch_one("SELECT * FROM actor WHERE uri_hash = ?", uri_hash(actor["moved_to"]))
    handle = handle_of(target) if target else actor["moved_to"]
    return Standing(actor["moved_to"], handle, _again_at(actor))


async def move(viewer: Viewer, who: str, password: str) -> None:
    """Move to another account, whose server is asked; followers are told by the worker.

    Raises Refused for the field `who` or `password`, Taken for who moved already, and what `resolve` raises.
    """
    await prove_password(viewer, password)
    _check(await _actor(viewer))
    target = await _target(viewer, who)
    await atomically(lambda: _move(viewer, target["uri"]))
    here().wake.set()
    log.info(ACCOUNT_MOVED, name=viewer.username, to=target["uri"])


async def come_back(viewer: Viewer) -> None:
    """Be here again: the account names no other any more. Who followed it before follows the other now."""

    async def work() -> None:
        if await execute("UPDATE actor SET moved_to = '' WHERE id = ? AND moved_to <> ''", viewer.actor_id):
            await say_changed(viewer)

    await atomically(work)
    here().wake.set()


async def run_followers(job: Row) -> None:
    """Let some followers here go along, and leave the others to a job after this; the worker's handler."""
    wanted = json.loads(job["payload"])
    old = await fetch_one(_ACTOR, wanted["actor_id"])
    new = await fetch_one("SELECT * FROM actor WHERE uri_hash = ? AND gone_at IS NULL", uri_hash(wanted["target"]))

    async def work() -> None:
        # Who came back meanwhile keeps whom they have still.
        is_so = old is not None and new is not None and old["moved_to"] == wanted["target"]
        if is_so and old and new and await moved(old, new, old["moved_at"], _BATCH) == _BATCH:
            await queue.add(KIND, wanted, owner_id=job["owner_id"])
        await queue.finish(job["id"], {})

    await atomically(work)


def _again_at(actor: Row) -> int:
    again_at = (actor["moved_at"] or -COOL_DOWN) + COOL_DOWN
    return again_at if again_at > now() else 0


def _check(actor: Row) -> None:
    if actor["moved_to"]:
        raise Taken("This account moved already.", field="who")
    if _again_at(actor):
        raise Refused("You moved less than a week ago. Wait for the week to end, then move.", field="who")


async def _target(viewer: Viewer, who: str) -> Row:
    """The account that somebody means, as its server shows it now."""
    found = await resolve(who)
    if found["id"] == viewer.actor_id:
        raise Refused("That is this account itself.", field="who")
    if found["local_name"] is not None or found["uri"] is None:
        raise Refused("That is an account of this server. One moves to another server.", field="who")
    if found["kind"] != "Person":
        raise Refused("That is no account of a person.", field="who")
    try:
        async with asyncio.timeout(PATIENCE_S):
            document = await fetch_document(found["uri"])
    except TimeoutError as error:
        raise Unreachable from error
    said = read_actor(document)
    own = absolute(person(viewer.username))
    if own not in said.also_known_as:
        raise Refused(
            _("That account does not name this one. Name %(own)s there first, as another account.", own=own),
            field="who",
        )
    if said.moved_to:
        raise Refused("That account moved on itself.", field="who")
    return await store_actor(document)


async def _move(viewer: Viewer, target_uri: str) -> None:
    await hold("actor", viewer.actor_id)
    _check(await _actor(viewer))
    sql = "UPDATE actor SET moved_to = ?, moved_at = ? WHERE id = ?"
    await execute(sql, target_uri, now(), viewer.actor_id)
    await say_changed(viewer)
    await person_moved(await _actor(viewer))
    await queue.add(KIND, {"actor_id": viewer.actor_id, "target": target_uri}, owner_id=viewer.account_id)


async def _actor(viewer: Viewer) -> Row:
    actor = await fetch_one(_ACTOR, viewer.actor_id)
    if actor is None:
        raise NotFound
    return actor
