"""What other servers find, as bookmarks to look at: nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fedimark import addresses
from fedimark.bookmarks.recognise import Recognised, recognise
from fedimark.database import Row, among, fetch, several
from fedimark.policy.mutes import mutes_of
from fedimark.policy.visibility import Viewer
from fedimark.search.asking import Server, Told, all_of, ask_all
from fedimark.timelines.entries import Person
from fedimark.vocab.objects import Note

MOST = 100

# Whom the viewer keeps away, or who keeps them away; the viewer twice.
_KNOWN = """
SELECT a.uri, a.username, a.host, a.name, a.url, a.suspended_at, EXISTS (SELECT 1 FROM block k
    WHERE (k.blocker_id = ? AND k.blocked_id = a.id) OR (k.blocker_id = a.id AND k.blocked_id = ? AND NOT k.is_mute)
) AS is_kept_away FROM actor a WHERE a.uri_hash
"""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A bookmark that another server told of; `href` is where it stands, `at` microseconds, None where it is unsaid."""

    words: Recognised
    person: Person
    href: str
    at: int | None

    def as_save(self) -> Mapping[str, Any]:
        """What mutes look at."""
        words = self.words
        said = {"title": words.title, "description": words.description, "tags": " ".join(words.tags)}
        return {**said, "is_local": False, "at_host": self.person.host, "uri": self.href}


@dataclass(frozen=True, slots=True)
class Answers:
    """What was found, newest first, which servers answered, which of these have more, and which did not answer."""

    found: tuple[Elsewhere, ...]
    answered: tuple[str, ...]
    with_more: tuple[str, ...]
    silent: tuple[str, ...]


async def search_elsewhere(viewer: Viewer, text: str) -> Answers:
    """Ask other servers, for three seconds; never inside a transaction."""
    told = await ask_all(viewer.actor_id, text)
    notes = all_of(told)
    people = await _people(viewer, [note for _, note in notes])
    read = [one for server, note in notes if (one := _read(server, note, people)) is not None]
    mutes = await mutes_of(viewer.actor_id)
    found = [one for one in read if not mutes.hide(one.as_save())]
    found.sort(key=lambda one: one.at or 0, reverse=True)
    return Answers(
        tuple(found[:MOST]),
        _hosts(each for each in told if each.notes is not None),
        _hosts(each for each in told if each.has_more),
        _hosts(each for each in told if each.notes is None),
    )


async def _people(viewer: Viewer, notes: Sequence[Note]) -> dict[str, Row]:
    hashes = {addresses.uri_hash(note.attributed_to) for note in notes}
    sql = f"{_KNOWN} {among('text')}"
    return {row["uri"]: row for row in await fetch(sql, viewer.actor_id, viewer.actor_id, several(hashes))}


def _read(server: Server, note: Note, people: dict[str, Row]) -> Elsewhere | None:
    known = people.get(note.attributed_to)
    words = recognise(note, "fedimark" if not server.in_person else "betula")
    is_unwanted = known is not None and (known["suspended_at"] is not None or known["is_kept_away"])
    if words is None or not words.is_save or is_unwanted:
        return None
    if known is not None:
        person = Person(known["username"], known["host"], known["name"], known["url"] or known["uri"])
    else:
        name = urlsplit(note.attributed_to).path.rpartition("/")[2].removeprefix("@")[:100]
        person = Person(name, server.host, "", note.attributed_to)
    return Elsewhere(words, person, note.url or note.id, note.published)


def _hosts(told: Iterable[Told]) -> tuple[str, ...]:
    return tuple(each.server.host for each in told)
