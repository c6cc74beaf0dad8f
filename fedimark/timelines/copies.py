"""Who copied a bookmark, as far as a viewer may see: people here and elsewhere whose bookmarks say so."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch
from fedimark.policy.blocks import no_block_between
from fedimark.policy.visibility import Visibility
from fedimark.timelines.entries import Person
from fedimark.timelines.saved import SEEN_OF_LINK
from fedimark.timelines.savers import person_of

NAMED = 10

# Whose bookmark it is sees every copy that is for everybody, also of people nobody here chose yet.
_COPIERS = f"""
SELECT a.id, a.local_name, a.username, a.host AS at_host, a.name AS person_name, a.url AS person_url,
max(b.saved_at) AS at, count(*) OVER () AS amount
FROM bookmark s JOIN bookmark b ON b.link_id = s.link_id JOIN actor a ON a.id = b.actor_id
WHERE s.id = ? AND b.via_hash = ? AND b.is_save AND b.removed_at IS NULL AND b.actor_id <> s.actor_id
AND b.saved_at >= s.saved_at
AND a.suspended_at IS NULL AND a.gone_at IS NULL AND {no_block_between("b.actor_id", "s.actor_id")}
AND (({SEEN_OF_LINK}) OR (s.actor_id = ? AND b.visibility >= {Visibility.UNLISTED}))
GROUP BY a.id, a.local_name, a.username, a.host, a.name, a.url ORDER BY at DESC, a.id DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Copies:
    """How many people copied a bookmark, and the last of them."""

    people: tuple[Person, ...] = ()
    count: int = 0

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.people)


async def copies_of(row: Row, username: str, viewer_id: int) -> Copies:
    """Who copied a bookmark of somebody here; one statement."""
    uri = addresses.absolute(addresses.bookmark(username, row["public_id"]))
    found = await fetch(_COPIERS, row["id"], addresses.uri_hash(uri), *[viewer_id] * 7, NAMED)
    return Copies(tuple(person_of(each) for each in found), int(found[0]["amount"]) if found else 0)
