"""Relays as a fleet meets them: one that forwards bytes as Activity-Relay does, one that announces ids as Pleroma's."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pyld import jsonld
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.clock import Clock
from tests.support.peers.signing import Knock, Signer, key_id_of, key_of, pem_of, sign, verify

AS = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS}#Public"
AS2 = "application/activity+json"
_COVERED = ("(request-target)", "host", "date", "digest", "content-type")
_PASSED_ON = ("Create", "Update", "Delete", "Move")


class Relay:
    """A relay at `https://{host}/actor`, whose subscribers are servers; `said` and `came` are what it sent and got.

    It takes nothing from servers that did not subscribe, verifies every signature, and sends nothing back to where it
    came from.
    """

    def __init__(self, network: Any, clock: Clock, host: str) -> None:
        self.network, self.clock, self.host = network, clock, host
        self.uri, self.inbox = f"https://{host}/actor", f"https://{host}/inbox"
        self.key_id = f"{self.uri}#main-key"
        self.subscribers: dict[str, tuple[str, str]] = {}  # host → actor, inbox
        self.came: list[Any] = []
        self.said: list[tuple[str, int]] = []
        self.outgoing: list[tuple[str, bytes]] = []
        self.answers_with_id = False  # as tags.pub: an Accept that names the Follow, and no more
        self.refuses = False
        self.key = key_of(self.uri)
        routes = [
            Route("/actor", self._actor),
            Route("/inbox", self._inbox, methods=["POST"]),
            Route("/.well-known/webfinger", self._finger),
        ]
        network.add(host, Starlette(routes=routes))

    def document(self) -> dict[str, Any]:
        """The actor."""
        key = {"id": self.key_id, "owner": self.uri, "publicKeyPem": pem_of(self.key)}
        return {
            "@context": [AS, "https://w3id.org/security/v1"],
            "id": self.uri,
            "type": "Application",
            "preferredUsername": "relay",
            "inbox": self.inbox,
            "followers": f"{self.uri}/followers",
            "endpoints": {"sharedInbox": self.inbox},
            "publicKey": key,
        }

    async def settle(self) -> None:
        """Send what waits."""
        while self.outgoing:
            inbox, body = self.outgoing.pop(0)
            self.said.append((inbox, await self.post(inbox, body)))

    async def post(self, inbox: str, body: bytes) -> int:
        """Deliver bytes, signed as this relay; returns the status."""
        plain = Knock("POST", inbox, {"content-type": AS2, "host": urlsplit(inbox).netloc}, body)
        knock = sign(plain, Signer(self.key_id, self.key, _COVERED), "draft-cavage", self.clock.micros // 1_000_000)
        async with httpx.AsyncClient(transport=self.network) as client:
            return (await client.post(inbox, content=body, headers=knock.headers)).status_code

    async def forward(self, document: Any, host: str) -> int:
        """Forward a document to one subscriber, whoever wrote it; returns the status."""
        return await self.post(self.subscribers[host][1], json.dumps(document).encode())

    async def announce(self, object_id: str, host: str, number: int = 0) -> int:
        """Announce an id to one subscriber; returns the status."""
        return await self.forward(self._announce(object_id, number), host)

    def pass_on(self, document: Any, body: bytes, source: str) -> None:
        """Write down what subscribers get of an activity."""
        raise NotImplementedError

    def followed(self, follow: Any, actor: Any) -> None:
        """What else comes of a Follow that is accepted."""

    def takes(self, follow: Any) -> bool:
        """Whether a Follow is of the right kind."""
        raise NotImplementedError

    def _to_others(self, source: str, body: bytes) -> None:
        self.outgoing += [(inbox, body) for host, (_, inbox) in self.subscribers.items() if host != source]

    def _announce(self, object_id: str, number: int = 0) -> dict[str, Any]:
        uri = f"https://{self.host}/activities/{len(self.came)}-{number}"
        said = {"@context": AS, "id": uri, "type": "Announce", "actor": self.uri, "object": object_id}
        return said | {"to": [f"{self.uri}/followers"]}

    async def _actor(self, _: Request) -> Response:
        return JSONResponse(self.document(), media_type=AS2)

    async def _finger(self, _: Request) -> Response:
        links = [{"rel": "self", "type": AS2, "href": self.uri}]
        return JSONResponse({"subject": f"acct:relay@{self.host}", "links": links}, media_type="application/jrd+json")

    async def _inbox(self, request: Request) -> Response:
        body = await request.body()
        headers: dict[str, Any] = dict(request.headers)
        knock = Knock("POST", f"https://{self.host}{request.url.path}", headers, body)
        document = json.loads(body)
        key_id = key_id_of(knock)
        assert key_id.partition("#")[0] == document["actor"], "signed by another"
        actor = await self._asked(document["actor"])
        pem = actor["publicKey"]["publicKeyPem"]
        verify(
            knock, pem, now_s=self.clock.micros // 1_000_000, skew_s=300, needs=("(request-target)", "host", "digest")
        )
        self.came.append(document)
        return Response(status_code=self._take(document, body, actor))

    def _take(self, document: Any, body: bytes, actor: Any) -> int:
        source = urlsplit(document["actor"]).netloc
        inner = document.get("object")
        if document["type"] == "Follow":
            is_taken = self.takes(document) and not self.refuses
            self._answer("Accept" if is_taken else "Reject", document, actor)
            if is_taken:
                self.subscribers[source] = (actor["id"], actor["endpoints"]["sharedInbox"])
                self.followed(document, actor)
        elif document["type"] == "Undo" and isinstance(inner, dict) and inner["type"] == "Follow":
            assert self.takes(inner)
            self.subscribers.pop(source, None)
        elif document["type"] in _PASSED_ON:
            if source not in self.subscribers or PUBLIC not in (*document["to"], *document["cc"]):
                return 400
            self.pass_on(document, body, source)
        return 202

    def _answer(self, kind: str, follow: Any, actor: Any) -> None:
        about = follow["id"] if self.answers_with_id else follow
        answer = {
            "@context": AS,
            "id": f"https://{self.host}/answers/{len(self.came)}",
            "type": kind,
            "actor": self.uri,
        }
        self.outgoing.append((actor["inbox"], json.dumps(answer | {"to": [actor["id"]], "object": about}).encode()))

    async def _asked(self, uri: str) -> Any:
        async with httpx.AsyncClient(transport=self.network) as client:
            return (await client.get(uri, headers={"accept": AS2})).json()


class MastodonRelay(Relay):
    """It passes on the very bytes: whoever gets them must believe them for what stands in them."""

    def takes(self, follow: Any) -> bool:
        """Everybody is followed, not the relay."""
        return bool(follow["object"] == PUBLIC)

    def pass_on(self, document: Any, body: bytes, source: str) -> None:
        """As it came."""
        self._to_others(source, body)


class LitePubRelay(Relay):
    """It follows back, and announces the ids of objects."""

    def __init__(self, network: Any, clock: Clock, host: str) -> None:
        super().__init__(network, clock, host)
        self.was_accepted: list[str] = []

    def takes(self, follow: Any) -> bool:
        """The relay's own actor is followed."""
        return bool(follow["object"] == self.uri)

    def followed(self, follow: Any, actor: Any) -> None:
        """Follow back."""
        follow = {"@context": AS, "id": f"https://{self.host}/follows/1", "type": "Follow", "actor": self.uri}
        self.outgoing.append(
            (actor["inbox"], json.dumps(follow | {"object": actor["id"], "to": [actor["id"]]}).encode())
        )

    def _take(self, document: Any, body: bytes, actor: Any) -> int:
        if document["type"] == "Accept":
            self.was_accepted.append(document["actor"])
            return 202
        return super()._take(document, body, actor)

    def pass_on(self, document: Any, body: bytes, source: str) -> None:
        """The object's id, whatever happened to it."""
        inner = document["object"]
        object_id = inner if isinstance(inner, str) else inner["id"]
        self._to_others(source, json.dumps(self._announce(object_id)).encode())


def digest_by(known: Mapping[str, Any]) -> Callable[[Any], str]:
    """SHA-256 in hex of a document's canonical RDF, with these contexts and no network."""

    def load(address: str, _: Any) -> Any:
        said = {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": address}
        return {**said, "document": known[address]}

    def digest(document: Any) -> str:
        options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
        return sha256(jsonld.normalize(document, options).encode()).hexdigest()

    return digest


def holds_ld_signature(document: Any, pem: str, digest: Callable[[Any], str]) -> bool:
    """Whether the RsaSignature2017 of a document holds, as a server that knows no line of fedimark would tell.

    `digest` is SHA-256 in hex of a document's canonical RDF.
    """
    signature = document["signature"]
    options = {name: value for name, value in signature.items() if name not in ("type", "id", "signatureValue")}
    rest = {name: value for name, value in document.items() if name != "signature"}
    said = digest({"@context": "https://w3id.org/identity/v1", **options}) + digest(rest)
    key: Any = load_pem_public_key(pem.encode())
    try:
        key.verify(b64decode(signature["signatureValue"]), said.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
