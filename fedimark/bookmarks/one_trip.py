"""New bookmarks with all that is made from them, in one trip to PostgreSQL.

What `rows.putting` and `untold.publishing` write, in the same order and with the same rows held, but that nothing comes
back in between: a bookmark is found again by its address's id, a tag by its key. A save that cannot be so simple writes
nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fedimark.bookmarks import columns, rows, untold
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.looking import LOOK_AFTER, LOOK_AGAIN
from fedimark.database import Row, Statement, fetch, in_one_trip, table
from fedimark.here import here, now
from fedimark.outbox.consent import is_spoken
from fedimark.policy.interactions import Act, Who, with_rule
from fedimark.text import slugs, tags
from fedimark.text.works import PAGES_VERSION
from fedimark.timelines.merge import holding_of, merging_named

_NO_REPLIES = with_rule(0, Act.REPLY, Who.NOBODY)
_WANTED = {**rows.BOOKMARK, "hash": "text", "canonical": "text", "host": "text", "privacy_lock": "boolean"}
del _WANTED["link_id"], _WANTED["allows"]
_COLUMNS = ", ".join(name for name in rows.BOOKMARK if name not in {"link_id", "allows"})
_TAGS = {"public_id": "text", "key": "text", "slug": "text", "is_private": "boolean", "is_shown": "boolean"}
_NAMED = "public_id = ANY (CAST(? AS text[]))"

# Nothing of somebody who left, is suspended, moved away or closed the Privacy Lock meanwhile, nor of who has that URL.
_SAVED = f"""
WITH fine AS (SELECT w.*, CASE WHEN c.no_replies THEN {_NO_REPLIES} ELSE 0 END AS allows
    FROM {{wanted}} w JOIN actor a ON a.id = w.actor_id JOIN account c ON c.actor_id = a.id
    WHERE a.gone_at IS NULL AND a.suspended_at IS NULL AND a.moved_to = '' AND c.privacy_lock = w.privacy_lock
    AND NOT EXISTS (SELECT 1 FROM bookmark b
        WHERE b.actor_id = w.actor_id AND b.url_md5 = w.url_md5 AND b.is_local)),
pages AS (INSERT INTO link (hash, canonical, canonical_version, host, savers, sites)
    SELECT DISTINCT ON (hash) hash, canonical, {PAGES_VERSION}, host, 0, 0 FROM fine ORDER BY hash
    ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash RETURNING hash, COALESCE(root_id, id) AS link_id)
INSERT INTO bookmark ({_COLUMNS}, link_id, allows) SELECT {_COLUMNS}, link_id, allows FROM fine JOIN pages USING (hash)
"""
# Tags that are new, or public for the first time.
_TAGS_MADE = """
INSERT INTO tag (key, slug, public_at)
SELECT w.key, min(w.slug), CASE WHEN bool_or(w.is_shown) THEN CAST(? AS BIGINT) END
FROM {tagged} w JOIN bookmark b ON b.public_id = w.public_id GROUP BY w.key
HAVING NOT EXISTS (SELECT 1 FROM tag t WHERE t.key = w.key AND (t.public_at IS NOT NULL OR NOT bool_or(w.is_shown)))
ORDER BY w.key ON CONFLICT (key) DO UPDATE SET public_at = COALESCE(tag.public_at, excluded.public_at)
"""
# As `text.calendar.month_of` counts them; a moment before 1970 is rounded down too.
_MOMENT = "to_timestamp(floor(saved_at / 1000000.0)) AT TIME ZONE 'UTC'"
_MONTH = f"CAST(extract(year FROM {_MOMENT}) * 12 + extract(month FROM {_MOMENT}) - 1 AS bigint)"
_INDEXED = f"""
WITH saved AS MATERIALIZED (SELECT * FROM bookmark WHERE {_NAMED}),
known AS MATERIALIZED (SELECT id, key FROM tag WHERE key = ANY (CAST(? AS text[]))),
marked AS MATERIALIZED (SELECT b.id AS bookmark_id, t.id AS tag_id, b.actor_id, b.link_id,
    CASE WHEN w.is_private THEN 0 ELSE b.visibility END AS visibility, b.listed AND NOT w.is_private AS listed,
    b.saved_at FROM {{tagged}} w JOIN saved b ON b.public_id = w.public_id JOIN known t ON t.key = w.key),
