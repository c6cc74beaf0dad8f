"""Which tags can be followed, by address and by handle. A tag that was public here once can be for ever."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.database import fetch_one
from fedimark.errors import NotFound
from fedimark.outbox.tag_actors import TagActor
from fedimark.policy.visibility import Visibility
from fedimark.remote.known import local_person
from fedimark.timelines.found import Found
from fedimark.timelines.stream import PersonStream, TagStream

# A tally stays when what it counted is gone: that is how a person's tag is known to have been public once.
_WAS_PUBLIC = f"""
FROM tag g WHERE g.public_at IS NOT NULL AND (CAST(? AS BIGINT) = 0 OR EXISTS (
    SELECT 1 FROM tally y WHERE y.owner_id = ? AND y.tag_id = g.id AND y.visibility = {int(Visibility.PUBLIC)}))
"""
_BY_KEY = f"SELECT g.* {_WAS_PUBLIC} AND g.key = ?"
_OFFERED = f"""
SELECT g.*, (SELECT f.state FROM follow f JOIN actor s ON s.id = f.target_id
    WHERE f.follower_id = ? AND s.tag_id = g.id AND s.owner_id = ?) AS state,
(SELECT s.id FROM actor s WHERE s.tag_id = g.id AND s.owner_id = ?) AS actor_id {_WAS_PUBLIC} AND g.key = ?
"""
# A tag made to look like the hashed slug of another does not get its handle.
_BY_SLUG = f"""
SELECT g.* {_WAS_PUBLIC} AND g.slug = ? ORDER BY CASE WHEN g.key = g.slug THEN 1 ELSE 0 END, g.id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Followable:
    """What a page of one tag offers to follow; `state` is the viewer's follow, empty without one.

    `actor_id` is its row, 0 as long as nobody ever followed it.
    """

    actor: TagActor
    state: str
    is_own: bool
    actor_id: int


async def followable(found: Found) -> Followable | None:
    """What a page offers to follow; None for a tag that never was public, or of somebody whom the viewer blocks."""
    stream = found.stream
    if not isinstance(stream, PersonStream | TagStream) or len(stream.tags) != 1 or found.is_hidden:
        return None
    owner_id = found.owner["id"] if found.owner else 0
    tag = await fetch_one(_OFFERED, found.viewer_id, *[owner_id] * 4, stream.tags[0])
    if tag is None:
        return None
    return Followable(TagActor(tag, found.owner), tag["state"] or "", found.is_owner, tag["actor_id"] or 0)


async def was_public(found: Found) -> bool:
    """Whether a page of one tag shows it empty, rather than as if it never was."""
    offered = await followable(found)
    return offered is not None


async def tag_actor(username: str, key: str) -> TagActor:
    """The actor of a tag, of one person or with an empty name of everybody.

    Raises NotFound for a tag that never was public here, Gone where the person left.
    """
    return await _found(username, _BY_KEY, key)


async def tag_actor_of_handle(name: str) -> TagActor:
    """The actor whose handle begins like this, `tag.sql` or `ana.sql`; raises as `tag_actor` does."""
    person, _, slug = name.lower().partition(".")
    if not slug:
        raise NotFound
    return await _found("" if person == "tag" else person, _BY_SLUG, slug)


async def _found(username: str, sql: str, value: str) -> TagActor:
    owner = await local_person(username) if username else None
    owner_id = owner["id"] if owner else 0
    tag = await fetch_one(sql, owner_id, owner_id, value)
    if tag is None:
        raise NotFound
    return TagActor(tag, owner)
