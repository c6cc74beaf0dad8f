"""What many people saved lately: links ranked by how many saved them within a day, a week or a month.

Everybody of this server weighs once, and every other site (registrable domain) once, however many of its people saved a
page: so no server can lift its own, and what people of one other site alone saved is not there. A ranking serves
everybody for five minutes; it looks at no more than the newest 50,000 public saves of its time, of a tag the newest
5,000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fedimark.database import Row, fetch, marks
from fedimark.here import MICROS, here, now, put_last
from fedimark.timelines.savers import seen_by
from fedimark.timelines.stream import PopularStream

SHOWN = 100
KEPT = 300 * MICROS

_LENGTH: Mapping[str, int] = MappingProxyType(
    {"day": 86_400 * MICROS, "week": 7 * 86_400 * MICROS, "month": 30 * 86_400 * MICROS}
)
_MOST_RANKINGS = 200
_ALL = """
SELECT link_id, actor_id, saved_at FROM bookmark
WHERE listed AND removed_at IS NULL AND saved_at > ? ORDER BY saved_at DESC LIMIT 50000
"""
_TAGGED = """
SELECT link_id, actor_id, saved_at FROM bookmark_tag
WHERE tag_id = ? AND listed AND saved_at > ? ORDER BY saved_at DESC LIMIT 5000
"""
_RANKING = """
SELECT s.link_id, max(s.saved_at) AS position,
count(DISTINCT CASE WHEN a.local_name IS NULL THEN a.site ELSE CAST(a.id AS VARCHAR(20)) END) AS weight
FROM ({saves}) s JOIN actor a ON a.id = s.actor_id
GROUP BY s.link_id
HAVING count(DISTINCT CASE WHEN a.local_name IS NULL THEN a.site ELSE CAST(a.id AS VARCHAR(20)) END) > 1
ORDER BY 3 DESC, 2 DESC, 1 LIMIT ?
"""
_LINKS = "SELECT l.id AS link_id, l.hash, l.canonical, l.host, l.title, {seen} FROM link l WHERE l.id IN ({links})"


class _Ranking(NamedTuple):
    made_at: int
    places: Sequence[tuple[int, int]]  # link, moment of its last save


async def popular_lines(stream: PopularStream, tag_ids: Sequence[int], viewer_id: int) -> list[Row]:
    """The links of a ranking, first first, as `savers.merged_entries` takes them; `position` is their last save."""
    ranking = await _ranking(stream, tag_ids)
    places = dict(ranking.places)
    if not places:
        return []
    seen = seen_by(viewer_id)
    found = await fetch(_LINKS.format(seen=seen.text, links=marks(len(places))), *seen.values, *places)
    links = {row["link_id"]: row for row in found}
    return [{**links[link_id], "position": at} for link_id, at in places.items() if link_id in links]


async def _ranking(stream: PopularStream, tag_ids: Sequence[int]) -> _Ranking:
    rankings: dict[tuple[str, int | None], _Ranking] = here().caches.setdefault("timelines.popular", {})
    key, at = (stream.period, tag_ids[0] if tag_ids else None), now()
    known = rankings.get(key)
    if known is None or not known.made_at <= at < known.made_at + KEPT:
        known = _Ranking(at, await _ranked(at - _LENGTH[stream.period], tag_ids))
    put_last(rankings, key, known, _MOST_RANKINGS)
    return known


async def _ranked(since: int, tag_ids: Sequence[int]) -> list[tuple[int, int]]:
    saves = _TAGGED if tag_ids else _ALL
    rows = await fetch(_RANKING.format(saves=saves), *tag_ids[:1], since, SHOWN)
    return [(row["link_id"], row["position"]) for row in rows]
