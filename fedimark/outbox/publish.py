"""Who is told of a bookmark: rows written inside the transaction that changes it, never a word sent from here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from fedimark import addresses
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.delivery.enqueue import has_followers, say, say_to_followers
from fedimark.delivery.pacing import moment_of_more, moment_of_new
from fedimark.here import here, now
from fedimark.outbox import documents, ids, relays
from fedimark.outbox.consent import group_for
from fedimark.outbox.profiles import MICRO, PROFILE_SQL, profiles_of
from fedimark.outbox.proofs import sealed, sealed_shapes
from fedimark.policy.blocks import between, inboxes_of_estranged
from fedimark.policy.visibility import Visibility
from fedimark.vocab.terms import Doc


class Speaker(Protocol):
    """Somebody of this server who says something."""

    @property
    def actor_id(self) -> int:
        """The row of `actor`."""

    @property
    def username(self) -> str:
        """The name in their addresses."""


# One letter a server, however many of its people follow: the shared inbox where there is one.
_FOLLOWERS = """
SELECT DISTINCT CASE WHEN a.shared_inbox <> '' THEN a.shared_inbox ELSE a.inbox END AS inbox
FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = ? AND f.state = 'accepted' AND a.uri IS NOT NULL AND a.gone_at IS NULL
AND a.suspended_at IS NULL AND a.inbox <> ''
"""
_SOURCE = """
SELECT id, CASE WHEN shared_inbox <> '' THEN shared_inbox ELSE inbox END AS inbox FROM actor
WHERE uri_hash = ? AND uri IS NOT NULL AND gone_at IS NULL AND suspended_at IS NULL AND inbox <> ''
"""
_REACHED = "SELECT inbox FROM reach WHERE object_hash = ?"
_WAITING = "SELECT inbox FROM delivery WHERE object_hash = ? AND dead_at IS NULL"
# Those under lease are being sent this moment: they settle themselves.
_CANCEL = "DELETE FROM delivery WHERE object_hash = ? AND dead_at IS NULL AND lease_until <= ?"
_SUPERSEDE = f"{_CANCEL} AND activity_id IN (SELECT id FROM activity WHERE object_hash = ? AND kind = 'Update')"

_CANCEL_ALL = """
DELETE FROM delivery WHERE dead_at IS NULL AND lease_until <= ?
AND activity_id IN (SELECT id FROM activity WHERE actor_id = ?)
"""


async def bookmark_created(owner: Speaker, bookmark: Row) -> None:
    """Tell every server with an accepted follower of a new publication, relays, and whose bookmark it was copied from;
    inside `write()`, the owner held.

    After many at once it is told later. (`delivery.pacing`)
    """
    further = await relays.inboxes_for(owner.actor_id, bookmark)
    source = await _source_of(owner, bookmark)
    if not further and not source and not await has_followers(owner.actor_id):
        return
    actor, group, at = await _actor(owner), await group_for(owner.actor_id, bookmark), now()

    def shaped(profiles: Collection[str]) -> dict[str, Doc]:
        said = {name: documents.create(owner.username, bookmark, name or MICRO, group) for name in profiles}
        return sealed_shapes(said, actor, at)

    which = await relays.shapes_for(shaped(("",))[""], further) if further else {}
    uri = ids.note(owner.username, bookmark["public_id"])
    paced = await moment_of_new(owner.actor_id)
    to_others = source | {inbox: which.get(inbox, "") for inbox in sorted(further)}
    await say_to_followers(owner.actor_id, "Create", uri, bookmark["public_id"], shaped, PROFILE_SQL, paced, to_others)


async def bookmark_updated(owner: Speaker, bookmark: Row) -> None:
    """Tell followers, relays and whoever else got a publication that it changed, inside `write()`.

    An older Update that still waits is superseded. What is for followers only goes to who follows now: somebody who
    left keeps the words they had, and gets no newer ones; so does who is blocked, or blocks. Where the Create is told
    later, so is this.
    """
    uri = ids.note(owner.username, bookmark["public_id"])
    object_hash = addresses.uri_hash(uri)
    inboxes = await _inboxes(_FOLLOWERS, owner.actor_id) | await relays.inboxes_for(owner.actor_id, bookmark)
    if bookmark["visibility"] > Visibility.FOLLOWERS:
        inboxes |= await _got(object_hash) - await inboxes_of_estranged(owner.actor_id)
    await execute(_SUPERSEDE, object_hash, now(), object_hash)
    if inboxes:
        activity_id, shapes = here().new_id(), await profiles_of(inboxes)
        group = await group_for(owner.actor_id, bookmark)
        said = {
            profile: documents.update(owner.username, bookmark, activity_id, profile, group)
            for profile in {MICRO, *shapes.values()}
        }
        author = await _actor(owner)
        said = sealed_shapes(said, author, now())
        shapes |= await relays.shapes_for(said[MICRO], inboxes)
        paced = await moment_of_more(object_hash)
        await say(owner.actor_id, "Update", uri, said[MICRO], sorted(inboxes), activity_id, said, shapes, paced)


async def bookmark_ended(owner: Speaker, public_id: str, visibility: Visibility) -> None:
    """Tell whoever may have a publication that it is gone, inside `write()`.

    That is who got it, and of what stood in the outbox every follower too: their server may have read it there. A
    server whose Create still waited hears neither.
    """
    uri = ids.note(owner.username, public_id)
    object_hash = addresses.uri_hash(uri)
    inboxes, spared = await withdraw(object_hash)
    if visibility is Visibility.PUBLIC:
        inboxes |= await _inboxes(_FOLLOWERS, owner.actor_id) - spared
    if inboxes:
        activity_id = here().new_id()
        author = await _actor(owner)
        document = sealed(documents.delete(owner.username, public_id, activity_id, now()), author, now())
        which = await relays.shapes_for(document, inboxes)
        await say(owner.actor_id, "Delete", uri, document, sorted(inboxes), activity_id, profiles=which)


async def withdraw(object_hash: str) -> tuple[set[str], set[str]]:
    """Cancel what still waits to be said of an object, inside `write()`; returns the inboxes that may have it all the
    same, and those whose letters were cancelled.
    """
    # First of all: on PostgreSQL a worker may be taking these rows at this moment, and what it took is seen only after.
    cancelled = await fetch(f"{_CANCEL} RETURNING inbox, tries, lease_until", object_hash, now())
    # A try whose answer was lost may have arrived, and so may one under way.
    doubtful = {row["inbox"] for row in cancelled if row["tries"] or row["lease_until"]}
    return doubtful | await _got(object_hash), {row["inbox"] for row in cancelled}


async def person_changed(actor: Row) -> None:
    """Tell every server with an accepted follower what somebody here is like now, inside `write()`.

    `actor` is their whole row as it is now. An older Update that still waits is superseded.
    """
    uri = ids.actor(actor["local_name"])
    object_hash = addresses.uri_hash(uri)
    await execute(_SUPERSEDE, object_hash, now(), object_hash)
    inboxes = await _inboxes(_FOLLOWERS, actor["id"])
    if inboxes:
        activity_id = here().new_id()
        document = sealed(documents.update_person(actor, activity_id, now()), actor, now())
        await say(actor["id"], "Update", uri, document, sorted(inboxes), activity_id)


async def person_moved(actor: Row) -> None:
    """Tell every server with an accepted follower where somebody went, inside `write()`; `actor` is their row now."""
    inboxes = await _inboxes(_FOLLOWERS, actor["id"])
    if inboxes:
        activity_id = here().new_id()
        document = sealed(documents.move_person(actor, activity_id, now()), actor, now())
        await say(actor["id"], "Move", ids.actor(actor["local_name"]), document, sorted(inboxes), activity_id)


async def person_ended(actor: Row) -> None:
    """Tell every server that ever dealt with somebody of this one that they left, inside `write()`.

    What they still had to say is cancelled. To be called while their follows still stand; the actor's row keeps its
    private key, for the Delete is signed when it is sent.
    """
    uri = ids.actor(actor["local_name"])
    known_to = await _inboxes(_REACHED, addresses.uri_hash(uri))
    inboxes = known_to | await _inboxes(_FOLLOWERS, actor["id"])
    await execute(_CANCEL_ALL, now(), actor["id"])
    if inboxes:
        document = sealed(documents.delete_person(actor["local_name"], now()), actor, now())
        which = await relays.shapes_for(document, inboxes)
        await say(actor["id"], "Delete", uri, document, sorted(inboxes), here().new_id(), profiles=which)


async def _source_of(owner: Speaker, bookmark: Row) -> dict[str, str]:
    """The inbox of whose bookmark elsewhere this one was copied from, with the name of its shape; empty for nobody.

    A copy that is for followers alone is not for them.
    """
    if not bookmark["via_author"] or bookmark["visibility"] < Visibility.UNLISTED:
        return {}
    author = await fetch_one(_SOURCE, addresses.uri_hash(bookmark["via_author"]))
    if author is None or await between(owner.actor_id, author["id"]):
        return {}
    inbox, profile = next(iter((await profiles_of([author["inbox"]])).items()))
    return {inbox: "" if profile == MICRO else profile}


async def _actor(owner: Speaker) -> Row:
    row = await fetch_one("SELECT * FROM actor WHERE id = ?", owner.actor_id)
    assert row is not None
    return row


async def _got(object_hash: str) -> set[str]:
    """Who got a publication, or will: what arrives between the two looks is in the first, or in both."""
    return await _inboxes(_WAITING, object_hash) | await _inboxes(_REACHED, object_hash)


async def _inboxes(sql: str, *parameters: object) -> set[str]:
    return {row["inbox"] for row in await fetch(sql, *parameters)}
