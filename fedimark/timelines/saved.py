"""Which bookmarks a stream of one person, of one page or of some tags together holds for its viewer, as SQL."""

from __future__ import annotations

from fedimark.policy.blocks import not_hidden
from fedimark.policy.visibility import Visibility
from fedimark.timelines.around import SHARED_TO
from fedimark.timelines.found import Found
from fedimark.timelines.stream import ARCHIVED, PersonStream

# Which bookmarks `b` of a link a viewer sees; six parameters, all the viewer.
SEEN_OF_LINK = f"""
(b.listed OR b.actor_id = ? OR (b.visibility >= {Visibility.FOLLOWERS} AND EXISTS (
    SELECT 1 FROM follow f JOIN actor w ON w.id = f.target_id
    WHERE f.follower_id = ? AND f.target_id = b.actor_id AND f.state = 'accepted' AND w.suspended_at IS NULL))
OR {SHARED_TO}) AND {not_hidden("b.actor_id")}
"""

_ONLY = {
    "": "TRUE",
    "public": f"b.visibility = {Visibility.PUBLIC}",
    "private": f"b.visibility = {Visibility.PRIVATE}",
    "unread": "b.to_read",
    "starred": "b.starred",
    ARCHIVED: "b.archived",
    "untagged": "b.tags = ''",
}


def saved(found: Found) -> tuple[str, tuple[object, ...]]:
    """FROM and WHERE for bookmarks `b` of one person (with tags or a filter) or of one link."""
    if found.link is not None:
        where = f"bookmark b WHERE b.link_id = ? AND b.removed_at IS NULL AND {SEEN_OF_LINK}"
        return where, (found.link["id"], *[found.viewer_id] * 6)
    assert found.owner is not None
    assert isinstance(found.stream, PersonStream)
    if found.is_elsewhere:
        where = f"bookmark b WHERE b.actor_id = ? AND b.removed_at IS NULL AND b.is_save AND {SEEN_OF_LINK}"
        return where, (found.owner["id"], *[found.viewer_id] * 6)
    if found.tag_ids:
        where, parameters = tagged(found)
        head, _, tail = where.partition(" WHERE ")
        return f"{head} JOIN bookmark b ON b.id = t0.bookmark_id WHERE {tail}{_put_away(found)}", parameters
    # The least visibility stands in the text and not among the parameters, so that partial indexes are used.
    shown = f"b.visibility >= {int(found.least)}" if found.least else "TRUE"
    where = f"bookmark b WHERE b.actor_id = ? AND b.removed_at IS NULL AND {shown} AND {_ONLY[found.stream.only]}"
    return where + _put_away(found), (found.owner["id"],)


def _put_away(found: Found) -> str:
    """What is archived stands in no list of its owner's but one; others see it as before: the mark is not theirs."""
    assert isinstance(found.stream, PersonStream)
    return " AND NOT b.archived" if found.is_owner and found.stream.only != ARCHIVED else ""


def tagged(found: Found) -> tuple[str, tuple[object, ...]]:
    """FROM and WHERE for the taggings `t0` of bookmarks that carry all of a stream's tags."""
    tables, where, parameters = ["bookmark_tag t0"], ["t0.tag_id = ?"], [found.tag_ids[0]]
    for number, tag_id in enumerate(found.tag_ids[1:], 1):
        tables.append(f"JOIN bookmark_tag t{number} ON t{number}.bookmark_id = t0.bookmark_id")
        where.append(f"t{number}.tag_id = ?")
        parameters.append(tag_id)
    for number in range(len(found.tag_ids)):
        where.append(f"t{number}.visibility >= {int(found.least)}" if found.owner else f"t{number}.listed")
    if found.owner is not None:
        where.append("t0.actor_id = ?")
        parameters.append(found.owner["id"])
    elif found.viewer is not None:
        where.append(not_hidden("t0.actor_id"))
        parameters.append(found.viewer_id)
    return f"{' '.join(tables)} WHERE {' AND '.join(where)}", tuple(parameters)
