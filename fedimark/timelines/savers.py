"""Who saved the links of a page, as far as this reader may see, and whose words stand there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from fedimark import addresses
from fedimark.database import Row, Sql, fetch, fetch_values, marks
from fedimark.errors import NotFound
from fedimark.policy.blocks import not_hidden
from fedimark.policy.mutes import Mutes, mutes_of
from fedimark.policy.visibility import Visibility
from fedimark.timelines.around import NAMED, WHO, around, named
from fedimark.timelines.entries import Entry, FirstSave, Own, Person
from fedimark.timelines.made import made
from fedimark.timelines.saves import Around, Save, Seen
from fedimark.timelines.words import shown_tags, words_of

LOOKED_AT = 20  # public savers of a link among whom somebody who mutes words, tags or servers looks for one unmuted

# What an entry of one person's bookmark is made of. Whole rows would cost half as much again to read.
_NAMES = (
    *("id", "actor_id", "link_id", "public_id", "uri", "uri_hash", "page_url", "is_local", "url", "title"),
    *("description", "tags", "visibility", "listed", "is_save", "to_read", "starred", "archived"),
    *("saved_at", "updated_at"),
)
OF_BOOKMARK = ", ".join(f"b.{name}" for name in _NAMES)
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


class _Saver(NamedTuple):
    local_name: str | None
    username: str
    at_host: str
    person_name: str
    person_url: str


class _Told(NamedTuple):
    """What a save says itself."""

    actor_id: int
    public_id: str | None
    uri: str | None
    page_url: str
    url: str
    title: str
    description: str
    tags: str
    listed: bool
    is_save: bool
    saved_at: int
    updated_at: int


_TOLD = itemgetter(*_Told._fields)


class _Place(NamedTuple):
    hash: str
    canonical: str
    host: str
    title: str
    position: int
    savers: int
    sites: int


class _Link(NamedTuple):
    id: int
    hash: str
    canonical: str
    host: str
    savers: int
    sites: int


async def own_entries(saves: Sequence[Row], viewer_id: int, *, is_owner: bool) -> list[Entry]:
    """Entries of one person's bookmarks (or of one link's savers): each its own words, others only named."""
    if not saves:
        return []
    links = await _links(saves, viewer_id)
    # Between two statements a bookmark may move to another link, or be gone.
    found = [(row, *links[row["id"]]) for row in saves if row["id"] in links]
    wanted = [link.id for row, link, _ in found if viewer_id or not _is_alone(row, link)]
    groups = await named(wanted, viewer_id)
    entries = []
    for row, link, saver in found:
        whole = is_owner or row["actor_id"] == viewer_id
        group, told = groups[link.id], _Told._make(_TOLD(row))
        around_it = tuple(group.all), tuple(group.near)
        entries.append(made(_own_entry, told, (link, saver), around_it, viewer_id, whole))
    return entries


def _is_alone(save: Row, link: _Link) -> bool:
    """Whether nobody but its saver saved a page publicly."""
    return bool(save["listed"]) and link.savers <= 1


def _own_entry(
    told: _Told,
    place: tuple[_Link, _Saver],
    around_it: tuple[Sequence[Seen], Sequence[Save]],
    viewer_id: int,
    whole: bool,
) -> Entry:
    (link, saver), (saves, near) = place, around_it
    permalink, note = _places(saver.local_name, told.public_id, told.page_url, told.uri)
    hidden = {told.actor_id} if told.is_save and not told.listed else set()
    return Entry(
        link_hash=link.hash,
        url=told.url,
        canonical=link.canonical,
        host=link.host,
        title=told.title or told.url,
        description=told.description,
        tags=shown_tags(told.tags, whole=whole),
        at=told.saved_at,
        saved_at=told.saved_at,
        saver=_who(saver),
        others=_others(saves, told.actor_id, NAMED),
        saver_count=link.savers + _unlisted(saves, near, hidden),
        site_count=max(link.sites, 1),
        permalink=permalink,
        note=note,
        is_mention=not told.is_save,
        own=_own(near, viewer_id),
        updated_at=told.updated_at,
    )


async def merged_entries(
    lines: Sequence[Row], viewer_id: int, *, name_at_most: int = NAMED, mutes: Mutes | None = None
) -> list[Entry]:
    """Entries of a merged stream, one a link: in the reader's words, else in those of their network, else the first.

    `mutes` is what the reader mutes, where that was read already.
    """
    if mutes is None:
        mutes = await mutes_of(viewer_id)
    groups = await around([line["link_id"] for line in lines], viewer_id, LOOKED_AT if mutes else name_at_most)
    entries = []
    for line in lines:
        group, place = groups[line["link_id"]], line
        if mutes:
            everybody, group = group, _unmuted(group, viewer_id, mutes)
            hidden = _muted_savers(everybody, group)
            place = {**line, "savers": line["savers"] - hidden} if hidden else line
        if group.all:  # all may be muted, or removed between two statements
            entries.append(entry_of(place, group, viewer_id, name_at_most))
    return entries


async def unmuted(saves: Sequence[Row], viewer_id: int) -> list[Row]:
    """Those of some rows of `bookmark` that a reader does not mute by a word, a tag or a server."""
    mutes = await mutes_of(viewer_id)
    if not mutes or not saves:
        return list(saves)
    sql = f"SELECT id, host FROM actor WHERE id IN ({marks(len(saves))})"
    hosts = {row["id"]: row["host"] for row in await fetch(sql, *(save["actor_id"] for save in saves))}
    hosted = [{**save, "at_host": hosts.get(save["actor_id"], "")} for save in saves]
    kept = {save["id"] for save in hosted if save["actor_id"] == viewer_id or not mutes.hide(save)}
    return [save for save in saves if save["id"] in kept]


async def link_entry(link: Row, viewer_id: int) -> tuple[Entry, FirstSave | None]:
    """One link's merged entry, as the head of the page that shows its savers, and who saved it first.

    Nobody did, where the reader sees only who mentions it.
    """
    mutes = await mutes_of(viewer_id)
    group = (await around([link["id"]], viewer_id, LOOKED_AT if mutes else NAMED))[link["id"]]
    seen = _unmuted(group, viewer_id, mutes) if mutes else group
    if not seen.all:  # all are muted, or its last was removed between two statements
        raise NotFound
    entry = entry_of({**link, "position": 0}, seen, viewer_id)
    first = next((FirstSave(_who(save), save.saved_at) for save in seen.all if save.is_save), None)
    return entry._replace(at=entry.saved_at), first


def entry_of(
    line: Row, group: Around[Save], viewer_id: int, name_at_most: int = NAMED, mine: Iterable[Save] | None = None
) -> Entry:
    """The entry of a link in the words of some of its saves; `line` is the link, with its place as `position`.

    Among those near, or `mine`, are the viewer’s own, for their marks.
    """
    counts = int(line["savers"]), int(line["sites"])
    place = _Place(line["hash"], line["canonical"], line["host"], line["title"], line["position"], *counts)
    own = _own(group.near if mine is None else mine, viewer_id)
    return made(_entry, place, (tuple(group.all), tuple(group.near)), own, viewer_id, name_at_most)


def _entry(
    place: _Place, group: tuple[Sequence[Save], Sequence[Save]], own: Own | None, viewer_id: int, name_at_most: int
) -> Entry:
    heard = Around(*map(list, group)).heard()
    words = words_of(heard.all, heard.near, viewer_id, place.title)
    lead, first = words.lead, heard.all[0]
    permalink, note = _places(lead.local_name, lead.public_id, lead.page_url, lead.uri)
    return Entry(
        link_hash=place.hash,
        url=first.url,
        canonical=place.canonical,
        host=place.host,
        title=words.title or first.url,
        description=words.description,
        tags=words.tags,
        at=place.position,
        saved_at=lead.saved_at,
        saver=_who(lead),
        others=_others(heard.all, lead.actor_id, name_at_most),
        saver_count=place.savers + _unlisted(heard.all, heard.near),
        site_count=max(place.sites, 1),
        permalink=permalink,
        note=note,
        is_mention=not lead.is_save,
        own=own,
        updated_at=lead.updated_at,
    )


async def _links(saves: Sequence[Row], viewer_id: int) -> dict[int, tuple[_Link, _Saver]]:
    """The links of some bookmarks and their savers, by the bookmarks' ids, in one statement."""
    seen = seen_by(viewer_id)
    sql = f"""
    SELECT b.id, l.id, l.hash, l.canonical, l.host, {seen.text}, {WHO}
    FROM bookmark b JOIN link l ON l.id = b.link_id JOIN actor a ON a.id = b.actor_id
    WHERE b.id IN ({marks(len(saves))})
    """
    rows = await fetch_values(sql, *seen.values, *(save["id"] for save in saves))
    return {row[0]: (_Link(*row[1:7]), _Saver(*row[7:])) for row in rows}


