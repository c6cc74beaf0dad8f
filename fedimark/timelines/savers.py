"""Who saved the links of a page, as far as this reader may see, and whose words stand there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from fedimark import addresses
from fedimark.database import Row, Sql, at_once, fetch, is_sqlite, marks, several
from fedimark.errors import NotFound
from fedimark.policy.blocks import not_hidden
from fedimark.policy.mutes import Mutes, mutes_of
from fedimark.policy.visibility import Visibility
from fedimark.timelines.entries import Entry, FirstSave, Own, Person
from fedimark.timelines.merge import SHAREABLE
from fedimark.timelines.words import shown_tags, words_of

LOOKED_AT = 20  # public savers of a link among whom somebody who mutes words, tags or servers looks for one unmuted
NAMED = 4  # savers a line can name: the one whose words it shows, and three more

# What an entry is made of. Whole rows of bookmarks would cost half as much again to read.
_NAMES = (
    *("id", "actor_id", "link_id", "public_id", "uri", "uri_hash", "page_url", "is_local", "url", "title"),
    *("description", "tags", "visibility", "listed", "is_save", "to_read", "starred", "archived"),
    *("saved_at", "updated_at"),
)
OF_BOOKMARK = ", ".join(f"b.{name}" for name in _NAMES)
_OF_ACTOR = "a.local_name, a.username, a.host AS at_host, a.name AS person_name, a.url AS person_url"
SAVE = f"{OF_BOOKMARK}, {_OF_ACTOR}"
# Who is only named beside the words of others, and the reader's own marks: half as much to read as all of it.
_SAVER = f"""
b.id, b.actor_id, b.link_id, b.public_id, b.uri_hash, b.visibility, b.listed, b.is_save, b.to_read, b.starred,
b.archived, b.saved_at, {_OF_ACTOR}
"""
# Each link's first public savers by one index probe a link, however many saved it. One text for any number of links:
# PostgreSQL would plan fifty of them anew for every page, in ten times the time that they take.
_FIRST = """
SELECT {columns} FROM bookmark b WHERE b.link_id = w.value AND b.listed AND b.removed_at IS NULL{seen}
ORDER BY b.saved_at, COALESCE(b.uri_hash, b.public_id) LIMIT ?
"""
_LISTED_SQLITE = f"""
SELECT {{save}} FROM json_each(?) w
CROSS JOIN bookmark b ON b.id IN ({_FIRST.replace("{columns}", "b.id")}) JOIN actor a ON a.id = b.actor_id
"""
_LISTED_POSTGRES = f"""
SELECT {{save}} FROM unnest(CAST(? AS bigint[])) AS w (value)
CROSS JOIN LATERAL ({_FIRST.replace("{columns}", OF_BOOKMARK)}) b JOIN actor a ON a.id = b.actor_id
"""
# For readers: of strangers nobody is asked whom they block or mute.
_UNHIDDEN = f" AND {not_hidden('b.actor_id')}"
# Asked once for a whole statement, where the other conditions would be for each of its rows.
_BLOCKS_NOBODY = "NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = ?)"
_SEEN = f"""
CASE WHEN {_BLOCKS_NOBODY} THEN l.savers ELSE l.savers - (
    SELECT count(DISTINCT b.actor_id) FROM block k JOIN bookmark b ON b.actor_id = k.blocked_id
    WHERE k.blocker_id = ? AND b.link_id = l.id AND b.listed) END AS savers,
CASE WHEN {_BLOCKS_NOBODY} THEN l.sites ELSE (
    SELECT count(DISTINCT a.site) FROM bookmark b JOIN actor a ON a.id = b.actor_id
    WHERE b.link_id = l.id AND b.listed AND {not_hidden("b.actor_id")}) END AS sites
