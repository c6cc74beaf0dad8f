"""Other servers as the rooms meet them: one that answers what a test tells it, over ASGI or over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fedimark.database import Row, fetch, write
from fedimark.here import Here, entered, now
from fedimark.policy.blocks import Domains
from fedimark.remote import client
from fedimark.settings import Settings

AS2 = "application/activity+json"
JRD = "application/jrd+json"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Says:
    """What to answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Peer:
    """An ASGI application that answers by path (query left out), and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Says] = {}
        self.asked: list[Asked] = []
        self.rule: Callable[[Asked], Says] | None = None

    def document(self, path: str, document: Any, content_type: str = AS2) -> None:
        """Answer a path with JSON."""
        self.answers[path] = Says(200, json.dumps(document).encode(), {"content-type": content_type})

    def bodies(self) -> list[Any]:
        """The JSON of what was posted, in order."""
        return [json.loads(asked.body) for asked in self.asked if asked.method == "POST"]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        query = scope["query_string"].decode()
        target = scope["raw_path"].decode() + (f"?{query}" if query else "")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        asked = Asked(scope["method"], target, headers, body)
        self.asked.append(asked)
        says = self.rule(asked) if self.rule else self.answers.get(scope["path"], Says(404))
        sent = [(name.encode(), value.encode()) for name, value in says.headers.items()]
        await send({"type": "http.response.start", "status": says.status, "headers": sent})
        await send({"type": "http.response.body", "body": says.body})


def stand(fleet: Any, host: str) -> Peer:
    """A peer of that name in the fleet's network."""
    peer = Peer()
    fleet.network.add(host, peer)
    return peer


def finger(peer: Peer, handle: str, actor: str) -> None:
    """Let WebFinger lead from every handle asked for to one actor."""
    links = [{"rel": "self", "type": AS2, "href": actor}]
    peer.document("/.well-known/webfinger", {"subject": f"acct:{handle}", "links": links}, JRD)


Talk = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def socket_peer(talk: Talk) -> AsyncIterator[str]:
    """A server on a port of 127.0.0.1 that says byte for byte what `talk(head, writer)` writes; its origin."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            await talk(head.decode("latin-1"), writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def over_sockets(here: Here, **chosen: Any) -> AsyncIterator[Here]:
    """The same server with its real way out, and with other settings."""
    settings = replace(here.settings, **chosen)
    async with client.build(settings) as http:
        other = replace(here, settings=settings, http=http, caches=dict(here.caches))
        async with entered(other):
            yield other


class NoRows:
    """A database for what needs none."""

    def enter(self) -> None:
        """Nothing to enter."""

    def leave(self, token: None) -> None:
        """Nothing to leave."""


@asynccontextmanager
async def way_out(**chosen: Any) -> AsyncIterator[Here]:
    """A server that is nothing but its settings and its real way out."""
    settings = Settings(**chosen)
    async with client.build(settings) as http:
        # Without rows nobody is blocked, and nobody can be asked.
        here = Here(settings=settings, database=NoRows(), http=http)
        here.caches["policy.blocked_domains"] = Domains("", frozenset(), look_at=2**62)
        async with entered(here):
            yield here


@lru_cache
def private_key() -> str:
    """A key for people of tests; making one takes a while."""
    key = generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def local_person(name: str = "ana") -> Row:
    """Somebody of this server with a key, as a row; nobody who can sign in."""
    sql = """
    INSERT INTO actor (local_name, kind, username, private_key, public_key, created_at, host, name, summary, url, icon,
        fields, inbox, shared_inbox, outbox, followers_uri, key_id, approves_followers, indexable, fetched_at)
    VALUES (?, 'Person', ?, ?, '', ?, '', '', '', '', '', '[]', '', '', '', '', '', ?, ?, 0) RETURNING *
    """
    async with write():
        rows = await fetch(sql, name, name, private_key(), now(), False, False)
    return rows[0]
