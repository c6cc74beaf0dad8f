"""People of other servers, as rows with keys that are known already, and what they say, signed just before it is sent.

Nobody asks their servers anything: those do not exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from fedimark.accounts.register import KeyPairs, make_keys
from fedimark.addresses import uri_hash
from fedimark.here import wall_clock
from fedimark.models import Actor, Follow, Peer
from fedimark.signatures import cavage
from fedimark.signatures.keys import PrivateKey, load_private
from fedimark.signatures.message import Message, http_date
from tests.bench import machine, people
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
    pairs = _pairs(keys)
    return [
        Stranger(number, base := bases[number % len(bases)], pairs[number % keys], f"{base}/inbox")
        for number in range(amount)
    ]


def rows(some: Sequence[Stranger], first_id: int, software: str = "fedimark") -> Iterator[tuple[str, dict[str, Any]]]:
    """Their actors, numbered from `first_id`, and their servers, of which all is known."""
    moment = wall_clock()
    actors, peers = people.defaults(Actor), people.defaults(Peer)
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
            "followers_uri": f"{each.uri}/followers",
            "key_id": f"{each.uri}#main-key",
            "public_key": each.keys.public_key,
            "indexable": True,
            "created_at": moment,
            "fetched_at": moment,
        }
        yield "actor", {**actors, **own}
    for base in sorted({each.base for each in some}):
        host = base.partition("://")[2]
        known = {"software": software, "software_at": moment, "seen_at": moment, "let_in_at": moment}
        yield "peer", {**peers, "host": host, **known}


def follow(follower_id: int, target_id: int) -> tuple[str, dict[str, Any]]:
    """A follow that was accepted."""
    both = {"follower_id": follower_id, "target_id": target_id}
    return "follow", {**people.defaults(Follow), **both, "state": "accepted", "created_at": people.MADE_AT}


def creates(some: Sequence[Stranger], series: str, amount: int, connections: int) -> list[list[str]]:
    """For each connection the requests it will send: each a Create of a bookmark, by the next stranger, signed now."""
    found: list[list[str]] = [[] for _ in range(connections)]
    for number in range(amount):
        found[number % connections].append(_request(some[number % len(some)], series, number))
    return found


def _request(who: Stranger, series: str, number: int) -> str:
    body = create(who, series, number).encode()
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
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=64)
def _key(pem: str) -> PrivateKey:
    return load_private(pem)


def _pairs(amount: int) -> list[KeyPairs]:
    """Key pairs that are kept from run to run: they prove nothing to anybody."""
    file = machine.VAR / "keys.json"
    machine.VAR.mkdir(parents=True, exist_ok=True)
    known = [KeyPairs(**each) for each in json.loads(file.read_text())] if file.exists() else []
    if len(known) < amount:
        known += [make_keys() for _ in range(amount - len(known))]
        file.write_text(json.dumps([asdict(each) for each in known]))
    return known[:amount]
