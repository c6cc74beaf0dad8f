"""Requests that a server refuses, each by its name: what the door answers, and how to make it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import count
from types import MappingProxyType
from typing import Any

from fedimark.here import MICROS, now
from fedimark.signatures import cavage, rfc9421
from fedimark.signatures.fields import content_digest
from fedimark.signatures.message import Message, digest, http_date
from tests.rooms.doors import signed, small_key, with_headers
from tests.rooms.peers import AS2, Says
from tests.rooms.strangers import Stranger

HOUR = 3_600 * MICROS
EVE = "https://mastodon.example/users/eve"
REFRESHED = ("actor",)
NEWCOMERS = ("actor", "actor_key", "inbox", "peer")


@dataclass(frozen=True, slots=True)
class World:
    """Who is there: `cleo` is known and followed by `ana`, `eve` is of cleo's server, `mallory` of another one.

    `bad` is of a blocked domain, and everybody is known by now. `note` is a Create of cleo's.
    """

    fleet: Any
    ana: Any
    cleo: Stranger
    eve: Stranger
    mallory: Stranger
    bad: Stranger
    note: dict[str, Any]
    private: str  # the address of a private bookmark of ana's
    numbers: Iterator[int] = field(default_factory=count)

    def newcomer(self, **said: Any) -> Stranger:
        """Somebody nobody here has heard of, on a server of their own, with a document that says these things."""
        return Stranger(self.fleet, f"https://new{next(self.numbers)}.example/users/nia", **said)


Maker = Callable[[World], Message]


def activity(who: Stranger, kind: str, thing: Any, **more: Any) -> dict[str, Any]:
    """What somebody says, with an id of their own."""
    return {"id": f"{who.uri}#{kind}", "type": kind, "actor": who.uri, "object": thing, **more}


def like(who: Stranger) -> dict[str, Any]:
    """Something anybody may say."""
    return activity(who, "Like", "https://a.example/u/ana")


def plain(body: bytes, content_type: str | None = AS2) -> Message:
    """A POST without a signature."""
    headers = {"host": ("a.example",)} | ({} if content_type is None else {"content-type": (content_type,)})
    return Message("POST", "/inbox", headers, body)


def says(body: bytes) -> Maker:
    """Signed by cleo, these bytes."""
    return lambda world: signed(world.cleo, body)


# --- who says it --------------------------------------------------------------------------------------------------


def _in_anothers_name(world: World) -> Message:
    return signed(named(world.eve, world.cleo.key_id), world.note)


def named(stranger: Stranger, key_id: str) -> Stranger:
    """The same stranger, who says that another key is theirs."""
    other = copy(stranger)
    other.key_id = key_id
    return other


def _other_body(world: World, way: str, **digests: Callable[[bytes], str]) -> Message:
    message = signed(world.cleo, world.note, way)
    body = json.dumps(world.note | {"summary": "something else"}).encode()
    return with_headers(replace(message, body=body), {name: of(body) for name, of in digests.items()})


def _over(world: World, covered: tuple[str, ...], **parameters: int) -> Message:
    """Signed as hs2019 over exactly these, with times of the signature's own."""
    message = signed(world.cleo, world.note)
    created, expires = parameters.get("created"), parameters.get("expires")
    string = cavage.signing_string(message, covered, target=message.target, created=created, expires=expires)
    signature = world.cleo.key.sign(string, cavage.PKCS1v15(), cavage.SHA256())
    times = "".join(f",{name}={at}" for name, at in parameters.items())
    value = f'keyId="{world.cleo.key_id}",algorithm="hs2019"{times},headers="{" ".join(covered)}"'
    return with_headers(message, {"signature": f'{value},signature="{b64encode(signature).decode()}"'})


def _elsewhere(world: World, way: str) -> Message:
    """Signed for another server, and sent here as it was."""
    there = Message("POST", "/inbox", {"host": ("b.example",), "content-type": (AS2,)}, json.dumps(world.note).encode())
    if way == "cavage":
        return with_headers(there, cavage.sign(there, world.cleo.key_id, world.cleo.key, http_date(now())))
    added = rfc9421.sign(
        there, world.cleo.key_id, world.cleo.key, target_uri="https://b.example/inbox", created=now() // MICROS
    )
    return with_headers(there, added | {"Host": "a.example"})


def _replayed(world: World, way: str) -> Message:
    return replace(signed(world.cleo, world.note, way, to="/u/ana/inbox"), target="/inbox")


def _as_ana(world: World) -> Message:
    return signed(world.cleo, world.note | {"actor": world.ana.uri, "id": f"{world.ana.uri}/1"})


def _without(name: str, way: str) -> Maker:
    def make(world: World) -> Message:
        message = signed(world.cleo, world.note, way)
        return replace(message, headers={each: value for each, value in message.headers.items() if each != name})

    return make


