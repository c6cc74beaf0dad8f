"""What other servers say about follows, once proven: rows changed inside `write()`, each twice as well as once.

`follower` and `target` are rows of `actor`. Every function returns a short word for what it did.
"""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.follows import membership, subscriptions, tags, telling
from fedimark.follows.crowd import is_crowd
from fedimark.follows.kinds import is_stream
from fedimark.here import MICROS, now
from fedimark.jobs import queue
from fedimark.outbox.follows import say_accept, say_reject
from fedimark.policy.quarantine import let_in
from fedimark.remote.signing import INSTANCE_NAME
from fedimark.timelines.merge import follow_began, follow_ended, hold
from fedimark.vocab.activities import ActivityRef

IGNORED = "ignored"
BACKFILL = "backfill"  # the job that reads what somebody said before anybody here followed them

_READ_AGAIN = 3_600 * MICROS
LATE = 86_400 * MICROS  # how long a Follow may come after its Undo
# The newest Follow's id is kept: it is the one that an answer must name.
ANSWERED_ANEW = """
ON CONFLICT (follower_id, target_id) DO UPDATE SET uri = excluded.uri,
state = CASE WHEN follow.state = 'rejected' THEN excluded.state ELSE follow.state END,
answered_at = CASE WHEN follow.state = 'rejected' THEN excluded.answered_at ELSE follow.answered_at END
"""
_ASKED = f"""
INSERT INTO follow (follower_id, target_id, state, uri, created_at, answered_at) VALUES (?, ?, ?, ?, ?, ?)
{ANSWERED_ANEW} RETURNING state
"""
_STATE = "SELECT state FROM follow WHERE follower_id = ? AND target_id = ?"
_CAME = "SELECT id FROM received_activity WHERE uri_hash = ? AND kind = 'Follow'"
_WITHHOLD = """
INSERT INTO withheld (uri_hash, updated_at, kept_at) VALUES (?, ?, ?)
ON CONFLICT (uri_hash) DO UPDATE SET kept_at = excluded.kept_at
"""
_WITHHELD = "SELECT id FROM withheld WHERE uri_hash = ? AND kept_at > ?"
_READERS = """
SELECT f.id FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = ? AND f.state = 'accepted' AND a.local_name IS NOT NULL LIMIT 1
"""
_PERSON = """
SELECT * FROM actor WHERE local_name = ? AND kind = 'Person' AND gone_at IS NULL AND suspended_at IS NULL
"""


async def asked(follower: Row, target_uri: str, follow_uri: str | None) -> str:
    """Somebody elsewhere asks to follow somebody here, or a tag. Asked again, it is accepted again, with the new id.

    Where a block stands between the two, or whom they ask moved away, it is refused at once; of a crowd the later ones
    wait for a person, however often they ask.
    """
    name = addresses.local_username(target_uri)
    target = await fetch_one(_PERSON, name) if name else await tags.followable(target_uri)
    if target is None or await _was_withdrawn(follower, follow_uri):
        return IGNORED
    await hold("actor", follower["id"], target["id"])
    if target["moved_to"] or await tags.is_barred(follower["id"], target):
        await say_reject(target, follower, follow_uri)
        return "refused"
    known = await fetch_one(_STATE, follower["id"], target["id"])
    is_new = known is None or known["state"] == "rejected"
    by_hand = (is_new and await is_crowd(follower["uri"])) or await tags.approves(target)
    at = now()
    state = "requested" if by_hand else "accepted"
    row = (await fetch(_ASKED, follower["id"], target["id"], state, follow_uri, at, None if by_hand else at))[0]
    if row["state"] == "accepted":
        await say_accept(target, follower, follow_uri)
    if is_new:
        await telling.asked(follower["id"], target, row["state"])
    return str(row["state"])


async def withdrawn(follower: Row, ref: ActivityRef) -> str:
    """Somebody elsewhere follows somebody here no more: named by the Follow's id, else by whom they followed.

    The Undo of a Follow before the one that stands ends nothing. An id that never came here is no reason to keep the
    follow: old Mastodons name a row of theirs. One that comes first keeps its Follow out, if that comes soon.
    """
    if ref.id is not None:
        if await execute("DELETE FROM follow WHERE follower_id = ? AND uri = ?", follower["id"], ref.id):
            return "withdrawn"
        if await fetch_one(_CAME, name_of(follower, ref.id)) is not None:
            return IGNORED
    target_id = await _target_id(ref.object) if ref.object else None
    if target_id is not None:
        if await execute("DELETE FROM follow WHERE follower_id = ? AND target_id = ?", follower["id"], target_id):
            return "withdrawn"
        if ref.id is not None:
            await execute(_WITHHOLD, name_of(follower, ref.id), now(), now())
    return IGNORED


