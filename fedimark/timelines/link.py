"""What is known of one page beside the list of its savers: its tags, and who copied from whom."""

from __future__ import annotations

from collections.abc import Sequence

from fedimark import addresses
from fedimark.database import Row, fetch, marks
from fedimark.timelines.entries import Entry, Source
from fedimark.timelines.found import Found
from fedimark.timelines.saved import saved
from fedimark.timelines.savers import name_of, person_of

MOST_TAGS = 20

_NAMED = "a.local_name, a.username, a.host AS at_host, a.name AS person_name, a.url AS person_url"


async def tags_of(found: Found) -> list[tuple[str, int]]:
    """The tags on a page's newest 500 saves, those of most people first, with of how many."""
    where, parameters = saved(found)
    # A private tag has visibility 0, and so has every tag of a private bookmark: they are their owner's.
    sql = f"""
    SELECT g.key, count(DISTINCT t.actor_id) AS amount FROM (
        SELECT b.id FROM {where} ORDER BY b.saved_at DESC, b.id DESC LIMIT 500) s
    JOIN bookmark_tag t ON t.bookmark_id = s.id JOIN tag g ON g.id = t.tag_id
    WHERE t.visibility > 0 OR t.actor_id = ? GROUP BY g.key ORDER BY 2 DESC, 1 LIMIT ?
    """
    rows = await fetch(sql, *parameters, found.viewer_id, MOST_TAGS)
    return [(row["key"], int(row["amount"])) for row in rows]


async def with_sources(found: Found, saves: Sequence[Row], entries: Sequence[Entry]) -> list[Entry]:
    """The entries of some saves of a page, each with what it was copied from, where the viewer sees that save too."""
    sources = await _sources(found, {save["via"] for save in saves if save["via"]})
    traced, by_name = [], {save["uri_hash"] or save["public_id"]: save for save in saves}
    for entry in entries:
        save = by_name[name_of(entry)]
        source = sources.get(save["via"])
        # Whoever says that they copied what came later is mistaken.
        is_earlier = source is not None and source["saved_at"] <= save["saved_at"] and source["id"] != save["id"]
        traced.append(entry._replace(source=_source(source)) if source is not None and is_earlier else entry)
    return traced


async def _sources(found: Found, uris: set[str]) -> dict[str, Row]:
    """Id of a Note → the save it is, of this page and seen by the viewer."""
    if not uris:
        return {}
    ours = {uri: named for uri in uris if (named := addresses.local_bookmark(uri)) is not None}
    theirs = {addresses.uri_hash(uri): uri for uri in uris if uri not in ours}
    where, parameters = saved(found)
    tables, _, conditions = where.partition(" WHERE ")
    public_ids = [public_id for _, public_id in ours.values()]
    sql = f"""
    SELECT b.id, b.saved_at, b.public_id, b.uri_hash, b.page_url, {_NAMED}
    FROM {tables} JOIN actor a ON a.id = b.actor_id
    WHERE {conditions} AND (b.uri_hash IN ({marks(len(theirs))}) OR b.public_id IN ({marks(len(public_ids))}))
    """
    rows = await fetch(sql, *parameters, *theirs, *public_ids)
    by_name = {(row["local_name"], row["public_id"]): row for row in rows if row["local_name"]}
    found_ours = {uri: by_name[named] for uri, named in ours.items() if named in by_name}
    return found_ours | {theirs[row["uri_hash"]]: row for row in rows if row["uri_hash"] in theirs}


def _source(row: Row) -> Source:
    local = row["local_name"]
    return Source(person_of(row), addresses.bookmark(local, row["public_id"]) if local else row["page_url"])
