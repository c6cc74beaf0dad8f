"""Notes that arrive: the row that each means, and what is known of it already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from fedimark import addresses
from fedimark.bookmarks.copied import copies_of_ours
from fedimark.bookmarks.recognise import BOOKMARK_SERVERS, Recognised, recognise
from fedimark.database import Row, Script, among, ask, fetch, is_sqlite, perform, several
from fedimark.policy import quarantine
from fedimark.policy.interactions import allows_of
from fedimark.policy.visibility import Visibility, is_listed
from fedimark.text import urls
from fedimark.text.bots import refuses_bots
from fedimark.vocab.objects import Note
from fedimark.vocab.terms import PUBLIC

# By people, or by a tag of this server, whose page it stands on then. What the server itself follows nobody reads.
# One follower of each is enough; of all of them PostgreSQL would read more.
_FOLLOWED = """
SELECT t.id FROM actor t WHERE (SELECT 1 FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = t.id AND f.state = 'accepted'
AND ((a.local_name IS NOT NULL AND a.kind = 'Person') OR (a.tag_id IS NOT NULL AND a.owner_id = 0)) LIMIT 1) = 1
AND t.id
"""
_SOFTWARE = "SELECT host, software FROM peer WHERE host"
_HELD = "SELECT id, suspended_at FROM actor WHERE id"
_HERE = "SELECT * FROM bookmark WHERE uri_hash"
_WAITED_FOR = "SELECT object_hash FROM share WHERE bookmark_id IS NULL AND object_hash"
# Moments of what is withheld, and none for what ended.
_ENDED = """
SELECT uri_hash, updated_at FROM withheld WHERE uri_hash {these}
UNION ALL SELECT uri_hash, CAST(NULL AS BIGINT) FROM tombstone WHERE uri_hash {these}
"""
# What two states of one Note with one moment must agree in.
SAID = ("visibility", "listed", "is_save", "url", "page_url", "title", "description", "tags", "via", "allows")


@dataclass(frozen=True)
class Arrival:
    """A Note whose author was proven: `received_at` and its own moments are microseconds since 1970 UTC.

    `software` is what its server runs, `found` what `recognise` made of it.
    """

    author: Row
    note: Note
    received_at: int
    software: str
    found: Recognised | None

    @cached_property
    def stamp(self) -> int:
        """Which state of the Note it is."""
        return stamp_of(self.note)

    @cached_property
    def hash(self) -> str:
        """What the Note is found by."""
        return addresses.uri_hash(self.note.id)

    @cached_property
    def grave(self) -> str:
        """What its end, or its hiding, is remembered by."""
        return grave_of(self.author, self.note.id)

    def values(self, known: Known) -> dict[str, Any] | None:
        """The row that the Note means, without its link; None when it is nothing that could be kept here."""
        visibility = reach_of(self.author, self.note)
        if visibility is None or self.found is None:
            return None
        note, found = self.note, self.found
        # Only servers made for bookmarks send raw tags.
        is_open = note.says_raw_tags or self.software in BOOKMARK_SERVERS
        consenting = self.author["id"] in known.let_in and agrees(self.author, bookmarking=is_open)
        return {
            "actor_id": self.author["id"],
            "uri": note.id,
            "uri_hash": self.hash,
            "page_url": note.url if note.url and note.url != found.url else note.id,
            "is_local": False,
            "visibility": int(visibility),
            "listed": found.is_save and is_listed(visibility, author_consents=consenting),
            "saved_at": min(note.published or self.received_at, self.received_at),
            "updated_at": self.stamp,
            "via": note.via or "",
            "via_hash": addresses.uri_hash(note.via) if note.via else None,
            "url": found.url,
            "url_md5": urls.md5(found.url),
            "title": found.title,
            "description": found.description,
            "tags": " ".join(found.tags),
            "is_save": found.is_save,
            "allows": allows_of(note.policy, self.author["followers_uri"]),
        }


@dataclass(frozen=True, slots=True)
class Known:
    """What rows say of some Notes and their authors, read once their authors are held."""

    bookmarks: Mapping[str, Row]  # by `uri_hash`
    withheld: Mapping[str, int]  # grave → the moment
    buried: Set[str]  # graves
    followed: Set[int]
    waited_for: Set[str]  # by `uri_hash`: somebody shared it, and no edit made a bookmark of it yet
    shut_out: Set[int]
    let_in: Set[int]  # whose servers are out of quarantine
    copied: Set[str]  # by `uri_hash`: they say that they are copies of bookmarks of people here, and may be

    def before(self, arrival: Arrival) -> Row | None:
        """What is here of a Note, whoever's it is."""
        return self.bookmarks.get(arrival.hash)

    def own(self, arrival: Arrival) -> Row | None:
        """What is here of a Note as its author's."""
        before = self.before(arrival)
        return before if before is not None and before["actor_id"] == arrival.author["id"] else None

    def is_wanted(self, arrival: Arrival) -> bool:
        """Whether its author is followed here, or it is known already, was shared, or copied from somebody here."""
        is_known = self.own(arrival) is not None or arrival.hash in (self.waited_for | self.copied)
        return is_known or arrival.author["id"] in self.followed

    def is_doubtful(self, arrival: Arrival, values: Mapping[str, Any] | None) -> bool:
        """Whether another state of it bears the same moment."""
        own = self.own(arrival)
        if own is not None and own["updated_at"] == arrival.stamp:
            return values is None or any(values[name] != own[name] for name in SAID)
        return own is None and self.withheld.get(arrival.grave) == arrival.stamp and values is not None