def _places(local: str | None, public_id: str | None, page_url: str, uri: str | None) -> tuple[str, str]:
    """Where a save is read, and what names it to whoever copies it."""
    if local:
        path = addresses.bookmark(local, str(public_id))
        return path, path
    return page_url, uri or ""


def name_of(entry: Entry) -> str:
    """What the save an entry shows is found by: its public id here, or the hash of its id elsewhere."""
    return name_of_note(entry.note)


def name_of_note(note: str) -> str:
    """The same of what `Entry.note` says."""
    return note.rpartition("/")[2] if note.startswith("/") else addresses.uri_hash(note)


def person_of(save: Row) -> Person:
    """Who saved something, from a row that names them as `WHO` does."""
    return _named(save["local_name"], save["username"], save["at_host"], save["person_name"], save["person_url"])


def _who(save: Seen | _Saver) -> Person:
    return _named(save.local_name, save.username, save.at_host, save.person_name, save.person_url)


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


def _unmuted(group: Around[Save], viewer_id: int, mutes: Mutes) -> Around[Save]:
    """What a reader does not mute of some saves, which are whole; their own are never muted."""
    kept = [save for save in group.all if save.actor_id == viewer_id or not mutes.hide(save._asdict())]
    ids = {save.id for save in kept}
    return Around(kept, [save for save in group.near if save.id in ids])


