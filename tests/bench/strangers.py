"""People of other servers, as rows with keys that are known already, and what they say, signed just before it is sent.

Nobody asks their servers anything: those do not exist.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from fedimark.accounts.register import KeyPairs
from fedimark.addresses import uri_hash
from fedimark.here import wall_clock
from fedimark.models import Actor, Follow, Peer
from fedimark.signatures import cavage
from fedimark.signatures.keys import PrivateKey, load_private
from fedimark.signatures.message import Message, http_date
from tests.bench import people
from tests.bench.keys import pairs
from tests.support.wire import FOLDER

_HOST = people.BASE_URL.partition("://")[2]
_SAMPLE = "https://marks.example/u/ana"
_PAGE = "https://store.example/cache?page=2"
_NOTE = "k3v7q2mzt5xha"
_SOURCE = '"source":{"content":"Read it twice.","mediaType":"text/plain"},'
_TYPE = "application/activity+json"


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody elsewhere; of `keys` there are few, for each takes 50 ms to make."""

    number: int
    base: str
    keys: KeyPairs
    inbox: str = ""

    @property
    def uri(self) -> str:
        """Their id."""
        return f"{self.base}/u/person{self.number:04}"


def strangers(amount: int, bases: list[str], keys: int = 32) -> list[Stranger]:
    """People of some servers in turns, each with a shared inbox at `/inbox`."""
    known = pairs(keys)
    return [
        Stranger(number, base := bases[number % len(bases)], known[number % keys], f"{base}/inbox")
        for number in range(amount)
    ]


def rows(some: Sequence[Stranger], first_id: int, software: str = "fedimark") -> Iterator[tuple[str, dict[str, Any]]]:
    """Their actors, numbered from `first_id`, where letters to them go, and their servers, of which all is known."""
    moment = wall_clock()
    actors, peers = people.defaults(Actor), people.defaults(Peer)
    inboxes = {inbox: number for number, inbox in enumerate(sorted({each.inbox for each in some}), 1)}
    for place, each in enumerate(some):
        host = each.base.partition("://")[2]
        own = {
            "id": first_id + place,
            "uri": each.uri,
            "uri_hash": uri_hash(each.uri),
            "username": f"person{each.number:04}",
            "host": host,
            "url": each.uri,
            "inbox": f"{each.uri}/inbox",
            "shared_inbox": each.inbox,
            "inbox_id": inboxes[each.inbox],
            "followers_uri": f"{each.uri}/followers",
            "key_id": f"{each.uri}#main-key",
            "public_key": each.keys.public_key,
            "indexable": True,
            "created_at": moment,
            "fetched_at": moment,
        }
        yield "actor", {**actors, **own}
    for inbox, number in inboxes.items():
        yield "inbox", {"id": number, "url": inbox, "hash": uri_hash(inbox), "host": urlsplit(inbox).netloc}
    for base in sorted({each.base for each in some}):
        host = base.partition("://")[2]
        known = {"software": software, "software_at": moment, "seen_at": moment, "let_in_at": moment}
        yield "peer", {**peers, "host": host, **known}


def with_keys(rows: Iterable[tuple[str, dict[str, Any]]], keys: KeyPairs) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of people here, who can sign with these."""
    for table, row in rows:
        yield table, {**row, **asdict(keys)} if table == "actor" else row


def follow(follower_id: int, target_id: int) -> tuple[str, dict[str, Any]]:
    """A follow that was accepted."""
    both = {"follower_id": follower_id, "target_id": target_id}
    return "follow", {**people.defaults(Follow), **both, "state": "accepted", "created_at": people.MADE_AT}


def creates(some: Sequence[Stranger], series: str, amount: int, connections: int) -> list[list[str]]:
    """For each connection the requests it will send: each a Create of a bookmark, by the next stranger, signed now."""
    return Letters(some).of(series, amount, connections)


class Letters:
    """Creates of bookmarks, by strangers in turns, each signed once, however many databases it is sent to.

    To sign one costs more than all else that is done with it.
    """

    def __init__(self, some: Sequence[Stranger]) -> None:
        self._some = some
        self._signed: defaultdict[str, list[str]] = defaultdict(list)

    def of(self, series: str, amount: int, connections: int) -> list[list[str]]:
        """For each connection the requests it will send, of the first so many of a series."""
        known = self._signed[series]
        for number in range(len(known), amount):
            known.append(_request(self._some[number % len(self._some)], series, number))
        return [known[first:amount:connections] for first in range(connections)]


def follows(some: Sequence[Stranger], target: str, connections: int) -> list[list[str]]:
    """For each connection the requests it will send: each stranger asks to follow somebody here."""
    found: list[list[str]] = [[] for _ in range(connections)]
    for number, who in enumerate(some):
        document = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{who.uri}#follows/{number}",
            "type": "Follow",
            "actor": who.uri,
            "object": target,
        }
        found[number % connections].append(_signed(who, json.dumps(document)))
    return found


def _request(who: Stranger, series: str, number: int) -> str:
    return _signed(who, create(who, series, number))


def _signed(who: Stranger, document: str) -> str:
    body = document.encode()
    headers = {"host": (_HOST,), "content-type": (_TYPE,)}
    message = Message("POST", "/inbox", headers, body)
    key = _key(who.keys.private_key)
    signed = cavage.sign(message, f"{who.uri}#main-key", key, http_date(wall_clock()))
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    head = f"POST /inbox HTTP/1.1\r\nHost: {_HOST}\r\nContent-Type: {_TYPE}\r\n{lines}Content-Length: {len(body)}\r\n"
    return f"{head}User-Agent: bench/1\r\nAccept-Encoding: gzip\r\n\r\n{body.decode()}"


def create(who: Stranger, series: str, number: int) -> str:
    """Of a page that nobody has, in the shape that a fedimark sends; every other one with its words in HTML alone."""
    page = f"https://site{number % 97}.example/{series}/{number}"
    moment = f"2026-08-20T09:{number // 60 % 60:02}:{number % 60:02}Z"
    sample = _sample().replace(_SOURCE, "") if number % 2 else _sample()
    text = sample.replace(_SAMPLE, who.uri).replace(_NOTE, f"{series}{number:06}").replace(_PAGE, page)
    text = text.replace("https://marks.example", who.base).replace("2026-08-20T09:15:00Z", moment)
    return text.replace("Read it twice.", f"What stands there is worth a second look, for reason {number}.")


@lru_cache(maxsize=1)
def _sample() -> str:
    document = json.loads((FOLDER / "fedimark" / "create_note.json").read_text("utf-8"))
    # As every public Create of a fedimark has one; nothing hangs on it where its author brings it.
    document["proof"] = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-08-20T09:15:00Z",
        "expires": "2026-08-23T09:15:00Z",
        "verificationMethod": f"{_SAMPLE}#ed25519-key",
        "proofPurpose": "assertionMethod",
        "proofValue": f"z{'4' * 87}",
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=64)
def _key(pem: str) -> PrivateKey:
    return load_private(pem)