"""
# A condition on bookmarks `b` with three parameters, all the viewer: that somebody they follow and see shared it.
# What is asked first is what rules out most: SQLite asks in this order.
SHARED_TO = f"""(EXISTS (
    SELECT 1 FROM share s JOIN follow f ON f.target_id = s.actor_id JOIN actor x ON x.id = s.actor_id
    WHERE s.bookmark_id = b.id AND f.follower_id = ? AND f.state = 'accepted' AND x.suspended_at IS NULL
    AND {not_hidden("x.id")}) AND {SHAREABLE} AND {not_hidden("b.actor_id")})"""
# What only this reader sees, or sees first: their own saves, those of people they follow, and what these shared.
_NEAR = """
SELECT {save} FROM bookmark b JOIN actor a ON a.id = b.actor_id
WHERE b.link_id IN ({links}) AND b.removed_at IS NULL
AND (b.actor_id = ? OR (b.visibility >= {least} AND EXISTS (
    SELECT 1 FROM follow f WHERE f.follower_id = ? AND f.target_id = b.actor_id AND f.state = 'accepted')) OR {shared})
AND a.suspended_at IS NULL AND {seen}
"""
# When each saver of some links saved them first; a viewer's own private saves count for the viewer.
_FIRST_SAVES = """
SELECT l.hash, a.username, a.host, min(b.saved_at) AS saved_at
FROM bookmark b JOIN link l ON l.id = b.link_id JOIN actor a ON a.id = b.actor_id
WHERE l.hash IN ({hashes}) AND b.removed_at IS NULL AND (b.visibility > 0 OR b.actor_id = ?)
GROUP BY l.hash, a.username, a.host
"""


def seen_by(viewer_id: int) -> Sql:
    """How many public savers of link `l` a viewer sees, and on how many sites: all but those they block or mute."""
    return Sql(_SEEN, (viewer_id,) * 4) if viewer_id else Sql("l.savers, l.sites")


async def own_entries(saves: Sequence[Row], viewer_id: int, *, is_owner: bool) -> list[Entry]:
    """Entries of one person's bookmarks (or of one link's savers): each its own words, others only named."""
    if not saves:
        return []
    links = await _links(saves, viewer_id)
    # Between two statements a bookmark may move to another link, or be gone.
    saves = [row for row in saves if row["id"] in links]
    around = await _around([links[row["id"]]["link_id"] for row in saves], viewer_id, NAMED, _SAVER)
    entries = []
    for row in saves:
        link = links[row["id"]]
        near = around[link["link_id"]]
        others = _people(save for save in near if save["is_save"] and save["actor_id"] != row["actor_id"])[: NAMED - 1]
        entries.append(
            _entry(
                {**row, **links["actors", row["actor_id"]]},
                link,
                others=others,
                count=_count(link, [*near, row]),
                own=_own(near, viewer_id),
                words=shown_tags(row, whole=is_owner or row["actor_id"] == viewer_id),
                at=row["saved_at"],
            )
        )
    return entries


async def merged_entries(
    lines: Sequence[Row], viewer_id: int, *, name_at_most: int = NAMED, mutes: Mutes | None = None
) -> list[Entry]:
    """Entries of a merged stream, one a link: in the reader's words, else in those of their network, else the first.

    `mutes` is what the reader mutes, where that was read already.
    """
    if mutes is None:
        mutes = await mutes_of(viewer_id)
    around = await _around([line["link_id"] for line in lines], viewer_id, LOOKED_AT if mutes else name_at_most)
    entries = []
    for line in lines:
        saves = around[line["link_id"]]
        shown = _unmuted(saves, viewer_id, mutes)
        if shown:  # all may be muted, or removed between two statements
            counted = {**line, "savers": line["savers"] - _muted_savers(saves, shown)}
            entries.append(entry_of(counted, shown, shown, viewer_id, name_at_most))
    return entries


async def unmuted(saves: Sequence[Row], viewer_id: int) -> list[Row]:
    """Those of some rows of `bookmark` that a reader does not mute by a word, a tag or a server."""
    mutes = await mutes_of(viewer_id)
    if not mutes or not saves:
        return list(saves)
    sql = f"SELECT id, host FROM actor WHERE id IN ({marks(len(saves))})"
    hosts = {row["id"]: row["host"] for row in await fetch(sql, *(save["actor_id"] for save in saves))}
    named = [{**save, "at_host": hosts.get(save["actor_id"], "")} for save in saves]
    kept = {save["id"] for save in _unmuted(named, viewer_id, mutes)}
    return [save for save in saves if save["id"] in kept]


async def link_entry(link: Row, viewer_id: int) -> tuple[Entry, FirstSave | None]:
    """One link's merged entry, as the head of the page that shows its savers, and who saved it first.

    Nobody did, where the reader sees only who mentions it.
    """
    mutes = await mutes_of(viewer_id)
    around = (await _around([link["id"]], viewer_id, LOOKED_AT if mutes else NAMED))[link["id"]]
    saves = _unmuted(around, viewer_id, mutes)
    if not saves:  # all are muted, or its last was removed between two statements
        raise NotFound
    entry = entry_of({**link, "link_id": link["id"], "position": 0}, saves, saves, viewer_id)
    first = next((FirstSave(person_of(save), save["saved_at"]) for save in saves if save["is_save"]), None)
    return replace(entry, at=entry.saved_at), first


def entry_of(line: Row, around: Sequence[Row], mine: Sequence[Row], viewer_id: int, name_at_most: int = NAMED) -> Entry:
    """The entry of a link in the words of some of its saves; `mine` are the viewer’s own, for their marks.

    `line` is the link, with its place in the stream as `position`; `around` is `in_order`.
    """
    # Who only mentions a page stands for it where nobody saved it.
    saves = [save for save in around if save["is_save"]] or around
    words = words_of(saves, viewer_id, line["title"])
    others = _people(s for s in saves if s["is_save"] and s["actor_id"] != words.lead["actor_id"])
    return _entry(
        {**words.lead, "url": saves[0]["url"], "title": words.title, "description": words.description},
        line,
        others=others[: name_at_most - 1],
        count=_count(line, saves),
        own=_own(mine, viewer_id),
        words=words.tags,
        at=line["position"],
    )


async def _around(link_ids: Sequence[int], viewer_id: int, limit: int, save: str = SAVE) -> dict[int, list[Row]]:
    """For each link the saves this reader may see, by moment: theirs and their network's, and the first public ones.

    `save` is what is read of each.
    """
    unique = list(dict.fromkeys(link_ids))
    found: dict[int, dict[int, Row]] = defaultdict(dict)
    reads = [partial(_first_listed, unique, viewer_id, limit, save)] if unique else []
    reads += [partial(_near, unique, viewer_id, save)] if unique and viewer_id else []
    for is_near, rows in enumerate(await at_once(*reads)):
        for row in rows:
            row["near"] = bool(is_near)
            found[row["link_id"]][row["id"]] = row
    return defaultdict(list, {link_id: in_order(saves.values()) for link_id, saves in found.items()})


async def _first_listed(link_ids: Sequence[int], viewer_id: int, limit: int, save: str) -> list[Row]:
    sql = (_LISTED_SQLITE if is_sqlite() else _LISTED_POSTGRES).format(save=save, seen=_UNHIDDEN if viewer_id else "")
    return await fetch(sql, several(link_ids), *((viewer_id,) if viewer_id else ()), limit)


async def _near(link_ids: Sequence[int], viewer_id: int, save: str) -> list[Row]:
    least, seen = int(Visibility.FOLLOWERS), not_hidden("b.actor_id")
    sql = _NEAR.format(save=save, links=marks(len(link_ids)), least=least, seen=seen, shared=SHARED_TO)
    return await fetch(sql, *link_ids, *[viewer_id] * 6)


async def _links(saves: Sequence[Row], viewer_id: int) -> dict[object, Row]:
    """The links of some bookmarks, by the bookmarks' ids, and their savers, in one statement."""
    seen = seen_by(viewer_id)
    sql = f"""
    SELECT b.id AS bookmark_id, l.id AS link_id, l.hash, l.canonical, l.host, {seen.text}, a.id AS actor_id, {_OF_ACTOR}
    FROM bookmark b JOIN link l ON l.id = b.link_id JOIN actor a ON a.id = b.actor_id
    WHERE b.id IN ({marks(len(saves))})
    """
    found: dict[object, Row] = {}
    for row in await fetch(sql, *seen.values, *(save["id"] for save in saves)):
        found[row["bookmark_id"]] = row
        names = ("local_name", "username", "at_host", "person_name", "person_url")
        found["actors", row["actor_id"]] = {name: row[name] for name in names}
    return found