taggings AS (INSERT INTO bookmark_tag ({", ".join(rows.TAGGING)})
    SELECT {", ".join(rows.TAGGING)} FROM marked ORDER BY bookmark_id, tag_id),
tallies AS (INSERT INTO tally (owner_id, tag_id, visibility, amount)
    SELECT owner_id, tag_id, visibility, count(*) FROM (
        SELECT actor_id AS owner_id, {rows.ALL_TAGS} AS tag_id, visibility FROM saved
        UNION ALL SELECT actor_id, -{_MONTH}, visibility FROM saved
        UNION ALL SELECT actor_id, tag_id, visibility FROM marked
        UNION ALL SELECT {rows.EVERYONE}, tag_id, visibility FROM marked WHERE listed) w
    GROUP BY owner_id, tag_id, visibility ORDER BY owner_id, tag_id, visibility {rows.ADDED}),
pages AS ({rows.COUNT_SAVERS} = ANY (ARRAY(SELECT link_id FROM saved)))
SELECT id FROM actor WHERE tag_id = ANY (ARRAY(SELECT tag_id FROM marked)) ORDER BY id FOR UPDATE
"""
_SOUGHT = f"INSERT INTO unindexed (bookmark_id) SELECT id FROM bookmark WHERE {_NAMED}"
_WHICH = f"SELECT public_id FROM bookmark WHERE {_NAMED}"


async def saved(asked: Sequence[tuple[Owner, Draft]]) -> list[Row | None]:
    """Save plain drafts of new pages; returns the columns of each, None for one that has to be looked at by itself.

    Raises what the database's driver raises, and then nothing is saved.
    """
    lines = [columns.new(owner, draft) for owner, draft in asked]
    firsts = {(line["actor_id"], line["url_md5"]): place for place, line in reversed(list(enumerate(lines)))}
    fresh = sorted(firsts.values())
    amount = await in_one_trip(_statements([(asked[place][0], lines[place]) for place in fresh]))
    stands = {lines[place]["public_id"] for place in fresh}
    if amount < len(stands):
        stands = {row["public_id"] for row in await fetch(_WHICH, list(stands))} if amount else set()
    return [line if line["public_id"] in stands else None for line in lines]


def _statements(new: Sequence[tuple[Owner, Row]]) -> list[Statement]:
    names = [line["public_id"] for _, line in new]
    marked = [tagging for _, line in new for tagging in _tagged(line)]
    moment = now()
    look_at = moment + LOOK_AFTER if here().settings.read_pages else None
    by_tag = [list(cells) for cells in zip(*marked, strict=True)] if marked else [[] for _ in _TAGS]
    spoken = [line["public_id"] for _, line in new if is_spoken(line)]
    return [
        holding_of("actor", {owner.actor_id for owner, _ in new}),
        (_SAVED.format(wanted=table(_WANTED)), _cells([_wanted(owner, line) for owner, line in new])),
        *([(_TAGS_MADE.format(tagged=table(_TAGS)), (moment, *by_tag))] if marked else []),
        (_INDEXED.format(tagged=table(_TAGS)), (names, by_tag[1], *by_tag, moment - LOOK_AGAIN, look_at)),
        merging_named(names),
        *(untold.publishing_named(spoken) if spoken else []),
        (_SOUGHT, (names,)),
    ]


def _wanted(owner: Owner, line: Row) -> Row:
    name, page, host = rows.page_named(line["url"])
    return {
        **rows.UNSAID,
        **line,
        **{"hash": name, "canonical": page, "host": host, "privacy_lock": owner.privacy_lock},
    }


def _tagged(line: Row) -> list[tuple[Any, ...]]:
    """The tags of a bookmark, as _TAGS names their cells."""
    found = []
    for key in rows.keys_of(line["tags"]):
        is_private = tags.is_private(key)
        found.append((line["public_id"], key, slugs.slug(key), is_private, line["listed"] and not is_private))
    return found


def _cells(lines: Sequence[Row]) -> tuple[object, ...]:
    return tuple([line[name] for line in lines] for name in _WANTED)
