"""Following somebody, and following them no more."""

from __future__ import annotations

from typing import Protocol

from fedimark.database import Row, atomically, fetch, fetch_one
from fedimark.errors import Forbidden, Gone, NotFound, Refused
from fedimark.follows import membership, subscriptions, tags, telling
from fedimark.follows.kinds import FEED, is_digest, is_shared
from fedimark.follows.queries import one_follow
from fedimark.follows.resolve import read_who, resolve
from fedimark.here import here, now
from fedimark.language.said import _
from fedimark.outbox.follows import say_follow, say_undo
from fedimark.policy.blocks import is_blocked_actor
from fedimark.timelines.merge import follow_began, follow_ended, hold


class Reader(Protocol):
    """Somebody of this server who reads: a Viewer or an Owner."""

    @property
    def actor_id(self) -> int:
        """The row of `actor`."""


# Asking twice changes nothing; after a rejection one may ask again, with a Follow of its own.
_ASK = """
INSERT INTO follow (follower_id, target_id, state, public_id, created_at, answered_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (follower_id, target_id) DO UPDATE SET state = excluded.state, public_id = excluded.public_id,
created_at = excluded.created_at, answered_at = excluded.answered_at, asked_again_at = NULL
WHERE follow.state = 'rejected' RETURNING id
"""
_ACTOR = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL AND suspended_at IS NULL"
_LEFT = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL"
_FOLLOWED = """
SELECT a.* FROM follow f JOIN actor a ON a.id = f.target_id
WHERE f.follower_id = ? AND (a.uri = ? OR a.url = ? OR (lower(a.username) IN (?, ?, ?, ?) AND a.host = ?))
AND (a.kind <> 'Person' OR ? = '')
ORDER BY CASE WHEN a.uri = ? THEN 0 WHEN a.kind = 'Feed' THEN 2 ELSE 1 END LIMIT 1
"""


async def follow(reader: Reader, who: str) -> Row:
    """Follow whoever `who` names; returns the follow (see `queries.one_follow`), accepted or requested.

    People here and their tags are followed at once unless they approve by hand, feeds at once; others once their
    server says so. Asking again changes nothing, except after a rejection. Raises Refused for the field `who`,
    NotFound, Gone, Forbidden where a block stands between the two, Unreachable, Untrustworthy.
    """
    target = await resolve(who)
    if await is_blocked_actor(target):
        raise Forbidden("This server has nothing to do with that one.")
    if target["suspended_at"] is not None:
        raise Forbidden("This server has nothing to do with them.")
    if reader.actor_id in (target["id"], target["owner_id"]):
        raise Refused("You can’t follow yourself.", field="who")
    if target["local_name"] is not None and target["kind"] == "Application":
        raise Refused("That is this server itself: nobody to follow.", field="who")
    if target["moved_to"]:
        raise Refused(_("They moved to %(there)s: follow them there.", there=target["moved_to"]), field="who")
    if is_digest(target):
        # Their bookmarks come one by one here, and gather with those of others.
        raise Refused(
            _("A digest is for servers without bookmarks. Follow %(who)s here.", who=target["attributed_to"]),
            field="who",
        )
    await atomically(lambda: ask(reader.actor_id, target["id"]))
    here().wake.set()
    return await one_follow(reader.actor_id, target["id"])


async def unfollow(reader: Reader, who: str) -> None:
    """Follow somebody no more, or withdraw the request; asks no other server. Raises Refused, NotFound."""
    row = await followed(reader.actor_id, who)
    if row is None:
        raise NotFound("You don’t follow anybody of that name.")
    await atomically(lambda: leave(reader.actor_id, row["id"]))
    here().wake.set()


async def followed(follower_id: int, who: str) -> Row | None:
    """Whom somebody follows by that name, or asked to; None for nobody. Asks no other server. Raises Refused."""
    named = read_who(who)
    uri = named.uri or "-"
    return await fetch_one(_FOLLOWED, follower_id, uri, uri, *named.names, named.host, named.tag, uri)


async def ask(follower_id: int, target_id: int) -> None:
    """Ask to follow, inside `write()`; both are ids of `actor`, the follower a person here or the page of a tag.

    Raises Gone, Forbidden where a block stands, Refused for a page that would follow what is no stream.
    """
    # A block made at this moment comes before and is found, or after and ends the follow.
    await hold("actor", follower_id, target_id)
    follower, target = await fetch_one(_ACTOR, follower_id), await fetch_one(_ACTOR, target_id)
    if follower is None or target is None:
        raise Gone
    if await tags.is_barred(follower_id, target):
        raise Forbidden("A block stands between the two of you.")
    if await is_shared(target):
        await subscriptions.join(follower, target)
        return
    if follower["tag_id"] is not None:
        raise Refused("Only a stream that lets everybody follow can be shown on a tag’s page.", field="who")
    is_asked = target["uri"] is not None and target["kind"] != FEED
    accepted = not is_asked and not await tags.approves(target)
    public_id, at = here().new_id(), now()
    state = "accepted" if accepted else "requested"
    if not await fetch(_ASK, follower_id, target_id, state, public_id, at, at if accepted else None):
        return
    if is_asked:
        await say_follow(follower, target, public_id)
        return
    if accepted:
        await follow_began(follower_id, target_id)
    if target["uri"] is None:
        await telling.asked(follower_id, target, state)


async def leave(follower_id: int, target_id: int) -> None:
    """End a follow of somebody here, inside `write()`, and tell whom they followed."""
    await hold("actor", follower_id, target_id)
    sql = "DELETE FROM follow WHERE follower_id = ? AND target_id = ? RETURNING state, public_id"
    ended = await fetch(sql, follower_id, target_id)
    if not ended:
        return
    await membership.left(follower_id, target_id)
    if ended[0]["state"] == "accepted":
        await follow_ended(follower_id, target_id)
    follower, target = await fetch_one(_ACTOR, follower_id), await fetch_one(_LEFT, target_id)
    if target is None or target["uri"] is None:
        return
    if ended[0]["public_id"] is None:
        await subscriptions.left(target_id)
    elif follower and ended[0]["state"] != "rejected":
        await say_undo(follower, target, ended[0]["public_id"])