async def _target_id(uri: str) -> int | None:
    """The row of a person or a tag of this server."""
    name = addresses.local_username(uri)
    row = await fetch_one("SELECT id FROM actor WHERE local_name = ?", name) if name else await tags.known(uri)
    return None if row is None else int(row["id"])


async def _was_withdrawn(follower: Row, follow_uri: str | None) -> bool:
    if follow_uri is None:
        return False
    return await fetch_one(_WITHHELD, name_of(follower, follow_uri), now() - LATE) is not None


def name_of(follower: Row, follow_uri: str) -> str:
    """What a Follow is kept under: as `received_activity` names it, so that nobody else's id is meant."""
    return addresses.uri_hash(f"{follower['uri']} {follow_uri}")


async def accepted(target: Row, ref: ActivityRef) -> str:
    """Somebody elsewhere lets somebody here follow them, or the server; only what was asked can be accepted."""
    row = await _ours(target, ref)
    if row is None or row["state"] == "accepted":
        return IGNORED
    is_first = await fetch_one(_READERS, target["id"]) is None
    if await subscriptions.is_subscription(row):
        await subscriptions.answered(row, "accepted")
    else:
        await _answered(row, "accepted")
        await follow_began(row["follower_id"], target["id"])
        if not await is_stream(target):
            await let_in(target["uri"])  # somebody here chose somebody there
    about = {"actor_id": target["id"]}
    # Who says yes and no in turns gets no reading for each yes.
    if is_first and not await queue.was_added(BACKFILL, about, now() - _READ_AGAIN):
        await queue.add_errand(BACKFILL, about)
    return "accepted"


async def rejected(target: Row, ref: ActivityRef) -> str:
    """Somebody elsewhere refuses somebody here, or ends what they accepted before."""
    row = await _ours(target, ref)
    if row is None or row["state"] == "rejected":
        return IGNORED
    if await subscriptions.is_subscription(row):
        await subscriptions.answered(row, "rejected")
        return "rejected"
    await _answered(row, "rejected")
    await membership.left(row["follower_id"], target["id"])
    if row["state"] == "accepted":
        await follow_ended(row["follower_id"], target["id"])
    return "rejected"


async def forget(actor: Row) -> None:
    """Take out every follow of somebody elsewhere who is gone."""
    readers = await fetch("SELECT follower_id FROM follow WHERE target_id = ?", actor["id"])
    await execute("DELETE FROM follow WHERE target_id = ? OR follower_id = ?", actor["id"], actor["id"])
    await membership.gone(actor["id"])
    for reader in readers:
        await follow_ended(reader["follower_id"], actor["id"])


async def _ours(target: Row, ref: ActivityRef) -> Row | None:
    """Our Follow of `target` that an answer names, by its id or by who asked; nobody answers for another.

    The stream's row is held first: who asks for it or leaves it at this moment is seen.
    """
    await hold("actor", target["id"])
    follow_id = addresses.local_follow(ref.id) if ref.id else None
    if follow_id is not None:
        return await fetch_one("SELECT * FROM follow WHERE public_id = ? AND target_id = ?", follow_id, target["id"])
    name = _local_name(ref.actor) if ref.actor else None
    if name is None or ref.object != target["uri"]:
        return None
    sql = "SELECT f.* FROM follow f JOIN actor a ON a.id = f.follower_id WHERE a.local_name = ? AND f.target_id = ?"
    return await fetch_one(sql, name, target["id"])


def _local_name(uri: str) -> str | None:
    """The name of a person here, or of the server's own actor, by their id."""
    is_server = addresses.local_path(uri) == addresses.INSTANCE_ACTOR
    return INSTANCE_NAME if is_server else addresses.local_username(uri)


async def _answered(row: Row, state: str) -> None:
    await execute("UPDATE follow SET state = ?, answered_at = ? WHERE id = ?", state, now(), row["id"])
