"""The one place that keeps a bookmark's row in agreement with everything made from it.

Made from it are the tag index, the tallies, the link's count of savers and the timelines; what search finds is made
later. Local saves and notes that arrive both go through here, inside `write()`, so they cannot merge differently.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import lru_cache
from heapq import nlargest
from operator import itemgetter
from typing import Any

from fedimark.bookmarks.looking import LOOK_AFTER, LOOK_AGAIN
from fedimark.bookmarks.traces import leaving, leaving_many
from fedimark.database import (
    MANY,
    Row,
    Script,
    Statement,
    among,
    ask,
    ask_all,
    copying,
    execute,
    insert_many,
    inserts_of,
    is_sqlite,
    marks,
    perform,
    rows_written,
    several,
)
from fedimark.here import here, now
from fedimark.outbox.passed_on import touched
from fedimark.policy.visibility import Visibility
from fedimark.text import slugs, tags, urls
from fedimark.text.calendar import month_of
from fedimark.text.works import PAGES_VERSION, page_of
from fedimark.timelines.firsts import let_in
from fedimark.timelines.merge import holding, tags_held, unmerge_alone, unmerge_bookmark
from fedimark.timelines.waiting import to_be_merged

EVERYONE = 0  # owner of the tallies that everybody may see
ALL_TAGS = 0  # tag of the tallies that count all of an owner's bookmarks

# What a table's rows are inserted with, and what each column is in PostgreSQL.
_LINK = {
    **dict.fromkeys(("hash", "canonical", "host"), "text"),
    "canonical_version": "smallint",
    **dict.fromkeys(("savers", "sites"), "integer"),
    "look_at": "bigint",
}
BOOKMARK = {
    **dict.fromkeys(("actor_id", "link_id"), "bigint"),
    **dict.fromkeys(("public_id", "uri", "uri_hash", "page_url"), "text"),
    "is_local": "boolean",
    **dict.fromkeys(("url", "url_md5", "title", "description", "private_note", "tags"), "text"),
    "visibility": "smallint",
    **dict.fromkeys(("listed", "is_save", "to_read", "starred", "archived"), "boolean"),
    **dict.fromkeys(("saved_at", "updated_at"), "bigint"),
    **dict.fromkeys(("via", "via_hash", "via_author", "via_name"), "text"),
    "allows": "smallint",
}
_TAG = {"key": "text", "slug": "text"}
TAGGING = {
    **dict.fromkeys(("bookmark_id", "tag_id", "actor_id", "link_id"), "bigint"),
    "visibility": "smallint",
    "listed": "boolean",
    "saved_at": "bigint",
}
_UNINDEXED = {"bookmark_id": "bigint"}
_TOMBSTONE = {"uri_hash": "text", "uri": "text", "deleted_at": "bigint"}
_TALLY = {"owner_id": "bigint", "tag_id": "bigint", "visibility": "smallint", "amount": "integer"}

_PRIVATE = int(Visibility.PRIVATE)
_SEVERAL = -1  # more than one saver
_UNCOUNTED = (PAGES_VERSION, 0, 0, None)  # the last cells of _LINK

# Columns a saver may say nothing of; the tables themselves know no defaults.
UNSAID = {
    **dict.fromkeys(("title", "description", "private_note", "tags", "page_url", "via", "via_author", "via_name"), ""),
    **dict.fromkeys(("public_id", "uri", "uri_hash", "via_hash")),
    **dict.fromkeys(("listed", "to_read", "starred", "archived"), False),
    "is_save": True,
    "allows": 0,
}

_ONE_LINK = """
ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash RETURNING hash, id, COALESCE(root_id, id) AS root_id,
(xmax = 0) AS is_new
"""
"""On PostgreSQL; a row that was there is locked before it is given back, and so bears a mark of that."""
# On SQLite nobody else writes meanwhile. Each row that is fetched lets other threads in, and may wait for them: so all
# links come in one, all tags too, and ids are counted.
_LINKED = """
SELECT json_group_array(json_array(hash, id, COALESCE(root_id, id))) AS links
FROM link WHERE hash IN (SELECT value FROM json_each(?))
"""
# Which sequence that is, is looked up once: for each number it would take five times as long as the number.
_NUMBERS = """
WITH ids AS MATERIALIZED (SELECT CAST(pg_get_serial_sequence('bookmark', 'id') AS regclass) AS named)
SELECT nextval(named) AS id FROM ids, generate_series(1, CAST(? AS INTEGER))
"""
_TAGS = "SELECT id, key, public_at FROM tag WHERE key"
_TAGGED = """
SELECT json_group_array(json_array(id, key, public_at)) AS tags FROM tag WHERE key IN (SELECT value FROM json_each(?))
"""
_ONE_TAG = "ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id, key, public_at"
ADDED = """
ON CONFLICT (owner_id, tag_id, visibility) DO UPDATE SET amount = tally.amount + excluded.amount
"""
# Once somebody shows everybody that they saved a page, it is read, and again when that is long ago.
COUNT_SAVERS = """
UPDATE link SET (savers, sites, look_at) = (SELECT count(DISTINCT b.actor_id), count(DISTINCT a.site),
    COALESCE(link.look_at, CASE WHEN count(*) > 0 AND COALESCE(link.looked_at, 0) < ? THEN CAST(? AS BIGINT) END)
    FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE b.link_id = link.id AND b.listed) WHERE id