def _muted_savers(group: Around[Save], seen: Around[Save]) -> int:
    return len({save.actor_id for save in group.all if save.listed} - {save.actor_id for save in seen.all})


def _others(saves: Iterable[Seen], but_id: int, name_at_most: int) -> tuple[Person, ...]:
    """Who else saved it, each once, in the order of their saves."""
    people: dict[int, Person] = {}
    for save in saves:
        if save.is_save and save.actor_id != but_id and save.actor_id not in people:
            people[save.actor_id] = _who(save)
            if len(people) >= name_at_most - 1:
                break
    return tuple(people.values())


def _unlisted(saves: Iterable[Seen], near: Iterable[Save], besides: Iterable[int] = ()) -> int:
    """How many the reader may see who are no public savers: their own saves, and those of their network."""
    hidden = {save.actor_id for save in near if save.is_save and not save.listed}.union(besides)
    return len(hidden - {save.actor_id for save in saves if save.listed}) if hidden else 0


def _own(saves: Iterable[Save], viewer_id: int) -> Own | None:
    for save in saves:
        if viewer_id and save.actor_id == viewer_id:
            assert save.public_id is not None  # all that is saved here has one
            marks_set = (bool(save.to_read), bool(save.starred), bool(save.archived))
            return Own(save.public_id, Visibility(save.visibility), *marks_set)
    return None
