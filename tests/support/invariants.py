"""What must hold whatever happened: everything made from bookmarks and follows is as if it were made anew.

Written a second time and in another way: whole tables read into Python, nothing of SQL's counting.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from typing import Any

from fedimark.database import Row, fetch
from fedimark.policy.visibility import Visibility
from fedimark.text import tags, urls
from fedimark.text.works import page_of
from fedimark.timelines.merge import EVERYWHERE, HERE, Merged

_Facts = dict[Any, Any]


async def disagreements() -> list[str]:
    """What the tag index, tallies, counts of savers and entries say, where it is not what bookmarks and follows say."""
    bookmarks = await fetch("SELECT * FROM bookmark")
    live = [row for row in bookmarks if row["removed_at"] is None]
    shut_out = {row["id"] for row in await fetch("SELECT id FROM actor WHERE suspended_at IS NOT NULL")}
    tag_ids = {row["key"]: row["id"] for row in await fetch("SELECT * FROM tag")}
    return [
        *_rows(bookmarks, await fetch("SELECT * FROM link"), shut_out),
        *_compared("bookmark_tag", _taggings(live, tag_ids), await _kept_taggings()),
        *_compared("tally", _tallies(live, tag_ids), await _kept_tallies()),
        *_compared("link.savers", await _savers(live), await _kept_savers()),
        *_compared("entry", await _entries(live, tag_ids, shut_out), await _kept_entries()),
    ]


def _rows(bookmarks: Iterable[Row], links: Iterable[Row], shut_out: Set[int]) -> Iterable[str]:
    """What each row says of itself."""
    links = {row["id"]: row for row in links}
    hashes = {number: row["hash"] for number, row in links.items()}
    roots = {row["hash"]: _root(row, links)["hash"] for row in links.values()}
    once = Counter((row["actor_id"], row["url"]) for row in bookmarks if row["is_local"])
    for (actor_id, url), times in once.items():
        if times > 1:
            yield f"actor {actor_id} has {url} {times} times"
    for row in bookmarks:
        if hashes.get(row["link_id"]) != roots.get(urls.link_hash(page_of(row["url"]))):
            yield f"bookmark {row['id']} of {row['url']} hangs on another page's link"
        if row["url_md5"] != urls.md5(row["url"]):
            yield f"bookmark {row['id']} has another address's md5"
        public = row["visibility"] == Visibility.PUBLIC and row["removed_at"] is None
        public = public and row["actor_id"] not in shut_out
        if bool(row["listed"]) != public and row["is_local"]:
            yield f"bookmark {row['id']} of visibility {row['visibility']} is{'' if row['listed'] else ' not'} listed"
        if row["listed"] and not (public and row["is_save"]):
            yield f"bookmark {row['id']} is listed and not a public save"


def _root(link: Row, links: Mapping[int, Row]) -> Row:
    while link["alias_id"] is not None:
        link = links[link["alias_id"]]
    return link


def _keys(row: Row) -> set[str]:
    return {tags.key(word) for word in row["tags"].split()}


def _reach(key: str, row: Row) -> int:
    return 0 if tags.is_private(key) else row["visibility"]


def _taggings(live: Iterable[Row], tag_ids: Mapping[str, int]) -> _Facts:
    return {
        (row["id"], tag_ids.get(key)): (
            row["actor_id"],
            row["link_id"],
            _reach(key, row),
            bool(row["listed"]) and not tags.is_private(key),
            row["saved_at"],
        )
        for row in live
        for key in _keys(row)
    }


async def _kept_taggings() -> _Facts:
    names = ("actor_id", "link_id", "visibility", "listed", "saved_at")
    return {
        (row["bookmark_id"], row["tag_id"]): tuple(bool(row[n]) if n == "listed" else row[n] for n in names)
        for row in await fetch("SELECT * FROM bookmark_tag")
    }


def _tallies(live: Iterable[Row], tag_ids: Mapping[str, int]) -> _Facts:
    counted: Counter[Any] = Counter()
    for row in live:
        saved = datetime(1970, 1, 1) + timedelta(microseconds=row["saved_at"])
        counted[row["actor_id"], 0, row["visibility"]] += 1
        counted[row["actor_id"], -(saved.year * 12 + saved.month - 1), row["visibility"]] += 1
        for key in _keys(row):
            counted[row["actor_id"], tag_ids.get(key), _reach(key, row)] += 1
            if row["listed"] and not tags.is_private(key):
                counted[0, tag_ids.get(key), row["visibility"]] += 1
    return dict(counted)


async def _kept_tallies() -> _Facts:
    rows = await fetch("SELECT * FROM tally")
    return {(row["owner_id"], row["tag_id"], row["visibility"]): row["amount"] for row in rows if row["amount"]}


async def _savers(live: Iterable[Row]) -> _Facts:
    sites = {row["id"]: row["site"] for row in await fetch("SELECT id, site FROM actor")}
    people = defaultdict(set)
    for row in live:
        if row["listed"]:
            people[row["link_id"]].add(row["actor_id"])
    return {link_id: (len(actors), len({sites[one] for one in actors})) for link_id, actors in people.items()}


async def _kept_savers() -> _Facts:
    rows = await fetch("SELECT id, savers, sites FROM link")
    return {row["id"]: (row["savers"], row["sites"]) for row in rows if row["savers"] or row["sites"]}


async def _entries(live: Iterable[Row], tag_ids: Mapping[str, int], shut_out: Set[int]) -> _Facts:
    actors = await fetch("SELECT id, local_name, kind, tag_id, owner_id FROM actor")
    here = {row["id"] for row in actors if row["local_name"] is not None and row["kind"] == "Person"}
    tags_here = {row["id"]: row["tag_id"] for row in actors if row["tag_id"] is not None and not row["owner_id"]}
    followers, following_tags = defaultdict(set), defaultdict(set)
    for row in await fetch("SELECT * FROM follow"):
        if row["state"] == "accepted" and row["follower_id"] in here:
            followers[row["target_id"]].add(row["follower_id"])
        if row["state"] == "accepted" and row["follower_id"] in tags_here:
            following_tags[row["target_id"]].add(tags_here[row["follower_id"]])
    hiding = defaultdict(set)  # who sees nothing of somebody: they block or mute them
    for row in await fetch("SELECT * FROM block"):
        hiding[row["blocked_id"]].add(row["blocker_id"])
    places: dict[Any, list[int]] = defaultdict(list)
    said: dict[Any, list[int]] = defaultdict(list)  # with words of people whom the reader follows
    feeds = {row["id"] for row in actors if row["kind"] == "Feed"}
    live = list(live)
    by_id = {row["id"]: row for row in live}
    for row in live:
        readers = {row["actor_id"]} & here
        if row["visibility"] >= Visibility.FOLLOWERS and row["actor_id"] not in shut_out:
            readers |= followers[row["actor_id"]] - hiding[row["actor_id"]]
        streams = [(Merged.NETWORK, reader) for reader in readers]
        if row["listed"]:
            streams += [
                (Merged.RECENT, which) for which in (EVERYWHERE, HERE) if which == EVERYWHERE or row["is_local"]
            ]
            streams += [(Merged.TAG, tag_ids.get(key)) for key in _keys(row) if not tags.is_private(key)]
        for stream, owner_id in streams:
            places[int(stream), owner_id, row["link_id"]].append(row["saved_at"])
            is_followed = stream is Merged.NETWORK and owner_id != row["actor_id"]
            if is_followed and row["description"] and row["actor_id"] not in feeds:
                said[int(stream), owner_id, row["link_id"]].append(row["saved_at"])
    for share in await fetch("SELECT * FROM share"):
        shared = by_id.get(share["bookmark_id"])
        if share["actor_id"] in shut_out:
            continue
        shut = shared is not None and shared["is_local"] and shared["actor_id"] in shut_out
        if shared and (shared["listed"] or (shared["visibility"] >= Visibility.UNLISTED and not shut)):
            for reader in followers[share["actor_id"]] - hiding[shared["actor_id"]] - hiding[share["actor_id"]]:
                places[int(Merged.NETWORK), reader, shared["link_id"]].append(share["shared_at"])
        for tag_id in following_tags[share["actor_id"]] if shared and shared["listed"] else ():
            places[int(Merged.TAG), tag_id, shared["link_id"]].append(share["shared_at"])
    taggings = [(row, tag_ids.get(key)) for row in live for key in _keys(row) if not tags.is_private(key)]
    for stream in await fetch("SELECT * FROM actor WHERE tag_id IS NOT NULL AND suspended_at IS NULL"):
        for row, tag_id in taggings:
            is_its = tag_id == stream["tag_id"] and stream["owner_id"] in (0, row["actor_id"])
            for reader in followers[stream["id"]] - hiding[row["actor_id"]] if is_its and row["listed"] else ():
                places[int(Merged.NETWORK), reader, row["link_id"]].append(row["saved_at"])
    return {place: max(said[place]) if place in said else min(moments) for place, moments in places.items()}


async def _kept_entries() -> _Facts:
    rows = await fetch("SELECT * FROM entry")
    return {(row["stream"], row["owner_id"], row["link_id"]): row["position"] for row in rows}


def _compared(name: str, wanted: _Facts, kept: _Facts) -> Iterable[str]:
    for key in sorted(wanted.keys() | kept.keys(), key=repr):
        if wanted.get(key) != kept.get(key):
            yield f"{name} {key}: is {kept.get(key)}, should be {wanted.get(key)}"