def _by_newcomer(**document: Any) -> Maker:
    def make(world: World) -> Message:
        nia = world.newcomer(**document)
        return signed(nia, like(nia))

    return make


def _answering(says: Says) -> Maker:
    """Somebody new whose own address answers in this way."""

    def make(world: World) -> Message:
        nia = world.newcomer()
        nia.peer.answers[nia.path] = says
        return signed(nia, like(nia))

    return make


def _with_a_key_not_theirs(world: World) -> Message:
    nia = world.newcomer()
    nia.key = small_key("another")  # not shown
    return signed(nia, like(nia), "cavage Ed25519")


def _under_a_key_nobody_names(world: World) -> Message:
    return signed(named(world.cleo, f"{world.cleo.uri}#other-key"), world.note)


def _down(world: World) -> Message:
    nia = world.newcomer()
    world.fleet.network.down.add(nia.host)
    return signed(nia, like(nia))


NOT_PROVEN: dict[str, Maker] = {
    "unsigned": lambda world: plain(json.dumps(world.note).encode()),
    "with an empty Signature": lambda world: with_headers(plain(json.dumps(world.note).encode()), {"signature": ""}),
    "forged in another's name": _in_anothers_name,
    "by a neighbour's key": lambda world: signed(world.eve, world.note),
    "by a key of another server": lambda world: signed(world.mallory, world.note),
    "by a key nobody names": _under_a_key_nobody_names,
    "by a key that is not in the document": _with_a_key_not_theirs,
    "in the name of somebody here": _as_ana,
    "13 hours old": lambda world: signed(world.cleo, world.note, at=now() - 13 * HOUR),
    "2 hours ahead": lambda world: signed(world.cleo, world.note, at=now() + 2 * HOUR),
    "13 hours old, RFC 9421": lambda world: signed(world.cleo, world.note, "rfc9421 RSA", at=now() - 13 * HOUR),
    "2 hours ahead, RFC 9421": lambda world: signed(world.cleo, world.note, "rfc9421 RSA", at=now() + 2 * HOUR),
    "expired": lambda world: _over(
        world, ("(request-target)", "host", "date", "digest", "(expires)"), expires=now() // MICROS - 5
    ),
    "created long ago": lambda world: _over(
        world, ("(request-target)", "host", "(created)", "digest"), created=now() // MICROS - 13 * 3_600
    ),
    "without the digest being signed": lambda world: _over(world, ("(request-target)", "host", "date")),
    "without the target being signed": lambda world: _over(world, ("host", "date", "digest")),
    "wrong digest": lambda world: _other_body(world, "cavage RSA"),
    "wrong digest made right": lambda world: _other_body(world, "cavage RSA", digest=digest),
    "wrong Content-Digest": lambda world: _other_body(world, "rfc9421 RSA"),
    "wrong Content-Digest made right": lambda world: _other_body(
        world, "rfc9421 RSA", **{"content-digest": content_digest}
    ),
    "no digest": _without("digest", "cavage RSA"),
    "no Content-Digest": _without("content-digest", "rfc9421 RSA"),
    "no date": _without("date", "cavage RSA"),
    "for another host": lambda world: _elsewhere(world, "cavage"),
    "for another host, RFC 9421": lambda world: _elsewhere(world, "rfc9421"),
    "replayed at another inbox": lambda world: _replayed(world, "cavage RSA"),
    "replayed at another inbox, RFC 9421": lambda world: _replayed(world, "rfc9421 RSA"),
    "actor whose id is not its address": _by_newcomer(id="https://new0.example/users/other"),
    "actor whose id is on another server": _by_newcomer(id=EVE),
    "actor whose inbox is elsewhere": _by_newcomer(inbox="https://bank.example/inbox"),
    "actor whose shared inbox is elsewhere": _by_newcomer(endpoints={"sharedInbox": "https://bank.example/inbox"}),
    "actor whose outbox is elsewhere": _by_newcomer(outbox="https://bank.example/outbox"),
    "actor whose inbox is at home": _by_newcomer(inbox="https://127.0.0.1/inbox"),
    "actor whose key is another's": _by_newcomer(
        publicKey={"id": f"{EVE}#main-key", "owner": EVE, "publicKeyPem": "x"}
    ),
    "actor that is a page": _answering(Says(200, b"<html></html>", {"content-type": "text/html"})),
    "actor that is plain JSON": _answering(Says(200, b"{}", {"content-type": "application/json"})),
    "actor that is broken": _answering(Says(200, b'{"id":', {"content-type": AS2})),
    "actor nested too deep": _answering(Says(200, b"[" * 100_000, {"content-type": AS2})),
    "actor too large": _answering(Says(200, b" " * 1_100_000, {"content-type": AS2})),
    "actor that is gone": _answering(Says(410)),
    "actor that is not there": _answering(Says(404)),
    "actor that leads to this machine": _answering(Says(302, b"", {"location": "https://127.0.0.1/"})),
    "actor that leads in a circle": _answering(Says(302, b"", {"location": "?again"})),
    "actor that leads here": _answering(Says(302, b"", {"location": "https://a.example/u/ana"})),
}

