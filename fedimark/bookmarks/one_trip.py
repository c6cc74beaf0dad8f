"""New bookmarks with all that is made from them, in one trip to PostgreSQL.

What `rows.putting` and `untold.publishing` write, with the same rows held and in the same order: each part of a
statement writes from what the part before it wrote. A save that cannot be so simple writes nothing here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fedimark.bookmarks import columns, rows, untold
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.looking import LOOK_AFTER, LOOK_AGAIN
from fedimark.database import Row, Statement, fetch, in_one_trip, looked_up
from fedimark.here import here, now
from fedimark.jobs.bell import ringing
from fedimark.outbox.consent import is_spoken
from fedimark.policy.interactions import Act, Who, with_rule
from fedimark.text import slugs, tags
from fedimark.text.calendar import month_of
from fedimark.text.works import PAGES_VERSION
from fedimark.timelines.merge import MERGING_SAVED, holding_of

_NO_REPLIES = with_rule(0, Act.REPLY, Who.NOBODY)
# What a plain draft says nothing of is the same for all.
_NEVER_SAID = ("uri", "uri_hash", "page_url", "is_save", "via", "via_hash", "via_author", "via_name")
_SAID = {name: kind for name, kind in rows.BOOKMARK.items() if name not in {*_NEVER_SAID, "link_id", "allows"}}
_PAGE = {**dict.fromkeys(("hash", "canonical", "host", "page"), "text"), "alone": "integer"}
_WANTED = {**_SAID, **_PAGE, "month": "bigint", "privacy_lock": "boolean"}
_COLUMNS = ", ".join([*_SAID, "link_id", "allows", *_NEVER_SAID])
_SPELLED: dict[object, str] = {None: "NULL", "": "''", True: "TRUE"}
_VALUES = ", ".join([*_SAID, "link_id", "allows", *(_SPELLED[rows.UNSAID[name]] for name in _NEVER_SAID)])
_TAGS = {"public_id": "text", "key": "text", "slug": "text", "is_private": "boolean", "is_shown": "boolean"}
_TAGGING = ", ".join(rows.TAGGING)
_NAMED = "public_id = ANY (CAST(? AS text[]))"

# One statement, for to begin each costs as much as most of what it does. `fine` is nothing of somebody who left, is
# suspended, moved away or closed the Privacy Lock meanwhile, nor of who has that URL, which is looked up by order: so
# the one index that ends the search at once is taken, where another would find all that its owner has. OFFSET 0 keeps
# PostgreSQL from beginning at people instead, and looking for each of them among the few. That none was removed is said
# so that it guesses well how many were not. `made` are tags that are new, or public for the first time. The sum is no
# column: PostgreSQL goes through all people in the order of their ids where it expects few.
_SAVED = f"""
WITH fine AS MATERIALIZED (SELECT w.*, a.allows FROM {{wanted}} w CROSS JOIN LATERAL (
        SELECT CASE WHEN c.no_replies THEN {_NO_REPLIES} ELSE 0 END AS allows
        FROM actor a JOIN account c ON c.actor_id = a.id WHERE a.id = w.actor_id AND a.gone_at IS NULL
        AND a.suspended_at IS NULL AND a.moved_to = '' AND c.privacy_lock = w.privacy_lock OFFSET 0) a
    WHERE (SELECT (b.actor_id, b.url_md5) = (w.actor_id, w.url_md5) FROM bookmark b
        WHERE b.is_local AND (b.actor_id, b.url_md5) >= (w.actor_id, w.url_md5)
        ORDER BY b.actor_id, b.url_md5 LIMIT 1) IS NOT TRUE
    AND (SELECT (o.actor_id, o.link_id) = (w.actor_id, l.id)
        FROM (SELECT COALESCE(root_id, id) AS id FROM link WHERE hash = w.page) l
        CROSS JOIN LATERAL (SELECT b.actor_id, b.link_id FROM bookmark b
            WHERE b.is_local AND (b.removed_at > 0) IS NOT TRUE AND (b.actor_id, b.link_id) >= (w.actor_id, l.id)
            ORDER BY b.actor_id, b.link_id LIMIT 1) o) IS NOT TRUE),
