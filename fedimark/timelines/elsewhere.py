"""Where the tag of a page is on other servers, as far as that is known here; nobody is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fedimark.database import fetch
from fedimark.policy import hosts
from fedimark.policy.blocks import blocked_hosts, not_hidden
from fedimark.policy.visibility import Visibility
from fedimark.text.tag_pages import SOFTWARE
from fedimark.timelines.found import Found

TAGS_PUB: Final = "tags.pub"
MOST: Final = 4
NEWEST: Final = 100
"""Of everybody's bookmarks with a tag: which servers they are of."""

# Named are servers of whose people something with the tag stands on public pages here, so that they tell nothing else:
# not who follows whom, and not whom this server knows. An inbox may be of another server than who has it.
_KNOWN = f"""
SELECT '' AS host, '' AS software, '' AS at_host, '' AS uri, COALESCE(sum(amount), 0) AS amount FROM tally
WHERE owner_id = 0 AND tag_id = ? AND visibility = {int(Visibility.PUBLIC)}
UNION ALL SELECT * FROM (
    SELECT p.host, p.software, min(a.host) AS at_host, min(a.uri) AS uri, count(*) AS amount FROM (
        SELECT DISTINCT t.actor_id FROM (
            SELECT t0.actor_id FROM bookmark_tag t0 WHERE t0.tag_id = ? AND t0.listed
            ORDER BY t0.saved_at DESC, t0.bookmark_id DESC LIMIT {NEWEST}) t
        WHERE {not_hidden("t.actor_id")}) s
    JOIN actor a ON a.id = s.actor_id AND a.local_name IS NULL
    JOIN inbox i ON i.id = a.inbox_id JOIN peer p ON p.host = i.host AND p.let_in_at IS NOT NULL
    WHERE a.uri LIKE 'http%://' || p.host || '/%'
    AND lower(p.software) IN ({", ".join(f"'{name}'" for name in SOFTWARE)})
    GROUP BY p.host, p.software ORDER BY 5 DESC, 1 LIMIT {4 * MOST}) x
"""


@dataclass(frozen=True, slots=True)
class TagThere:
    """A server whose people use a tag, what it runs, what follows the @ in its handles, and how its addresses begin."""

    host: str
    software: str
    at_host: str
    origin: str


@dataclass(frozen=True, slots=True)
class TagElsewhere:
    """How many bookmarks of everybody known here have a tag, and servers where it is, those of most people first.

    `has_service` is whether this server may name tags.pub, which has every tag.
    """

    amount: int
    servers: tuple[TagThere, ...]
    has_service: bool


async def tag_elsewhere(found: Found) -> TagElsewhere:
    """Where else the one tag of a stream is; one statement. Without servers this one has nothing to do with."""
    rows = await fetch(_KNOWN, found.tag_ids[0], found.tag_ids[0], found.viewer_id)
    blocked = await blocked_hosts()
    there = tuple(
        TagThere(
            row["host"], row["software"].lower(), row["at_host"], f"{row['uri'].partition('://')[0]}://{row['host']}"
        )
        for row in rows
        if row["host"] and not hosts.covers(blocked, hosts.normal(row["host"]))
    )
    amount = sum(int(row["amount"]) for row in rows if not row["host"])
    return TagElsewhere(amount, there[:MOST], not hosts.covers(blocked, TAGS_PUB))