# --- what it is ---------------------------------------------------------------------------------------------------

_LIKE = b'{"type":"Like","actor":"https://mastodon.example/users/cleo","object":"https://a.example/u/ana"%s}'

MALFORMED: dict[str, Maker] = {
    "nothing": says(b""),
    "a list": says(b"[]"),
    "null": says(b"null"),
    "half": says(b'{"type":"Like"'),
    "more behind it": says(_LIKE % b"" + b"}"),
    "Latin-1": says(_LIKE % ',"summary":"é"'.encode("latin-1")),
    "UTF-16": says((_LIKE % b"").decode().encode("utf-16")),
    "a byte order mark": says(b"\xef\xbb\xbf" + _LIKE % b""),
    "lists nested 40 deep": says(_LIKE % (b',"x":' + b"[" * 40 + b"]" * 40)),
    "objects nested 40 deep": says(_LIKE % (b',"x":' + b'{"x":' * 40 + b"1" + b"}" * 40)),
    "100,000 brackets": says(b"[" * 100_000),
    "100,000 braces": says(b'{"x":' * 100_000),
    "brackets and strings that never end": says(_LIKE % (b',"x":"' + b'[\\"' * 50_000)),
    "NaN": says(_LIKE % b',"x":NaN'),
    "Infinity": says(_LIKE % b',"x":-Infinity'),
    "1e400": says(_LIKE % b',"x":1e400'),
    "a number of 5,000 digits": says(_LIKE % (b',"x":' + b"9" * 5_000)),
    "NUL": says(_LIKE % rb',"summary":"\u0000"'),
    "a raw NUL": says(_LIKE % b',"summary":"\x00"'),
    "half a surrogate": says(_LIKE % rb',"summary":"\ud83d"'),
    "a key twice": says(_LIKE % b',"actor":"https://mastodon.example/users/eve"'),
    "no type": says(b'{"actor":"https://mastodon.example/users/cleo"}'),
    "no actor": says(b'{"type":"Like","object":"https://a.example/u/ana"}'),
    "two actors": says(
        b'{"type":"Like","actor":["https://x.example/1","https://x.example/2"],"object":"https://x.example/"}'
    ),
    "two types": says(_LIKE.replace(b'"Like"', b'["Like","Follow"]') % b""),
    "no object": says(b'{"type":"Like","actor":"https://mastodon.example/users/cleo"}'),
    "an id that is a script": says(_LIKE % b',"id":"javascript:alert(1)"'),
    "1,001 recipients": lambda world: signed(
        world.cleo, like(world.cleo) | {"to": [f"https://x.example/{n}" for n in range(1_001)]}
    ),
    "a path that is no text": lambda world: replace(signed(world.cleo, world.note), target="/inbox/%ff"),
}

WRONG_TYPE: dict[str, Maker] = {
    f"content type {kind}": lambda world, kind=kind: with_headers(
        signed(world.cleo, world.note), {"content-type": kind}
    )  # type: ignore[misc]
    for kind in (
        *("application/json", "application/ld+json", "text/html", "text/plain", "multipart/form-data; boundary=x"),
        *("application/x-www-form-urlencoded", "application/activity+jsonp", "application/activity", "x", ""),
        'application/ld+json; profile="https://example.org/other"',
        "application/json; application/activity+json",
        "application/activity+json" + ";x=y" * 500,
    )
} | {
    "no content type": _without("content-type", "cavage RSA"),
    "two content types": lambda world: replace(
        (message := signed(world.cleo, world.note)),
        headers={**message.headers, "content-type": (AS2, "text/html")},
    ),
}

# --- what they may not say ----------------------------------------------------------------------------------------

OTHERS = "https://other.example/notes/1"


def _forbidden(make: Callable[[World], dict[str, Any]]) -> Maker:
    return lambda world: signed(world.cleo, make(world))


def _note(world: World, **changed: Any) -> dict[str, Any]:
    return {**world.note, "object": {**world.note["object"], **changed}}


