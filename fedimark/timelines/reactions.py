"""What is done with the saves of a page: how many like and share each, what its reader does and may do, who shared.

Of nobody who is suspended or stands behind a block with the saver.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from fedimark.database import Row, among, fetch, several
from fedimark.policy.blocks import no_block_between, not_hidden
from fedimark.policy.interactions import ASKED, JOINED, SPEAKING, Act, acts_of
from fedimark.timelines.entries import Entry, Person, Reactions
from fedimark.timelines.merge import SHAREABLE
from fedimark.timelines.savers import name_of, person_of

_COUNTED = f"""
JOIN actor a ON a.id = r.actor_id WHERE r.bookmark_id = b.id AND a.suspended_at IS NULL
AND {no_block_between("a.id", "b.actor_id")}
"""
# By the names of saves; how many like and share each is all that strangers are told. Shares are found from the bookmark
# on: sums are no plain columns to SQLite, or it would read all that somebody shared.
_TALLIES = f"""
SELECT b.id, COALESCE(b.uri_hash, b.public_id) AS name,
(SELECT count(*) FROM reaction r {_COUNTED} AND r.kind = 'Like') AS likes,
(SELECT count(*) FROM share r {_COUNTED}) AS shares
"""
_OF_THESE = """
b.id IN (SELECT id FROM bookmark WHERE public_id {these} UNION ALL SELECT id FROM bookmark WHERE uri_hash {these})
"""
_TOLD = f"{_TALLIES} FROM bookmark b WHERE {_OF_THESE}"
# Six parameters more, all the viewer.
_REACTIONS = f"""
{_TALLIES},
EXISTS (SELECT 1 FROM reaction r WHERE r.actor_id = ? AND r.bookmark_id = b.id AND r.kind = 'Like') AS is_liked,
EXISTS (SELECT 1 FROM share r WHERE r.actor_id + 0 = ? AND r.bookmark_id = b.id) AS is_shared, {ASKED}
FROM bookmark b {JOINED} WHERE {_OF_THESE}
"""
# Hardly any bookmark was shared: what is asked of its row waits for a share, so that SQLite reads no other.
_SHARERS = f"""
SELECT l.hash, a.local_name, a.username, a.host AS at_host, a.name AS person_name, a.url AS person_url
FROM link l JOIN bookmark b ON b.link_id = l.id JOIN share s ON s.bookmark_id = b.id
JOIN follow f ON f.target_id = s.actor_id + 0 JOIN actor a ON a.id = s.actor_id
WHERE l.hash {{these}} AND f.follower_id = ? AND f.state = 'accepted' AND a.suspended_at IS NULL
AND CASE WHEN s.id > 0 THEN {SHAREABLE} AND {not_hidden("b.actor_id")} END AND {not_hidden("a.id")}
ORDER BY s.shared_at, a.id
"""


async def with_reactions(entries: Sequence[Entry], viewer_id: int) -> list[Entry]:
    """The entries, each with what is done with the save it shows; one statement."""
    if not entries:
        return []
    names = [name_of(entry) for entry in entries]
    these = several(names)
    asked = _REACTIONS if viewer_id else _TOLD
    rows = await fetch(asked.format(these=among("text")), *([viewer_id] * 6 if viewer_id else ()), these, these)
    found = {row["name"]: _reactions(row, viewer_id) for row in rows}
    return [
        entry._replace(reactions=found[name]) if name in found else entry
        for name, entry in zip(names, entries, strict=True)
    ]


def _reactions(row: Row, viewer_id: int) -> Reactions:
    if not viewer_id:
        return _stated(int(row["likes"]), int(row["shares"]))
    does = bool(row["is_liked"]), bool(row["is_shared"])
    return _stated(int(row["likes"]), int(row["shares"]), *does, acts_of(row, viewer_id))


@lru_cache(maxsize=1_024)  # of most bookmarks the same is stated
def _stated(
    likes: int, shares: int, is_liked: bool = False, is_shared: bool = False, acts: frozenset[Act] = frozenset()
) -> Reactions:
    may_speak = not SPEAKING.isdisjoint(acts)
    return Reactions(likes, shares, is_liked, is_shared, Act.LIKE in acts, Act.SHARE in acts, may_speak)


async def with_sharers(entries: Sequence[Entry], viewer_id: int) -> list[Entry]:
    """The entries of somebody's network, each with whom of those they follow shared it; one statement."""
    if not entries:
        return []
    sharers: dict[str, dict[str, Person]] = defaultdict(dict)
    hashes = several([entry.link_hash for entry in entries])
    for row in await fetch(_SHARERS.format(these=among("text")), hashes, *[viewer_id] * 3):
        who = person_of(row)
        sharers[row["hash"]].setdefault(who.href, who)
    return [_shared_by(entry, sharers[entry.link_hash]) if entry.link_hash in sharers else entry for entry in entries]


def _shared_by(entry: Entry, sharers: Mapping[str, Person]) -> Entry:
    return entry._replace(sharers=tuple(sharers.values()))
