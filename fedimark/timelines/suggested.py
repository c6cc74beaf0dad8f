"""Tags to offer somebody who saves a page: from their own, from people they follow, from everybody who saved it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fedimark.database import Row, among, fetch, several
from fedimark.policy.blocks import not_hidden
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.text import tags, urls
from fedimark.text.works import page_of

MOST = 8  # of each kind
LONGEST_WORDS = 100  # of a title that are looked up

_LOOKED_AT = 1_000  # of one's newest bookmarks, for those of the same site
_WORD = re.compile(r"[^\s,;:!?()\[\]{}\"“”«»]+")
# A private tag has visibility 0 on its tagging: nobody but its owner meets it here.
_POPULAR = f"""
SELECT g.key FROM link l JOIN bookmark_tag t ON t.link_id = COALESCE(l.root_id, l.id) JOIN tag g ON g.id = t.tag_id
WHERE l.hash = ? AND t.listed AND {not_hidden("t.actor_id")}
GROUP BY g.key ORDER BY count(DISTINCT t.actor_id) DESC, 1 LIMIT ?
"""
_NETWORK = f"""
SELECT g.key FROM link l JOIN bookmark_tag t ON t.link_id = COALESCE(l.root_id, l.id)
JOIN follow f ON f.target_id = t.actor_id AND f.follower_id = ? AND f.state = 'accepted'
JOIN actor a ON a.id = t.actor_id AND a.suspended_at IS NULL JOIN tag g ON g.id = t.tag_id
WHERE l.hash = ? AND t.visibility >= {Visibility.FOLLOWERS} AND {not_hidden("t.actor_id")}
GROUP BY g.key ORDER BY count(DISTINCT t.actor_id) DESC, 1 LIMIT ?
"""
_SAME_SITE = """
SELECT g.key FROM (SELECT b.id, b.link_id FROM bookmark b WHERE b.actor_id = ? AND b.removed_at IS NULL
    ORDER BY b.saved_at DESC, b.id DESC LIMIT ?) n
JOIN link l ON l.id = n.link_id AND l.host = ? JOIN bookmark_tag t ON t.bookmark_id = n.id
JOIN tag g ON g.id = t.tag_id GROUP BY g.key ORDER BY count(*) DESC, 1 LIMIT ?
"""
_OWN_WORDS = """
SELECT g.key FROM tally y JOIN tag g ON g.id = y.tag_id
WHERE y.owner_id = ? AND y.amount > 0 AND g.key {among} GROUP BY g.key ORDER BY sum(y.amount) DESC, 1 LIMIT ?
"""
_BEGINNING = """
SELECT g.key, sum(y.amount) AS amount FROM tally y JOIN tag g ON g.id = y.tag_id
WHERE y.owner_id = ? AND y.amount > 0 AND g.key >= ? AND g.key < ? GROUP BY g.key ORDER BY 2 DESC, 1 LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Suggested:
    """Tags by their keys, the likeliest first; what an earlier kind names no later one names again."""

    own: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    popular: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.own, *self.network, *self.popular)


async def suggested(viewer: Viewer, url: str, title: str = "") -> Suggested:
    """What to offer for a page; four statements.

    Own are tags that one's other bookmarks of the same site carry, and own tags that are words of its title.
    """
    page = page_of(url)
    hashed, host, words = urls.link_hash(page), urls.host_of(page)[:255], _words(title)
    site = await fetch(_SAME_SITE, viewer.actor_id, _LOOKED_AT, host, MOST)
    said = await fetch(_OWN_WORDS.format(among=among("text")), viewer.actor_id, several(words), MOST)
    network = await fetch(_NETWORK, viewer.actor_id, hashed, viewer.actor_id, MOST)
    popular = await fetch(_POPULAR, hashed, viewer.actor_id, MOST)
    seen: set[str] = set()
    return Suggested(_new([*said, *site], seen), _new(network, seen), _new(popular, seen))


async def beginning(viewer: Viewer, typed: str) -> list[tuple[str, int]]:
    """Own tags that begin so, the most used first, with how often: for whoever types one."""
    key = tags.key(typed)
    rows = await fetch(_BEGINNING, viewer.actor_id, key, f"{key}\U0010ffff", MOST) if key else []
    return [(row["key"], int(row["amount"])) for row in rows]


def _words(title: str) -> list[str]:
    return list(dict.fromkeys(tags.key(word) for word in _WORD.findall(title[:2_000])))[:LONGEST_WORDS]


def _new(rows: list[Row], seen: set[str]) -> tuple[str, ...]:
    found = [row["key"] for row in rows if not row["key"].startswith("for:")]
    kept = tuple(key for key in dict.fromkeys(found) if key not in seen)[:MOST]
    seen.update(kept)
    return kept