FORBIDDEN: dict[str, Maker] = {
    "from a blocked domain": lambda world: signed(world.bad, like(world.bad)),
    "from below a blocked domain": lambda world: signed(
        (below := Stranger(world.fleet, "https://www.bad.example/users/bea")), like(below)
    ),
    "a Create of another host's object": _forbidden(lambda world: _note(world, id=OTHERS)),
    "a Create of ana's bookmark": _forbidden(lambda world: _note(world, id=world.private)),
    "a Create in a neighbour's name": _forbidden(lambda world: _note(world, attributedTo=world.eve.uri)),
    "an Update of another host's object": _forbidden(lambda world: _note(world, id=OTHERS) | {"type": "Update"}),
    "an Update of a neighbour's words": _forbidden(
        lambda world: _note(world, attributedTo=world.eve.uri) | {"type": "Update"}
    ),
    "an Update of a neighbour": _forbidden(lambda world: activity(world.cleo, "Update", world.eve.document())),
    "an Update of ana": _forbidden(
        lambda world: activity(world.cleo, "Update", world.cleo.document() | {"id": world.ana.uri})
    ),
    "a Delete of another host's object": _forbidden(lambda world: activity(world.cleo, "Delete", OTHERS)),
    "a Delete of ana": _forbidden(lambda world: activity(world.cleo, "Delete", world.ana.uri)),
    "a Delete of ana's bookmark": _forbidden(lambda world: activity(world.cleo, "Delete", world.private)),
    "a Delete of mallory": _forbidden(lambda world: activity(world.cleo, "Delete", world.mallory.uri)),
    "an Undo of a neighbour's Follow": _forbidden(
        lambda world: activity(world.cleo, "Undo", activity(world.eve, "Follow", world.ana.uri))
    ),
    "an Undo of another host's Follow": _forbidden(
        lambda world: activity(world.cleo, "Undo", {"type": "Follow", "id": OTHERS})
    ),
    "an Accept of a Follow of a neighbour": _forbidden(
        lambda world: activity(
            world.cleo, "Accept", {"type": "Follow", "actor": world.ana.uri, "object": world.eve.uri, "id": OTHERS}
        )
    ),
    "a Reject of a Follow of mallory": _forbidden(
        lambda world: activity(
            world.cleo, "Reject", {"type": "Follow", "actor": world.ana.uri, "object": world.mallory.uri}
        )
    ),
    "a Move of a neighbour": _forbidden(
        lambda world: activity(world.cleo, "Move", world.eve.uri, target=world.cleo.uri)
    ),
    "a Block of a neighbour": _forbidden(lambda world: activity(world.cleo, "Block", world.eve.uri)),
    "an activity with another host's id": _forbidden(lambda world: like(world.cleo) | {"id": OTHERS}),
    "an activity with ana's id": _forbidden(lambda world: like(world.cleo) | {"id": f"{world.ana.uri}/follows/x"}),
}

# --- how much of it, and where to -----------------------------------------------------------------------------------


async def endless() -> AsyncIterator[bytes]:
    """A body that never ends."""
    while True:
        yield b" " * 65_536


def _says_its_length(length: str) -> Maker:
    return lambda world: with_headers(signed(world.cleo, world.note), {"content-length": length})


TOO_LARGE: dict[str, Maker] = {
    "a byte too many": lambda world: signed(world.cleo, json.dumps(world.note).encode().ljust(1_048_577)),
    "a length too great": _says_its_length("1048577"),
    "a length of 40 digits": _says_its_length("9" * 40),
}


def _all(status: int, makers: dict[str, Maker]) -> dict[str, tuple[int, Maker]]:
    return {name: (status, make) for name, make in makers.items()}


ELSEWHERE: dict[str, tuple[int, Maker]] = {
    "to nobody": (404, lambda world: signed(world.cleo, world.note, to="/u/nobody/inbox")),
    "to a place that is no inbox": (405, lambda world: signed(world.cleo, world.note, to="/u/ana/outbox")),
    "with another method": (405, lambda world: replace(signed(world.cleo, world.note), method="PUT")),
    "while their server is down": (503, _down),
}

REFUSALS: Mapping[str, Mapping[str, tuple[int, Maker]]] = MappingProxyType(
    {
        "not proven": _all(401, NOT_PROVEN),
        "malformed": _all(400, MALFORMED),
        "of another type": _all(415, WRONG_TYPE),
        "not theirs to say": _all(403, FORBIDDEN),
        "too large": _all(413, TOO_LARGE),
        "elsewhere": ELSEWHERE,
    }
)

REMEMBERED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # Keys change: their own server was asked for them again, once in five minutes.
        "forged in another's name": REFRESHED,
        "by a neighbour's key": REFRESHED,
        "by a key nobody names": REFRESHED,
        "actor whose id is on another server": REFRESHED,
        "by a key that is not in the document": NEWCOMERS,
        "while their server is down": ("job",),  # which asks for the key
    }
)
"""The refusals that leave something: who somebody is, as nobody but their own server said."""