"""
# An author elsewhere hid it and shows it again: who shared it did so still, and what others said about it was said.
_RETURNED = "(SELECT b.id FROM bookmark b WHERE b.uri_hash = object_hash) WHERE bookmark_id IS NULL AND object_hash"
_SHARES_RETURN = f"UPDATE share SET hidden_at = NULL, bookmark_id = {_RETURNED}"
_REMARKS_RETURN = f"UPDATE remark SET bookmark_id = {_RETURNED}"
_SHARES_WAIT = "UPDATE share SET bookmark_id = NULL, hidden_at = ? WHERE bookmark_id = ?"
# What search finds besides.
_SOUGHT = ("title", "description", "url", "private_note")
# What the index is made from: a change of anything else leaves it alone.
_INDEXED = ("link_id", "tags", "visibility", "listed", "saved_at", "removed_at")

_Lines = Counter[tuple[int, int, int]]  # owner, tag or -month, visibility of a tally → by how much it changes
_Tagging = tuple[int, int, int, int, int, bool, int]  # the cells of TAGGING
_ROW = itemgetter("id", "actor_id", "link_id", "visibility", "listed", "saved_at")  # what they are of a bookmark
_ALIKE = itemgetter(1, 2, 4, 5)  # tag, saver, visibility and whether it is listed


async def link_id_of(url: str) -> int:
    """The row that saves of a URL's page hang on, made when the page is new."""
    return await perform(root_of(url))


def root_of(url: str) -> Script[int]:
    """The same as `link_id_of`, in a script."""
    return int((yield from _links_of([(url, 0)]))[url]["root_id"])


async def link_of(url: str) -> Row:
    """A URL's own page, made when it is new: `id`, and `root_id`, which is another where it is an alias.

    The row is held until the transaction ends.
    """
    return (await perform(_links_of([(url, 0)])))[url]


async def put(values: Mapping[str, Any]) -> Row:
    """Write a new bookmark and all that is made from it; returns its row."""
    return (await put_many([values]))[0]


