"""Requests at the real door of a server, byte for byte as their sender put them, and four ways to sign them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fedimark.here import MICROS, now
from fedimark.signatures import cavage, rfc9421
from fedimark.signatures.keys import PrivateKey
from fedimark.signatures.message import Message, http_date
from tests.rooms.peers import AS2
from tests.rooms.strangers import Stranger

WAYS = ("cavage RSA", "cavage Ed25519", "rfc9421 RSA", "rfc9421 Ed25519")


@lru_cache
def small_key(uri: str) -> Ed25519PrivateKey:
    """An Ed25519 key, made once for each."""
    assert uri
    return Ed25519PrivateKey.generate()


def speaking(stranger: Stranger, way: str) -> Stranger:
    """The same stranger, with a key of the kind that `way` names, published."""
    if way.endswith("Ed25519"):
        stranger.key = small_key(stranger.uri)
        stranger.show()
    return stranger


def signed(
    stranger: Stranger, document: Any, way: str = WAYS[0], *, to: str = "/inbox", at: int | None = None
) -> Message:
    """A document as a POST signed in one of the four ways, dated now."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    plain = Message("POST", to, {"host": ("a.example",), "content-type": (AS2,)}, body)
    return with_headers(plain, _signature(plain, stranger.key_id, stranger.key, way, now() if at is None else at))


def _signature(plain: Message, key_id: str, key: PrivateKey, way: str, at: int) -> dict[str, str]:
    if way.startswith("cavage"):
        return cavage.sign(plain, key_id, key, http_date(at))
    address = f"https://a.example{plain.target}"
    return rfc9421.sign(plain, key_id, key, target_uri=address, created=at // MICROS)


def with_headers(message: Message, added: dict[str, str]) -> Message:
    """The same request with other headers."""
    headers = {**message.headers, **{name.lower(): (value,) for name, value in added.items()}}
    return Message(message.method, message.target, headers, message.body)


async def knock(asgi: Any, message: Message, *, body: AsyncIterator[bytes] | None = None) -> int:
    """Send a request through the whole application, as a socket would; returns the status.

    Several values of a header are several lines; `body` replaces the message's, piece by piece.
    """
    sent: list[dict[str, Any]] = []
    pieces = body or _whole(message.body)

    async def receive() -> dict[str, Any]:
        piece = await anext(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await asgi(scope_of(message), receive, send)
    return int(sent[0]["status"])


def scope_of(message: Message) -> dict[str, Any]:
    """What a server over sockets makes of a request."""
    path, _, query = message.target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": message.method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": list(_lines(message)),
        "client": ("192.0.2.1", 443),
        "server": ("a.example", 443),
    }


def block_of(message: Message) -> bytes:
    """The same as a block of bytes on a socket."""
    lines = [b"%b: %b\r\n" % line for line in _lines(message)]
    first = f"{message.method} {message.target} HTTP/1.1\r\n".encode("latin-1")
    return b"%b%bcontent-length: %d\r\n\r\n%b" % (first, b"".join(lines), len(message.body), message.body)


def _lines(message: Message) -> Iterable[tuple[bytes, bytes]]:
    for name, values in message.headers.items():
        for value in values:
            yield name.lower().encode("latin-1"), value.encode("latin-1")


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body
