"""Asking other servers for bookmarks: the servers of people one follows and is followed by, and other fedimarks.

Nothing of a question is kept or told to the log, and nothing of its answers is stored. An answer is believed about the
people of the very server that gave it, and about nobody else.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch, fetch_one
from fedimark.errors import FedimarkError
from fedimark.here import here
from fedimark.policy import hosts
from fedimark.remote import client, guard
from fedimark.remote.fetch import check_status, read_json
from fedimark.remote.signing import instance_actor
from fedimark.search.answering import MOST, VERSION
from fedimark.vocab.objects import Note, read_note
from fedimark.vocab.reading import Unreadable
from fedimark.vocab.terms import Doc

PATIENCE_S = 3.0  # in all
MOST_SERVERS = 12

_PATH = "/.well-known/betula-federated-search"
_JSON = "application/json"
# Only of software that is known to answer: no other server need hear what somebody looks for.
_MUTUALS = """
SELECT a.uri, i.host, lower(p.software) AS software FROM follow f
JOIN follow g ON g.follower_id = f.target_id AND g.target_id = f.follower_id AND g.state = 'accepted'
JOIN actor a ON a.id = f.target_id JOIN inbox i ON i.id = a.inbox_id JOIN peer p ON p.host = i.host
WHERE f.follower_id = ? AND f.state = 'accepted' AND a.gone_at IS NULL AND a.suspended_at IS NULL
AND lower(p.software) = 'betula' ORDER BY f.id DESC LIMIT ?
"""
_FEDIMARKS = """
SELECT host FROM peer WHERE let_in_at IS NOT NULL AND lower(software) = 'fedimark' AND open_until = 0
ORDER BY answered_at DESC, id LIMIT ?
"""
_SPEAKER = "SELECT * FROM actor WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Server:
    """A server to be asked: `asked` is the id of whom, `in_person` whether by the person who searches."""

    host: str
    asked: str
    in_person: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a server answered: Notes of its own people, and whether it has more; `notes` is None where it did not."""

    server: Server
    notes: tuple[Note, ...] | None = None
    has_more: bool = False


async def servers_for(viewer_id: int) -> list[Server]:
    """Which servers would be asked for somebody."""
    people = await fetch(_MUTUALS, viewer_id, MOST_SERVERS)
    mutuals = {row["host"]: Server(row["host"], row["uri"], in_person=True) for row in people}
    peers = [row["host"] for row in await fetch(_FEDIMARKS, MOST_SERVERS)]
    others = [Server(host, f"{_base(host)}{addresses.INSTANCE_ACTOR}", in_person=False) for host in peers]
    return [*mutuals.values(), *others][:MOST_SERVERS]


async def ask_all(viewer_id: int, text: str) -> list[Told]:
    """Ask all of them at one time, for three seconds; never inside a transaction."""
    servers = await servers_for(viewer_id)
    person, server_itself = await fetch_one(_SPEAKER, viewer_id), await instance_actor()
    assert person is not None
    asking = [_ask(each, text, person if each.in_person else server_itself) for each in servers]
    return list(await asyncio.gather(*asking))


async def _ask(server: Server, text: str, signer: Row) -> Told:
    names = {"version": VERSION, "query": text, "limit": MOST, "offset": 0}
    question = {**names, "from": _id_of(signer, in_person=server.in_person), "to": server.asked}
    body = json.dumps(question, ensure_ascii=False).encode("utf-8", "replace")
    try:
        async with asyncio.timeout(PATIENCE_S):
            url = f"{_base(server.host)}{_PATH}"
            answer = await client.ask(url, body, content_type=_JSON, accept=_JSON, signer=signer)
            check_status(answer)
            return _read(server, read_json(answer))
    except (FedimarkError, Unreadable, TimeoutError):
        return Told(server)


def _read(server: Server, document: Doc) -> Told:
    """What of an answer may be believed: public Notes of that server, by its people or the one who was asked."""
    listed = document.get("bookmarks")
    notes = []
    for each in listed[:MOST] if isinstance(listed, list) else ():
        try:
            note = read_note(each) if isinstance(each, dict) else None
        except Unreadable:
            continue
        if note is not None and note.is_public and _is_theirs(server, note):
            notes.append(note)
    more = document.get("more_available", document.get("moreAvailable"))
    return Told(server, tuple(notes), has_more=isinstance(more, int) and more > 0)


def _is_theirs(server: Server, note: Note) -> bool:
    home = hosts.normal(_base(server.host))
    is_here = bool(home) and hosts.normal(note.id) == home and hosts.normal(note.attributed_to) == home
    return is_here and (not server.in_person or note.attributed_to == server.asked)


def _base(host: str) -> str:
    return f"{guard.scheme_of(host, here().settings)}://{host}"


def _id_of(signer: Row, *, in_person: bool) -> str:
    name = signer["local_name"]
    return addresses.absolute(addresses.person(name) if in_person else addresses.INSTANCE_ACTOR)


def all_of(told: Sequence[Told]) -> list[tuple[Server, Note]]:
    """Every Note that was told, each once, with the server it is of."""
    found = {note.id: (each.server, note) for each in told for note in each.notes or ()}
    return list(found.values())
