"""Which stream an address means for one viewer: whose it is, what of it they may see, the tags' rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fedimark.database import Row, fetch, fetch_one, marks
from fedimark.errors import Gone, NotFound
from fedimark.policy.visibility import Viewer, Visibility, least_shown
from fedimark.text.tags import is_private
from fedimark.timelines.savers import seen_by
from fedimark.timelines.stream import (
    OWNERS_FILTERS,
    LinkStream,
    NetworkStream,
    PersonStream,
    PopularStream,
    Stream,
    TagStream,
)

_PERSON = """
SELECT a.*, (SELECT f.state FROM follow f WHERE f.follower_id = ? AND f.target_id = a.id) AS follow_state,
(SELECT k.is_mute FROM block k WHERE k.blocker_id = ? AND k.blocked_id = a.id) AS is_muted
FROM actor a WHERE a.local_name = ?
"""
# Somebody elsewhere; strangers are told of those of whom something stands on public pages: who agrees to that.
_ELSEWHERE = """
SELECT a.*, (SELECT f.state FROM follow f WHERE f.follower_id = ? AND f.target_id = a.id) AS follow_state,
(SELECT k.is_mute FROM block k WHERE k.blocker_id = ? AND k.blocked_id = a.id) AS is_muted,
EXISTS (SELECT 1 FROM bookmark b WHERE b.actor_id = a.id AND b.listed) AS is_shown
FROM actor a WHERE a.username = ? AND a.host = ? AND a.uri IS NOT NULL AND a.kind <> 'Feed'
AND a.gone_at IS NULL AND a.suspended_at IS NULL ORDER BY a.id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A stream that exists for this viewer: whose it is, the least visibility shown, the ids of its tags."""

    stream: Stream
    viewer: Viewer | None
    owner: Row | None = None
    least: Visibility = Visibility.PUBLIC
    tag_ids: tuple[int, ...] = ()
    link: Row | None = None

    @property
    def is_owner(self) -> bool:
        """Whether the viewer looks at their own."""
        return self.owner is not None and self.viewer is not None and self.owner["id"] == self.viewer.actor_id

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is of somebody of another server: what is known of it here."""
        return self.owner is not None and self.owner["local_name"] is None

    @property
    def is_hidden(self) -> bool:
        """Whether the viewer blocks or mutes whose stream it is: they see that it is there, and nothing of it."""
        return self.owner is not None and self.owner["is_muted"] is not None

    @property
    def is_muted(self) -> bool:
        """Whether of the two it is a mute."""
        return self.owner is not None and bool(self.owner["is_muted"])

    @property
    def viewer_id(self) -> int:
        """The viewer's actor, 0 for strangers."""
        return self.viewer.actor_id if self.viewer else 0


async def find(stream: Stream, viewer: Viewer | None) -> Found:
    """Look a stream up for a viewer.

    Raises NotFound, with the same words for what is not there and what is not theirs to see; Gone for who left.
    """
    if isinstance(stream, PersonStream):
        return await _find_person(stream, viewer)
    if isinstance(stream, TagStream | PopularStream):
        if any(is_private(key) for key in stream.tags):
            raise NotFound
        return Found(stream, viewer, tag_ids=await _tag_ids(stream.tags))
    if isinstance(stream, NetworkStream):
        if viewer is None:
            raise NotFound
        return Found(stream, viewer, tag_ids=await _tag_ids((stream.tag,) if stream.tag else ()))
    if isinstance(stream, LinkStream):
        seen = seen_by(viewer.actor_id if viewer else 0)
        sql = f"""
        SELECT l.id, l.hash, l.canonical, l.host, l.title, {seen.text}
        FROM link x JOIN link l ON l.id = COALESCE(x.root_id, x.id) WHERE x.hash = ?
        """
        link = await fetch_one(sql, *seen.values, stream.hash)
        if link is None:
            raise NotFound
        return Found(stream, viewer, link=link)
    return Found(stream, viewer)


async def _find_person(stream: PersonStream, viewer: Viewer | None) -> Found:
    viewer_id = viewer.actor_id if viewer else 0
    if "@" in stream.username:
        return await _find_elsewhere(stream, viewer)
    owner = await fetch_one(_PERSON, viewer_id, viewer_id, stream.username)
    if owner is None or owner["kind"] != "Person":
        raise NotFound
    if owner["gone_at"] is not None:
        raise Gone("This person has left.")
    if owner["suspended_at"] is not None:
        raise Gone("This account is suspended.")
    least = least_shown(owner["id"], viewer, viewer_follows_owner=owner["follow_state"] == "accepted")
    is_owner = least is Visibility.PRIVATE
    if not is_owner and (stream.only in OWNERS_FILTERS or any(is_private(key) for key in stream.tags)):
        raise NotFound
    return Found(stream, viewer, owner, least, await _tag_ids(stream.tags))


async def _find_elsewhere(stream: PersonStream, viewer: Viewer | None) -> Found:
    """What is known here of `name@host`, without tags and filters: whoever wants those goes to their own server."""
    viewer_id = viewer.actor_id if viewer else 0
    name, _, host = stream.username.partition("@")
    owner = await fetch_one(_ELSEWHERE, viewer_id, viewer_id, name, host)
    if owner is None or stream.tags or stream.only or not (viewer or owner["is_shown"]):
        raise NotFound
    return Found(stream, viewer, owner)


async def _tag_ids(keys: Sequence[str]) -> tuple[int, ...]:
    """The tags' ids; 0, which no tagging has, for a tag nobody ever used."""
    if not keys:
        return ()
    rows = await fetch(f"SELECT id, key FROM tag WHERE key IN ({marks(len(keys))})", *keys)
    ids = {row["key"]: int(row["id"]) for row in rows}
    return tuple(ids.get(key, 0) for key in keys)