pages AS (INSERT INTO link (hash, canonical, canonical_version, host, savers, sites, look_at)
    SELECT DISTINCT hash, canonical, {PAGES_VERSION}, host, alone, alone, CASE WHEN alone = 1 THEN CAST(? AS bigint) END
    FROM fine ORDER BY hash
    ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash RETURNING hash, COALESCE(root_id, id) AS link_id),
saved AS (INSERT INTO bookmark ({_COLUMNS})
    SELECT {_VALUES} FROM fine JOIN pages USING (hash)
    RETURNING id, public_id, actor_id, link_id, description, is_local, visibility, listed, saved_at),
words AS MATERIALIZED (SELECT w.key, w.slug, w.is_private, w.is_shown, b.*,
    (SELECT t.id FROM tag t WHERE t.key = w.key AND (t.public_at IS NOT NULL OR NOT w.is_shown)) AS known_id
    FROM {{tagged}} w JOIN saved b USING (public_id)),
made AS (INSERT INTO tag (key, slug, public_at)
    SELECT key, min(slug), CASE WHEN bool_or(is_shown) THEN CAST(? AS BIGINT) END FROM words WHERE known_id IS NULL
    GROUP BY key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET public_at = COALESCE(tag.public_at, excluded.public_at) RETURNING id, key),
marked AS MATERIALIZED (SELECT w.id AS bookmark_id, COALESCE(w.known_id, t.id) AS tag_id, w.actor_id, w.link_id,
    CASE WHEN w.is_private THEN 0 ELSE w.visibility END AS visibility, w.listed AND NOT w.is_private AS listed,
    w.saved_at
    FROM words w LEFT JOIN made t ON t.key = w.key AND w.known_id IS NULL),
taggings AS (INSERT INTO bookmark_tag ({_TAGGING}) SELECT {_TAGGING} FROM marked ORDER BY bookmark_id, tag_id),
tallies AS (INSERT INTO tally (owner_id, tag_id, visibility, amount)
    SELECT owner_id, tag_id, visibility, count(*) FROM (
        SELECT actor_id AS owner_id, {rows.ALL_TAGS} AS tag_id, visibility FROM fine
        UNION ALL SELECT actor_id, -month, visibility FROM fine
        UNION ALL SELECT actor_id, tag_id, visibility FROM marked
        UNION ALL SELECT {rows.EVERYONE}, tag_id, visibility FROM marked WHERE listed) w
    GROUP BY owner_id, tag_id, visibility ORDER BY owner_id, tag_id, visibility {rows.ADDED}),
told AS ({untold.PUBLISHING_SAVED})
SELECT id FROM actor WHERE tag_id = ANY (ARRAY(SELECT tag_id FROM marked)) ORDER BY id + 0 FOR UPDATE
"""
# Only now are all rows held that others may change: who follows, and who else saved a page, is asked as it is then. A
# page that nobody else has was written with its saver.
_SHOWN = f"""
WITH saved AS MATERIALIZED (SELECT id, actor_id, link_id, description, is_local, visibility, listed, saved_at
    FROM bookmark WHERE {_NAMED}),
marked AS MATERIALIZED (SELECT bookmark_id, tag_id, actor_id, link_id, listed, saved_at
    FROM bookmark_tag WHERE bookmark_id = ANY (ARRAY(SELECT id FROM saved))),
entries AS ({MERGING_SAVED}),
pages AS ({looked_up(rows.COUNT_SAVERS)} = ANY (ARRAY(SELECT link_id FROM saved)) AND (savers = 0 OR EXISTS (
    SELECT 1 FROM bookmark o WHERE o.link_id = link.id AND o.id <> ALL (ARRAY(SELECT id FROM saved)))))
