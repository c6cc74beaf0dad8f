"""How a fake peer asks and speaks: signed as its software signs, by its own clock, over the fleet's network."""

from __future__ import annotations

import json

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.support.clock import Clock
from tests.support.fleet import HostRouting
from tests.support.peers.documents import AS2, Documents
from tests.support.peers.signing import Knock, Signer, key_of, sign
from tests.support.peers.strict import Doc, Refused

LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


class Voice:
    """`behind_s` is how wrong its clock goes; of its key there may be several versions, one after another."""

    def __init__(self, documents: Documents, network: HostRouting, clock: Clock) -> None:
        self.documents, self.network, self.clock = documents, network, clock
        self.behind_s = 0
        self.key_version = 1

    @property
    def now_s(self) -> int:
        """Its own time, in seconds."""
        return self.clock.micros // 1_000_000 - self.behind_s

    @property
    def key(self) -> RSAPrivateKey:
        """What its person signs with."""
        return key_of(self.documents.actor_id, self.key_version)

    def exchange_key(self) -> None:
        """A new key under the old id, as Mastodon does it."""
        self.key_version += 1

    def rotate_key(self) -> None:
        """A new key under a new id."""
        self.exchange_key()
        self.documents.key_version = self.key_version

    async def get(self, url: str) -> Doc:
        """The document at an address; raises Refused for any status but 200."""
        quirks = self.documents.quirks
        plain = Knock("GET", url, {"host": url.split("/")[2], "accept": LD if quirks.takes else AS2}, b"")
        answer = await self._send(self._signed(plain, quirks.sends[0]))
        if answer.status_code != 200:
            raise Refused(f"{url} answers {answer.status_code}")
        found: Doc = answer.json()
        return found

    async def post(self, inbox: str, document: Doc) -> int:
        """What an inbox answers, asked again with the other signature where it refuses the first."""
        status, body = 0, json.dumps(document).encode()
        for scheme in self.documents.quirks.sends:
            plain = Knock("POST", inbox, {"host": inbox.split("/")[2], "content-type": AS2}, body)
            status = (await self._send(self._signed(plain, scheme))).status_code
            if status not in (400, 401):
                break
        return status

    def _signed(self, plain: Knock, scheme: str) -> Knock:
        signer = Signer(self.documents.key_id, self.key, self.documents.quirks.covers)
        return sign(plain, signer, scheme, self.now_s)

    def _headers(self, knock: Knock) -> dict[str, str]:
        documents = self.documents
        return {**knock.headers, "user-agent": f"{documents.quirks.software}/1; +https://{documents.host}"}

    async def _send(self, knock: Knock) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.network) as http:
            return await http.request(knock.method, knock.url, headers=self._headers(knock), content=knock.body or None)