async def put_many(values: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Write new bookmarks and all that is made from them, by a fixed number of statements; returns their rows in order.

    Each hangs on its own page's link. Their savers are held by whoever calls: then links are taken, tags and tallies,
    each by their keys, so that two writers wait for each other in one order.
    """
    return await perform(putting(values))


def putting(values: Sequence[Mapping[str, Any]]) -> Script[list[Row]]:
    """The same as `put_many`, in a script."""
    return (yield from _putting(values, waits=False))


def putting_to_wait(values: Sequence[Mapping[str, Any]]) -> Script[list[Row]]:
    """The same for what comes in by the thousand: streams of several savers show it later. (timelines.waiting)"""
    return (yield from _putting(values, waits=True))


def _putting(values: Sequence[Mapping[str, Any]], *, waits: bool) -> Script[list[Row]]:
    if not values:
        return []
    links = yield from _links_of((each["url"], each["actor_id"] if each["listed"] else 0) for each in values)
    rows = [whole(each) for each in values]
    for row in rows:
        row["link_id"] = links[row["url"]]["root_id"]
    for row, number in zip(rows, (yield from _numbered(rows)), strict=True):
        row["id"] = number
    arrived = [row["uri_hash"] for row in rows if not row["is_local"]]
    for returning in (_SHARES_RETURN, _REMARKS_RETURN) if arrived else ():
        yield from ask(f"{returning} {among('text')}", several(arrived))
    counted = {row["root_id"] for row in links.values() if row["is_counted"]}
    saves = Counter(row["link_id"] for row in rows)
    new = (link for link in links.values() if link["is_new"] and saves[link["id"]] == 1)
    firsts = set() if arrived else {link["id"] for link in new}
    made = {link["id"] for link in links.values() if link["is_new"]}
    yield from _index(rows, Counter(), counted, firsts, made, waits=waits)
    return rows


def whole(values: Mapping[str, Any]) -> Row:
    """What is said of a new bookmark as a row that lacks nothing but its link and its number."""
    return {**values} if "removed_at" in values else {**UNSAID, **values, "removed_at": None}


def _numbered(rows: Sequence[Row]) -> Script[Sequence[int]]:
    """Write the rows of new bookmarks, and say which ids they got."""
    if is_sqlite():
        yield from insert_many("bookmark", BOOKMARK, rows)
        _, last = yield from rows_written()
        return range(last - len(rows) + 1, last + 1)
    if len(rows) >= MANY:
        numbers = [row["id"] for row in (yield from ask(_NUMBERS, len(rows)))]
        kinds, pick = {"id": "bigint", **BOOKMARK}, itemgetter(*BOOKMARK)
        yield copying("bookmark", kinds, [(number, *pick(row)) for number, row in zip(numbers, rows, strict=True)])
        return numbers
    written = yield from insert_many("bookmark", BOOKMARK, rows, "RETURNING id, public_id, uri_hash")
    ids = {_name(row): row["id"] for row in written}
    return [ids[_name(row)] for row in rows]


async def change(before: Row, values: Mapping[str, Any]) -> Row:
    """Change a bookmark and all that is made from it; returns its row as it is now.

    `before` is the row as it stands: read it once its saver is held.
    """
    return await perform(changing(before, values))


def changing(before: Row, values: Mapping[str, Any]) -> Script[Row]:
    """The same as `change`, in a script."""
    moved = any(name in values and values[name] != before[name] for name in _INDEXED)
    # Words of its saver's own move a line up in the networks of whoever follows them; which ones is the same.
    moved |= bool(values.get("description", before["description"])) != bool(before["description"])
    lines = (yield from _unindex(before)) if moved else Counter()
    columns = ", ".join(f"{name} = ?" for name in values)
    sql = f"UPDATE bookmark SET {columns} WHERE id = ? RETURNING *"
    [row] = yield from ask(sql, *values.values(), before["id"])
    if row["is_local"] and (row["url"] != before["url"] or row["removed_at"] != before["removed_at"]):
        yield leaving(row["actor_id"], before["url_md5"])
    if moved:
        yield from _index([row], lines)
    elif any(name in values and values[name] != before[name] for name in _SOUGHT):
        yield from ask_all(*_to_be_sought([row]))
    yield from touched(row)
    if row["link_id"] != before["link_id"]:
        yield from ask_all(_settled([before["link_id"]]))
    return row


async def drop(row: Row) -> None:
    """Take a bookmark out of the table, with all that is made from it."""
    await perform(dropping(row))


def dropping(row: Row) -> Script[None]:
    """The same as `drop`, in a script."""
    lines = yield from _unindex(row)
    yield from ask("DELETE FROM bookmark WHERE id = ?", row["id"])
    yield from ask("DELETE FROM reaction WHERE bookmark_id = ?", row["id"])
    if row["is_local"]:
        yield leaving(row["actor_id"], row["url_md5"])
        yield from ask("DELETE FROM telling WHERE bookmark_id = ?", row["id"])
        yield from ask("DELETE FROM edited WHERE bookmark_id = ?", row["id"])
        yield from ask("DELETE FROM share WHERE bookmark_id = ?", row["id"])
        yield from ask("DELETE FROM asset WHERE bookmark_id = ?", row["id"])
        yield from ask("DELETE FROM withdrawal WHERE bookmark_id = ?", row["id"])
        yield from ask("DELETE FROM remark WHERE bookmark_id = ? AND public_id IS NULL", row["id"])
    else:
        yield from ask(_SHARES_WAIT, now(), row["id"])
        yield from touched(row)
    # What people here wrote about it stays theirs.
    yield from ask("UPDATE remark SET bookmark_id = NULL WHERE bookmark_id = ?", row["id"])
    yield from ask_all(*_to_be_sought([row]), *_tallied(lines), _settled([row["link_id"]]))


def dropping_alone(rows: Sequence[Row]) -> Script[None]:
    """The same for many of one saver here, by a fixed number of statements.

    They are live, each alone with its link, nothing hangs on any of them but tags, and saver and links are held.
    """
    known = yield from _tags_of({key for row in rows for key in keys_of(row["tags"])})
    ids = {key: int(tag["id"]) for key, tag in known.items()}
    lines: _Lines = Counter()
    _count(lines, rows, _taggings(rows, {row["id"]: keys_of(row["tags"]) for row in rows}, ids))
    these, links = several([row["id"] for row in rows]), [row["link_id"] for row in rows]
    yield from ask_all(
        (f"DELETE FROM bookmark_tag WHERE bookmark_id {among()}", (these,)),
        *leaving_many((row["actor_id"], row["url_md5"]) for row in rows),
        *_to_be_sought(rows),
        *_tallied(Counter({line: -amount for line, amount in lines.items()})),
        unmerge_alone(links),
        (f"DELETE FROM bookmark WHERE id {among()}", (these,)),
    )
    yield _settled(links)


async def bury(uri: str, uri_hash: str) -> None:
    """Remember for ever that an object ended."""
    sql = "INSERT INTO tombstone (uri_hash, uri, deleted_at) VALUES (?, ?, ?) ON CONFLICT (uri_hash) DO NOTHING"
    await execute(sql, uri_hash, uri, now())


def burying(uris: Mapping[str, str]) -> list[Statement]:
    """The same of many, in a script: each `uri_hash` with its URI."""
    lines = [(uri_hash, uri, now()) for uri_hash, uri in sorted(uris.items())]
    return inserts_of("tombstone", _TOMBSTONE, lines, "ON CONFLICT (uri_hash) DO NOTHING")


def _name(line: Mapping[str, Any]) -> str:
    """What tells one bookmark from all others, of those written at once."""
    return str(line["public_id"] or line["uri_hash"])


def _links_of(given: Iterable[tuple[str, int]]) -> Script[dict[str, Row]]:
    """The link of each URL: `id`, and `root_id` that its bookmarks hang on; made where it is new, and held.

    Beside each URL stands who shows everybody that they save it now, or 0. A new link is written with its saver, which
    `is_counted` tells: where several come at once, or it was there, it has to be counted.
    """
    savers: dict[str, int] = {}
    alone = (PAGES_VERSION, 1, 1, now() + LOOK_AFTER if here().settings.read_pages else None)
    wanted = list(given)
    named = {url: page_named(url) for url, _ in wanted}
    pages = {page[0]: page for page in named.values()}
    for url, saver in wanted:
        if saver and savers.setdefault(named[url][0], saver) != saver:
            savers[named[url][0]] = _SEVERAL
    counted = {name for name, saver in savers.items() if saver != _SEVERAL}
    found = yield from _linked([(*pages[name], *(alone if name in counted else _UNCOUNTED)) for name in sorted(pages)])
    links = {row["hash"]: row for row in found}
    for name, row in links.items():
        row["is_counted"] = row["is_new"] and savers.get(name) != _SEVERAL
    return {url: links[page[0]] for url, page in named.items()}


def _linked(lines: Sequence[tuple[object, ...]]) -> Script[list[Row]]:
    """Links by their hashes, made where they are new, which `is_new` tells; `lines` are cells of _LINK."""
    if not is_sqlite():
        return (yield from ask_all(*inserts_of("link", _LINK, lines, _ONE_LINK)))
    new = last = 0
    for statement in inserts_of("link", _LINK, lines, "ON CONFLICT (hash) DO NOTHING"):
        yield statement
        amount, last = yield from rows_written()
        new += amount
    if new == len(lines):
        numbers = range(last - new + 1, last + 1)
        found = [(line[0], number, number) for line, number in zip(lines, numbers, strict=True)]
    else:
        [linked] = yield from ask(_LINKED, several(str(line[0]) for line in lines))
        found = json.loads(linked["links"])
    # No id is given out twice: those of new ones are the highest.
    highest = set(nlargest(new, (number for _, number, _ in found)))
    return [{"hash": name, "id": number, "root_id": root, "is_new": number in highest} for name, number, root in found]


def look_at_pages(given: Iterable[str]) -> None:
    """Work out which pages some URLs are of, before anything waits for it."""
    for url in given:
        page_named(url)


@lru_cache(maxsize=2048)  # what an import writes, and what it will write next
def page_named(url: str) -> tuple[str, str, str]:
    """A URL's page: its hash, its address and its host."""
    page = page_of(url)
    return urls.link_hash(page), page, urls.host_of(page)[:255]


def _index(
    rows: Sequence[Row],
    lines: _Lines,
    counted: Set[int] = frozenset(),
    firsts: Set[int] = frozenset(),
    made: Set[int] = frozenset(),
    *,
    waits: bool = False,
) -> Script[None]:
    """Write everything made from rows; `lines` are what tallies lose meanwhile. A removed one has none but that.

    `counted` are links whose savers are known already, `firsts` those that are new with one of these rows, `made` all
    that are new. What `waits` is shown by streams of several savers later.
    """
    to_settle = {row["link_id"] for row in rows} - counted
    settled = [_settled(to_settle)] if to_settle else []
    live = [row for row in rows if row["removed_at"] is None]
    if not live:
        yield from ask_all(*_to_be_sought(rows), *_tallied(lines), *settled)
        return
    keys = {row["id"]: keys_of(row["tags"]) for row in live}
    known = yield from _tags_of({key for each in keys.values() for key in each})
    ids = {key: int(tag["id"]) for key, tag in known.items()}
    public = set().union(*{keys[row["id"]] for row in live if row["is_local"] and row["listed"]})
    yield from _publish([ids[key] for key in public if not tags.is_private(key) and known[key]["public_at"] is None])
    marked = _taggings(live, keys, ids)
    _count(lines, live, marked)
    if not is_sqlite() and len(marked) >= MANY:
        # Four indexes begin with the tag: one tag after the other, PostgreSQL goes to each of its places once.
        yield copying("bookmark_tag", TAGGING, sorted(marked, key=itemgetter(1)))
        taggings = []
    else:
        taggings = inserts_of("bookmark_tag", TAGGING, marked)
    statements = [*taggings, *_tallied(lines), *settled]
    if waits:
        yield from ask_all(*statements, *to_be_merged(live))
        return
    yield from ask_all(*statements, *_to_be_sought(rows), *tags_held(ids.values()))
    yield from let_in(live, marked, ids.values(), firsts, made)


@lru_cache(maxsize=1024)  # the same tags stand on many
def keys_of(words: str) -> tuple[str, ...]:
    return tuple(sorted({tags.key(word) for word in words.split()}))


def _taggings(live: Iterable[Row], keys: Mapping[int, Iterable[str]], ids: Mapping[str, int]) -> list[_Tagging]:
    """The rows of the tag index, as TAGGING names their cells.

    A private tag is its owner's alone, on whatever it is.
    """
    private = {key for key in ids if tags.is_private(key)}
    found: list[_Tagging] = []
    for number, actor_id, link_id, reach, listed, at in map(_ROW, live):
        found += [
            (number, ids[key], actor_id, link_id, _PRIVATE, False, at)
            if key in private
            else (number, ids[key], actor_id, link_id, reach, listed, at)
            for key in keys[number]
        ]
    return found


def _unindex(row: Row) -> Script[_Lines]:
    """Take out everything made from a row, before it changes; returns what its tallies lose."""
    yield from holding("actor", row["actor_id"])
    # Two savers of one page settle it one after the other.
    yield from holding("link", row["link_id"])
    if row["removed_at"] is not None:
        return Counter()
    known = yield from _tags_of({tags.key(word) for word in row["tags"].split()})
    ids = {key: int(tag["id"]) for key, tag in known.items()}
    yield from unmerge_bookmark(row)
    yield from ask("DELETE FROM bookmark_tag WHERE bookmark_id = ?", row["id"])
    lines: _Lines = Counter()
    _count(lines, [row], _taggings([row], {row["id"]: ids}, ids))
    return Counter({line: -amount for line, amount in lines.items()})


def _settled(link_ids: Iterable[int]) -> Statement:
    moment = now()
    look_at = moment + LOOK_AFTER if here().settings.read_pages else None
    return COUNT_SAVERS + among(), (moment - LOOK_AGAIN, look_at, several(sorted(link_ids)))


def _to_be_sought(rows: Iterable[Row]) -> list[Statement]:
    """Search learns of bookmarks after the commit, from these rows: whoever saves need not wait for that."""
    return inserts_of("unindexed", _UNINDEXED, [(row["id"],) for row in rows])


def _tags_of(keys: Iterable[str]) -> Script[dict[str, Row]]:
    """Each tag by its key, rows made where one is new, in the order of keys lest two writers block each other."""
    wanted = sorted(keys)
    if not wanted:
        return {}
    if is_sqlite():
        [found] = yield from ask(_TAGGED, several(wanted))
        have = [{"id": number, "key": key, "public_at": at} for number, key, at in json.loads(found["tags"])]
    else:
        have = yield from ask(f"{_TAGS} {among('text')}", several(wanted))
    known = {row["key"] for row in have}
    missing = [{"key": key, "slug": slugs.slug(key)} for key in wanted if key not in known]
    have += yield from insert_many("tag", _TAG, missing, _ONE_TAG)
    return {row["key"]: row for row in have}


def _publish(tag_ids: Sequence[int]) -> Script[None]:
    """Remember of tags that they were public here once: their streams can be followed for ever."""
    if tag_ids:
        sql = f"UPDATE tag SET public_at = ? WHERE id IN ({marks(len(tag_ids))}) AND public_at IS NULL"
        yield from ask(sql, now(), *sorted(tag_ids))


def _count(lines: _Lines, live: Iterable[Row], marked: Iterable[_Tagging]) -> None:
    """Count live rows and their taggings in the tallies."""
    months = Counter([(actor_id, -month_of(at), reach) for _, actor_id, _, reach, _, at in map(_ROW, live)])
    for (actor_id, month, reach), amount in months.items():
        lines[actor_id, ALL_TAGS, reach] += amount
        lines[actor_id, month, reach] += amount
    for (tag_id, actor_id, visibility, listed), amount in Counter(map(_ALIKE, marked)).items():
        lines[actor_id, tag_id, visibility] += amount
        if listed:
            lines[EVERYONE, tag_id, visibility] += amount


def _tallied(lines: _Lines) -> list[Statement]:
    """Raise and lower tallies in one order, lest two writers block each other."""
    return inserts_of("tally", _TALLY, [(*line, amount) for line, amount in sorted(lines.items()) if amount], ADDED)