INSERT INTO unindexed (bookmark_id) SELECT id FROM saved
"""
_WHICH = f"SELECT public_id FROM bookmark WHERE {_NAMED}"


async def saved(asked: Sequence[tuple[Owner, Draft, str]]) -> list[Row | None]:
    """Save plain drafts of new pages; returns the columns of each, None for one that has to be looked at by itself.

    Beside each stands the hash of a page that its owner must not have yet, or nothing. Raises what the database's
    driver raises, and then nothing is saved.
    """
    lines = [columns.new(owner, draft) for owner, draft, _ in asked]
    firsts = {(line["actor_id"], line["url_md5"]): place for place, line in reversed(list(enumerate(lines)))}
    fresh = sorted(firsts.values())
    amount = await in_one_trip(_statements([(asked[place][0], lines[place], asked[place][2]) for place in fresh]))
    stands = {lines[place]["public_id"] for place in fresh}
    if amount < len(stands):
        stands = {row["public_id"] for row in await fetch(_WHICH, list(stands))} if amount else set()
    return [line if line["public_id"] in stands else None for line in lines]


def _statements(new: Sequence[tuple[Owner, Row, str]]) -> list[Statement]:
    names = [line["public_id"] for _, line, _ in new]
    marked = [tagging for _, line, _ in new for tagging in _tagged(line)]
    by_tag = [list(cells) for cells in zip(*marked, strict=True)] if marked else [[] for _ in _TAGS]
    spoken = [line["public_id"] for _, line, _ in new if is_spoken(line)]
    moment = now()
    look_at = moment + LOOK_AFTER if here().settings.read_pages else None
    times = Counter(rows.page_named(line["url"])[0] for _, line, _ in new)
    saving, cells = _saving([_wanted(*each, times) for each in new])
    return [
        holding_of("actor", {owner.actor_id for owner, _, _ in new}),
        (saving, (*cells, look_at, *by_tag, moment, moment, spoken)),
        *(ringing(untold.LANE) if spoken else []),
        (_SHOWN, (names, moment - LOOK_AGAIN, look_at)),
    ]


def _one(kinds: Mapping[str, str]) -> str:
    """What `_few` is, for one row, whose cells are in no lists: what each is found by PostgreSQL knows at once."""
    return f"(SELECT {', '.join(f'CAST(? AS {kind}) AS {name}' for name, kind in kinds.items())})"


def _few(kinds: Mapping[str, str]) -> str:
    """What `database.table` is, for few rows: a cell is taken from its list, where to unnest each list costs more."""
    (first, kind), *others = kinds.items()
    cells = ", ".join(f"(CAST(? AS {kind}[]))[place] AS {name}" for name, kind in others)
    lines = f"unnest(CAST(? AS {kind}[])) WITH ORDINALITY l ({first}, place)"
    return f"(SELECT * FROM {lines} CROSS JOIN LATERAL (SELECT {cells}) c)"


_ONE_SAVED, _FEW_SAVED = (_SAVED.format(wanted=wanted(_WANTED), tagged=_few(_TAGS)) for wanted in (_one, _few))


def _saving(lines: Sequence[Row]) -> tuple[str, tuple[object, ...]]:
    """The statement that saves some lines of _WANTED, and its first parameters."""
    if len(lines) == 1:
        return _ONE_SAVED, tuple(lines[0][name] for name in _WANTED)
    return _FEW_SAVED, tuple([line[name] for line in lines] for name in _WANTED)


def _wanted(owner: Owner, line: Row, page: str, times: Mapping[str, int]) -> Row:
    """The cells of _WANTED; a page that one saves, and all may see it, is written with its saver: `alone`."""
    name, canonical, host = rows.page_named(line["url"])
    named = {"hash": name, "canonical": canonical, "host": host, "page": page}
    alone = int(line["listed"] and times[name] == 1)
    return line | named | {"alone": alone, "month": month_of(line["saved_at"]), "privacy_lock": owner.privacy_lock}


def _tagged(line: Row) -> list[tuple[Any, ...]]:
    """The tags of a bookmark, as _TAGS names their cells."""
    found = []
    for key in rows.keys_of(line["tags"]):
        is_private = tags.is_private(key)
        found.append((line["public_id"], key, slugs.slug(key), is_private, line["listed"] and not is_private))
    return found
