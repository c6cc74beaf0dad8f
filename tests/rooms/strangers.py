"""People of other servers, with keys and documents of their own, who speak to the server under test."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from fedimark.bookmarks.untold import tell_waiting
from fedimark.database import Row, fetch, fetch_one
from fedimark.here import now
from fedimark.inbox.apply import apply_asked, apply_waiting
from fedimark.inbox.receive import receive
from fedimark.remote.actors import find_actor
from fedimark.signatures.cavage import sign
from fedimark.signatures.keys import public_pem
from fedimark.signatures.message import Message, http_date
from tests.rooms.peers import AS2, JRD, Peer


@lru_cache
def key_of(uri: str, version: int = 1) -> RSAPrivateKey:
    """A key; making one takes a while, so each is made once."""
    assert uri
    assert version
    return generate_private_key(65537, 2048)


class Stranger:
    """Somebody with an actor id on another server of the fleet's network; of a crowd all may have one `key`."""

    def __init__(self, fleet: Any, uri: str, key: RSAPrivateKey | None = None, **said: Any) -> None:
        parts = urlsplit(uri)
        self.uri, self.host, self.path = uri, parts.netloc, parts.path
        self.name = uri.rpartition("/")[2].lstrip("@")
        self.key = key or key_of(uri)
        self.key_id = f"{uri}#main-key"
        standing = fleet.network.apps.get(self.host)
        self.peer: Peer = standing.app if standing else Peer()
        if not standing:
            fleet.network.add(self.host, self.peer)
        self.said = said
        self.show()

    def show(self) -> None:
        """Serve the actor document and the handle."""
        self.peer.document(self.path, self.document())
        links = [{"rel": "self", "type": AS2, "href": self.uri}]
        finger = {"subject": f"acct:{self.name}@{self.host}", "links": links}
        self.peer.document("/.well-known/webfinger", finger, JRD)

    def document(self) -> dict[str, Any]:
        """The actor document."""
        return {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": self.uri,
            "type": "Person",
            "preferredUsername": self.name,
            "inbox": f"{self.uri}/inbox",
            "outbox": f"{self.uri}/outbox",
            "followers": f"{self.uri}/followers",
            "endpoints": {"sharedInbox": f"https://{self.host}/inbox"},
            "publicKey": {"id": self.key_id, "owner": self.uri, "publicKeyPem": public_pem(self.key)},
            **self.said,
        }

    async def row(self) -> Row:
        """Their row here."""
        return await find_actor(self.uri)

    def signed(self, document: Any, *, to: str = "/inbox", host: str = "a.example", at: int | None = None) -> Message:
        """A document as a signed POST."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        plain = Message("POST", to, {"host": (host,), "content-type": (AS2,)}, body)
        added = sign(plain, self.key_id, self.key, http_date(now() if at is None else at))
        headers = {**plain.headers, **{name.lower(): (value,) for name, value in added.items()}}
        return Message("POST", to, headers, body)

    async def say(self, document: Any, **how: Any) -> None:
        """Deliver a document, signed."""
        await deliver(self.signed(document, **how))

    async def do(self, document: Any) -> str:
        """Deliver a document, let the worker apply it, and return what came of it."""
        await self.say(document)
        await applied()
        return await outcome()


async def applied() -> None:
    """Let the worker apply what came, and ask whoever must be asked first."""
    while await apply_waiting() + await apply_asked():
        pass


async def told() -> None:
    """Let the worker tell what is to be told of bookmarks; it is not sent yet."""
    while await tell_waiting():
        pass


async def deliver(message: Message) -> None:
    """Hand a request to the gate."""
    await receive(message.method, message.target, message.headers, chunks(message.body))


async def chunks(body: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    """A body as it comes from a socket."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def outcome() -> str:
    """What came of the activity received last."""
    row = await fetch_one("SELECT outcome FROM received_activity ORDER BY id DESC LIMIT 1")
    return str(row["outcome"]) if row else ""


async def amount(table: str) -> int:
    """How many rows a table holds."""
    row = await fetch_one(f"SELECT count(*) AS amount FROM {table}")
    return int(row["amount"]) if row else 0


async def letters() -> list[tuple[str, str, Any]]:
    """What waits to be sent once the worker told what is to be told, in order: kind, inbox, document."""
    await told()
    sql = "SELECT a.kind, d.inbox, a.body FROM delivery d JOIN activity a ON a.id = d.activity_id ORDER BY d.id"
    return [(row["kind"], row["inbox"], json.loads(row["body"])) for row in await fetch(sql)]
