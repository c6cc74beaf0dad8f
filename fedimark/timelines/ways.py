"""By which ways bookmarks come into a reader's network, as parts of SQL: saved, shared, or under a tag followed.

The same ways as `timelines.merge` lets in; here for a narrowed network, whose entries are not kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.database import Sql
from fedimark.policy.blocks import not_hidden
from fedimark.policy.visibility import Visibility
from fedimark.timelines.found import Found
from fedimark.timelines.merge import SHAREABLE
from fedimark.timelines.stream import NetworkStream

FOLLOWED = "follow f JOIN actor m ON m.id = f.target_id"
_SEEN = f"f.follower_id = ? AND f.state = 'accepted' AND m.suspended_at IS NULL AND {not_hidden('m.id')}"
_OF_LIST = "EXISTS (SELECT 1 FROM list_member e WHERE e.list_id = ? AND e.actor_id = m.id)"
_TAGGED = "EXISTS (SELECT 1 FROM bookmark_tag w WHERE w.bookmark_id = b.id AND w.tag_id = ? AND w.visibility > 0)"
_TAGGINGS = "bookmark_tag y JOIN bookmark b ON b.id = y.bookmark_id"


@dataclass(frozen=True, slots=True)
class Way:
    """How bookmarks `b` come from somebody followed, `m`: from which tables, by which condition, since which moment.

    `by` is what names `m`; `from_tag` says that it is a tag, from which rows are found best, and `speaks` that `m`
    saved them: their words are those of somebody followed.
    """

    tables: str
    at: str
    by: str
    where: Sql
    from_tag: bool = False
    speaks: bool = False


def followed_by(found: Found) -> Sql:
    """The condition on a follow `f` of `m`: that this stream holds what comes from them."""
    stream = network_of(found)
    seen = Sql(_SEEN, (found.viewer_id, found.viewer_id))
    if stream.list_id:
        seen &= Sql(_OF_LIST, (stream.list_id,))
    return seen & Sql("m.id = ?", (stream.from_id,)) if stream.from_id else seen


def ways(found: Found) -> list[Way]:
    """Every way that this stream holds."""
    stream = network_of(found)
    saved = _saved(found, "m.id", int(Visibility.UNLISTED if stream.leaves else Visibility.FOLLOWERS))
    if stream.hides_shares:
        return [saved]
    passed_on = _kept(stream) & Sql(not_hidden("b.actor_id"), (found.viewer_id,))
    if stream.tag:
        passed_on &= Sql(_TAGGED, found.tag_ids)
    shared = Sql(f"y.bookmark_id IS NOT NULL AND {SHAREABLE}") & passed_on
    everybodys = Sql("m.owner_id = 0 AND y.listed") & passed_on
    # The least visibility stands there for the index.
    one_persons = Sql("y.actor_id = m.owner_id AND y.visibility >= 2 AND y.listed") & passed_on
    return [
        saved,
        Way("share y JOIN bookmark b ON b.id = y.bookmark_id", "y.shared_at", "y.actor_id = m.id", shared),
        Way(_TAGGINGS, "y.saved_at", "y.tag_id = m.tag_id", everybodys, from_tag=True),
        Way(_TAGGINGS, "y.saved_at", "y.tag_id = m.tag_id", one_persons, from_tag=True),
    ]


def own_way(found: Found) -> Way | None:
    """The reader's own saves, where the stream holds them: not those of a list, of one person, or what is unread."""
    stream = network_of(found)
    if stream.list_id or stream.from_id or stream.unread_since is not None:
        return None
    return _saved(found, str(found.viewer_id), int(Visibility.PRIVATE))


def network_of(found: Found) -> NetworkStream:
    """The stream, which is a network."""
    assert isinstance(found.stream, NetworkStream)
    return found.stream


def _saved(found: Found, who: str, least: int) -> Way:
    kept = _kept(network_of(found))
    if found.tag_ids:
        tagged = Sql(f"y.tag_id = ? AND y.visibility >= {least}", found.tag_ids) & kept
        return Way(_TAGGINGS, "y.saved_at", f"y.actor_id = {who}", tagged, speaks=True)
    shown = Sql(f"b.visibility >= {least}") & kept
    return Way("bookmark b", "b.saved_at", f"b.actor_id = {who}", shown, speaks=True)


def _kept(stream: NetworkStream) -> Sql:
    return Sql("b.removed_at IS NULL AND b.is_save" if stream.only_saves else "b.removed_at IS NULL")
