"""One subscription of this server to a stream elsewhere, however many people and pages here follow it.

On the wire the follower is the server's own actor: its follow has a `public_id`. Whoever follows the stream here has a
follow without one, whose state is that of the subscription. Who changes any of them holds the stream's row, inside
`write()`: so two who ask at one moment make one Follow, and the last to leave does not end what another just joined.
"""

from __future__ import annotations

import json
from typing import Final

from fedimark import addresses
from fedimark.database import Row, atomically, execute, fetch, fetch_one, marks
from fedimark.errors import Refused
from fedimark.here import here, now
from fedimark.jobs import queue
from fedimark.outbox.follows import say_follow, say_undo
from fedimark.remote.signing import instance_actor
from fedimark.timelines.merge import follow_began, follow_ended, hold

JOB: Final = "follow_along"  # for those who did not fit into the transaction that took the answer in

BATCH: Final = 200  # followers in one transaction: other writers wait for it

_OF = "SELECT * FROM follow WHERE follower_id = ? AND target_id = ?"
_JOIN = """
INSERT INTO follow (follower_id, target_id, state, created_at, answered_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (follower_id, target_id) DO UPDATE SET state = excluded.state, public_id = NULL,
created_at = excluded.created_at, answered_at = excluded.answered_at, asked_again_at = NULL
WHERE follow.state = 'rejected' RETURNING id
"""
_SUBSCRIBE = """
INSERT INTO follow (follower_id, target_id, state, public_id, created_at) VALUES (?, ?, 'requested', ?, ?)
ON CONFLICT (follower_id, target_id) DO UPDATE SET state = excluded.state, public_id = excluded.public_id,
created_at = excluded.created_at, answered_at = NULL, asked_again_at = NULL
"""
_HANGS = "target_id = ? AND public_id IS NULL AND state <> 'rejected'"
_BEHIND = f"SELECT follower_id FROM follow WHERE {_HANGS} AND state <> ? ORDER BY id LIMIT ?"
_HELD = """
SELECT f.* FROM follow f
WHERE f.target_id = ? AND f.public_id IS NULL AND f.state <> 'rejected' AND f.state <> ? AND f.follower_id IN ({marks})
"""
_ANSWER = "UPDATE follow SET state = ?, answered_at = ? WHERE id = ?"
_END = "DELETE FROM follow WHERE follower_id = ? AND target_id = ? RETURNING state, public_id"
_THROUGH_US = """
SELECT f.target_id FROM follow f JOIN actor t ON t.id = f.target_id
WHERE f.follower_id = ? AND f.public_id IS NULL AND t.uri IS NOT NULL ORDER BY f.target_id
"""
_LIVING = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL"


async def join(follower: Row, target: Row) -> None:
    """Let a reader or a tag's page follow a stream; the first lets the server ask for it. The stream's row is held.

    Where it is subscribed already, it is followed at once. Asking again changes nothing, except after a rejection.
    """
    if addresses.local_path(target["uri"]) is not None:
        raise Refused("That is of this server.", field="who")
    keeper = await instance_actor()
    known = await fetch_one(_OF, keeper["id"], target["id"])
    is_new = known is None or known["state"] == "rejected"
    state, at = "requested" if known is None or is_new else known["state"], now()
    answered_at = at if state == "accepted" else None
    if not await fetch(_JOIN, follower["id"], target["id"], state, at, answered_at):
        return
    if is_new:
        public_id = here().new_id()
        await execute(_SUBSCRIBE, keeper["id"], target["id"], public_id, at)
        await say_follow(keeper, target, public_id)
    elif state == "accepted":
        await follow_began(follower["id"], target["id"])


async def left(target_id: int) -> None:
    """End the subscription if the follow that ended was the last that hung on it. The stream's row is held."""
    if await fetch_one(f"SELECT id FROM follow WHERE {_HANGS} LIMIT 1", target_id):
        return
    keeper = await instance_actor()
    ended = await fetch(_END, keeper["id"], target_id)
    target = await fetch_one(_LIVING, target_id)
    if ended and target and ended[0]["state"] != "rejected":
        await say_undo(keeper, target, ended[0]["public_id"])


async def left_all(follower_id: int) -> None:
    """End all that somebody here follows through the server's subscriptions, inside `write()`: they leave."""
    targets = [row["target_id"] for row in await fetch(_THROUGH_US, follower_id)]
    if not targets:
        return
    await hold("actor", *targets)
    for target_id in targets:
        await execute(_END, follower_id, target_id)
        await left(target_id)


async def is_subscription(follow: Row) -> bool:
    """Whether a follow is the server's own, on which others hang."""
    return bool(follow["follower_id"] == (await instance_actor())["id"])


async def answered(subscription: Row, state: str) -> None:
    """Let what the stream answered hold for everybody who follows it here: some at once, the others by a job."""
    target_id = subscription["target_id"]
    followers = await _hold(target_id, state)
    await execute(_ANSWER, state, now(), subscription["id"])
    await _follow_along(target_id, state, followers)
    if len(followers) == BATCH:
        await queue.add(JOB, {"actor_id": target_id})


async def follow_along(job: Row) -> None:
    """The worker's part: bring those who are left to the state of the subscription as it is now, batch by batch."""
    target_id, done = int(json.loads(job["payload"])["actor_id"]), 0
    while moved := await atomically(lambda: _some(target_id)):
        done += moved
        await queue.progress(job["id"], done)
    await queue.finish(job["id"], {"follows": done})


async def _some(target_id: int) -> int:
    keeper = await instance_actor()
    before = await fetch_one(_OF, keeper["id"], target_id)
    if before is None:
        return 0
    followers = await _hold(target_id, before["state"])
    after = await fetch_one(_OF, keeper["id"], target_id)
    # Answered anew while we waited: the next look is at that.
    if after is not None and after["state"] == before["state"]:
        await _follow_along(target_id, after["state"], followers)
    return len(followers)


async def _hold(target_id: int, state: str) -> list[int]:
    """Some of those who are not in this state yet, held together with the stream."""
    followers = [row["follower_id"] for row in await fetch(_BEHIND, target_id, state, BATCH)]
    await hold("actor", target_id, *followers)
    return followers


async def _follow_along(target_id: int, state: str, followers: list[int]) -> None:
    rows = await fetch(_HELD.format(marks=marks(len(followers))), target_id, state, *followers) if followers else []
    for row in rows:
        await execute(_ANSWER, state, now(), row["id"])
        if state == "accepted":
            await follow_began(row["follower_id"], target_id)
        elif row["state"] == "accepted":
            await follow_ended(row["follower_id"], target_id)