def _entry(
    save: Row, link: Row, *, others: tuple[Person, ...], count: int, own: Own | None, words: tuple[str, ...], at: int
) -> Entry:
    local = save["local_name"]
    return Entry(
        link_hash=link["hash"],
        url=save["url"],
        canonical=link["canonical"],
        host=link["host"],
        title=save["title"] or save["url"],
        description=save["description"],
        tags=words,
        at=at,
        saved_at=save["saved_at"],
        saver=person_of(save),
        others=others,
        saver_count=count,
        site_count=max(int(link["sites"]), 1),
        permalink=addresses.bookmark(local, save["public_id"]) if local else save["page_url"],
        note=addresses.bookmark(local, save["public_id"]) if local else save["uri"],
        is_mention=not save["is_save"],
        own=own,
        updated_at=save["updated_at"],
    )


def name_of(entry: Entry) -> str:
    """What the save an entry shows is found by: its public id here, or the hash of its id elsewhere."""
    return entry.note.rpartition("/")[2] if entry.note.startswith("/") else addresses.uri_hash(entry.note)


def person_of(save: Row) -> Person:
    """Who saved something, from a row that names them as `SAVE` does."""
    return _named(save["local_name"], save["username"], save["at_host"], save["person_name"], save["person_url"])


@lru_cache(maxsize=4_096)
def _named(local: str | None, username: str, host: str, name: str, url: str) -> Person:
    """One value for each, which pages name again and again."""
    return Person(username, host, name or username, addresses.person(local) if local else url)