async def arrived(author: Row, note: Note, received_at: int) -> Arrival:
    """A Note as it came, recognised."""
    software = (await software_of([author["uri"]]))[author["uri"]]
    return Arrival(author, note, received_at, software, recognise(note, software))


async def look_up(arrivals: Sequence[Arrival]) -> Known:
    """Hold the authors, and read what is known; a fixed number of statements, inside `write()`."""
    return await perform(looking_up(arrivals))


def looking_up(arrivals: Sequence[Arrival]) -> Script[Known]:
    """The same as `look_up`, in a script."""
    ids = {each.author["id"] for each in arrivals}
    # What is read once they are held stays so until the transaction ends.
    locking = "" if is_sqlite() else "ORDER BY id FOR UPDATE"
    held = yield from ask(f"{_HELD} {among()} {locking}", several(ids))
    graves = several({each.grave for each in arrivals})
    ended = yield from ask(_ENDED.format(these=among("text")), graves, graves)
    hashes = several({each.hash for each in arrivals})
    here = yield from ask(f"{_HERE} {among('text')}", hashes)
    let_in = yield from quarantine.let_in_among({each.author["uri"] for each in arrivals})
    shared = yield from ask(f"{_WAITED_FOR} {among('text')}", hashes)
    return Known(
        bookmarks={row["uri_hash"]: row for row in here},
        withheld={row["uri_hash"]: row["updated_at"] for row in ended if row["updated_at"] is not None},
        buried={row["uri_hash"] for row in ended if row["updated_at"] is None},
        followed={row["id"] for row in (yield from ask(f"{_FOLLOWED} {among()}", several(ids)))},
        waited_for={row["object_hash"] for row in shared},
        # Asked once more: an admin may have suspended them while their server was being read.
        shut_out={row["id"] for row in held if row["suspended_at"] is not None},
        let_in={each.author["id"] for each in arrivals if each.author["uri"] in let_in},
        copied=(yield from copies_of_ours(arrivals)),
    )


async def followed_of(ids: Iterable[int]) -> set[int]:
    """Whom of some people elsewhere somebody here follows."""
    return {row["id"] for row in await fetch(f"{_FOLLOWED} {among()}", several(ids))}


async def software_of(uris: Iterable[str]) -> dict[str, str]:
    """What the servers of some ids run, by id; empty where it is not known."""
    hosts = {uri: urlsplit(uri).netloc.lower() for uri in uris}
    found = await fetch(f"{_SOFTWARE} {among('text')}", several(set(hosts.values())))
    known = {row["host"]: str(row["software"]).lower() for row in found}
    return {uri: known.get(host, "") for uri, host in hosts.items()}


def agrees(author: Row, *, bookmarking: bool) -> bool:
    """Whether somebody lets what they save stand on public pages; `bookmarking` says what their server is for."""
    return bool(author["indexable"] or bookmarking) and not refuses_bots(author["summary"])


def stamp_of(note: Note) -> int:
    """Since when a Note is so; 0 where it does not say, so that every edit of it, which does, is later."""
    return note.updated or note.published or 0


def reach_of(author: Row, note: Note) -> Visibility | None:
    """How far the author let it reach; None for what is meant for single people."""
    if PUBLIC in note.to:
        return Visibility.PUBLIC
    if PUBLIC in note.cc:
        return Visibility.UNLISTED
    followers = author["followers_uri"]
    return Visibility.FOLLOWERS if followers and followers in (*note.to, *note.cc) else None


def grave_of(author: Row, uri: str) -> str:
    """By what the end of a Note of theirs is remembered: nobody else can dig that grave."""
    return addresses.uri_hash(f"{author['uri']} {uri}")
