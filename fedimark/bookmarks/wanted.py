"""Whether somebody here waits for a Note of somebody they do not follow: because it has a tag that they follow.

A tag is followed as this server's own, or as a stream of another server that passes the same tag on.
"""

from __future__ import annotations

from fedimark.bookmarks.recognise import recognise
from fedimark.database import fetch_one, marks
from fedimark.text import slugs, tags
from fedimark.vocab.objects import MOST_TAGS, Note

_FOLLOWS = """
SELECT f.id FROM actor s JOIN follow f ON f.target_id = s.id AND f.state = 'accepted'
JOIN actor r ON r.id = f.follower_id AND r.local_name IS NOT NULL
"""
_HERE = f"{_FOLLOWS} JOIN tag g ON g.id = s.tag_id WHERE s.owner_id = 0 AND s.suspended_at IS NULL"
_ELSEWHERE = f"{_FOLLOWS} WHERE s.uri IS NOT NULL AND s.kind IN ('Group', 'Service')"
# What other servers call the streams of a tag, here by its slug: fedimark, buzzrelay, tags.pub.
_NAMES = ("tag.{}", "tag-{}")
_PLAIN = "tags.pub"


async def is_any_tag_followed() -> bool:
    """Whether anybody here follows any tag at all."""
    if await fetch_one(f"{_HERE} LIMIT 1") is not None:
        return True
    named = " OR ".join(["s.username LIKE ?"] * len(_NAMES))
    sql = f"{_ELSEWHERE} AND ({named} OR s.host = ?) LIMIT 1"
    return await fetch_one(sql, *(name.format("%") for name in _NAMES), _PLAIN) is not None


async def is_wanted(note: Note) -> bool:
    """Whether a Note is about a page and bears a tag that somebody here follows; two statements at most."""
    found = recognise(note)
    keys = [tags.key(tag) for tag in found.tags[:MOST_TAGS] if not tags.is_private(tag)] if found else []
    if not keys:
        return False
    if await fetch_one(f"{_HERE} AND g.key IN ({marks(len(keys))}) LIMIT 1", *keys) is not None:
        return True
    called = [slugs.slug(key) for key in keys]
    names = [name.format(each) for name in _NAMES for each in called]
    either = f"s.username IN ({marks(len(names))}) OR (s.host = ? AND s.username IN ({marks(len(called))}))"
    return await fetch_one(f"{_ELSEWHERE} AND ({either}) LIMIT 1", *names, _PLAIN, *called) is not None