async def first_saves(hashes: Sequence[str], viewer_id: int) -> dict[tuple[str, str, str], int]:
    """When each saver first saved some links: by the link's hash, the saver's name and host (empty for people here)."""
    found = {}
    for start in range(0, len(hashes), 500):
        some = hashes[start : start + 500]
        for row in await fetch(_FIRST_SAVES.format(hashes=marks(len(some))), *some, viewer_id):
            found[row["hash"], row["username"], row["host"]] = int(row["saved_at"])
    return found


def _unmuted(saves: Sequence[Row], viewer_id: int, mutes: Mutes) -> Sequence[Row]:
    """Those of some saves that a reader does not mute; their own are never muted."""
    return [save for save in saves if save["actor_id"] == viewer_id or not mutes.hide(save)] if mutes else saves


def _muted_savers(saves: Sequence[Row], shown: Sequence[Row]) -> int:
    kept = {save["actor_id"] for save in shown}
    return len({save["actor_id"] for save in saves if save["listed"]} - kept)


def _people(saves: Iterable[Row]) -> tuple[Person, ...]:
    """Each saver once, in the order of their saves."""
    return tuple({save["actor_id"]: person_of(save) for save in saves}.values())


def in_order(saves: Iterable[Row]) -> list[Row]:
    """Saves of one link by moment."""
    return sorted(saves, key=_order)


def _order(save: Row) -> tuple[int, str, str]:
    """Savers stand by moment, then by name; never in the order in which we heard of them."""
    return save["saved_at"], f"{save['username']}@{save['at_host']}", save["uri_hash"] or save["public_id"]


def _count(link: Row, saves: Iterable[Row]) -> int:
    """Everyone the reader may see: all public savers, and those of their own and their network who are not listed."""
    hidden = {save["actor_id"] for save in saves if save["is_save"] and not save["listed"]}
    listed = {save["actor_id"] for save in saves if save["listed"]}
    return int(link["savers"]) + len(hidden - listed)


def _own(saves: Iterable[Row], viewer_id: int) -> Own | None:
    for save in saves:
        if viewer_id and save["actor_id"] == viewer_id:
            marks_set = (bool(save["to_read"]), bool(save["starred"]), bool(save["archived"]))
            return Own(save["public_id"], Visibility(save["visibility"]), *marks_set)
    return None
