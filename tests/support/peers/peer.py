"""One server that behaves as its quirks say: an application in the fleet's network, and a person there who acts."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.clock import Clock
from tests.support.fleet import HostRouting
from tests.support.peers.documents import AS2, Documents
from tests.support.peers.quirks import Quirks, When
from tests.support.peers.reading import Known, Shown, kind_of, person_in
from tests.support.peers.signing import Knock, NotProven, key_id_of, verify
from tests.support.peers.strict import Doc, Refused, id_of
from tests.support.peers.voice import LD, Voice

_DUPLICATE = {"type": "https://w3id.org/fep/c180#duplicate-delivery", "title": "Duplicate delivery", "status": 400}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One POST and what became of it; `trouble` is why it was not taken."""

    kind: str
    scheme: str
    status: int
    trouble: str
    document: Doc


class FakePeer:
    """A server and its person; `documents` is what it serves and writes."""

    def __init__(self, quirks: Quirks, network: HostRouting, clock: Clock) -> None:
        self.quirks = quirks
        self.documents = Documents(quirks)
        self.id, self.host = self.documents.actor_id, self.documents.host
        self.voice = Voice(self.documents, network, clock)
        self.is_gone = False  # 410 to everything
        self.gate = asyncio.Event()  # shut: it answers nobody yet
        self.gate.set()
        self.known: dict[str, Known] = {}  # by actor, and by key
        self.followers: set[str] = set()
        self.following: dict[str, str] = {}
        self.shown: dict[str, Shown] = {}
        self.arrivals: list[Arrival] = []
        self.said: list[int] = []  # what was answered to it
        self._seen: set[str] = set()
        self._later: list[tuple[Knock, Doc]] = []
        self._letters: list[tuple[str, Doc]] = []
        routes = [Route("/{path:path}", self._inbox, methods=["POST"]), Route("/{path:path}", self._document)]
        network.add(self.host, Starlette(routes=routes))

    @property
    def handle(self) -> str:
        """`@cleo@mastodon.example`."""
        return f"@{self.quirks.person}@{self.host}"

    # What it is asked

    async def _document(self, request: Request) -> Response:
        knock = await _knock(request)
        if self.is_gone:
            return Response(status_code=410)
        if self.quirks.asks_signed_gets and not self.documents.is_for_all(knock.target):
            try:
                await self.prove(knock)
            except NotProven:
                return Response(status_code=401)
        found, media_type = self.documents.at(knock.target, self.voice.key)
        if found is None:
            return Response(status_code=410 if knock.target in self.documents.gone else 404)
        return JSONResponse(found, media_type=media_type)

    async def _inbox(self, request: Request) -> Response:
        """Size, type, JSON, signature, what it says: in the order and with the answers of its software."""
        knock, quirks = await _knock(request), self.quirks
        await self.gate.wait()
        if self.is_gone:
            return self._keep(knock, json.loads(knock.body), 410, "gone")
        if len(knock.body) > quirks.limit:
            return self._keep(knock, {}, quirks.too_large, "too large")
        if knock.headers.get("content-type") not in (AS2, LD):
            return self._keep(knock, {}, quirks.wrong_type, "content type")
        document = json.loads(knock.body)
        if quirks.verifies is When.AFTERWARDS:
            self._later.append((knock, document))
            return Response(status_code=quirks.answers)
        try:
            await self._check_sender(knock, document)
        except NotProven as error:
            return self._keep(knock, document, quirks.refusal, f"signature: {error}")
        answer = self._taken(knock, document)
        if kind_of(document) in quirks.hangs:
            await asyncio.Event().wait()
        return answer

    def _taken(self, knock: Knock, document: Doc) -> Response:
        quirks = self.quirks
        if quirks.repeats and document.get("id") in self._seen:
            self._keep(knock, document, quirks.repeats, "seen before")
            return JSONResponse(_DUPLICATE, status_code=quirks.repeats, media_type="application/problem+json")
        self._seen.add(document.get("id", ""))
        kind = kind_of(document)
        if kind in quirks.refuses:
            return self._keep(knock, document, quirks.refuses[kind], "not taken there")
        try:
            self._apply(kind, document)
        except Refused as error:
            return self._keep(knock, document, 400, str(error))
        return self._keep(knock, document, quirks.answers, "")

    def _apply(self, kind: str, document: Doc) -> None:
        """What an activity does there; raises Refused for one that cannot be read."""
        shown = self.quirks.reader.read(document)
        effects = {
            "Create": self._show_new,
            "Update": self._show_again,
            "Delete": self._hide,
            "Delete Person": self._forget,
            "Accept": self._answered,
            "Reject": self._answered,
            "Follow": self._followed,
            "Undo Follow": self._left,
            "Block": self._left,
            "Update Person": self._changed,
        }
        if kind in effects and kind not in self.quirks.ignores:
            effects[kind](document, shown)

    def _show_new(self, document: Doc, shown: Shown | None) -> None:
        if document["actor"] in self.following and shown is not None:
            self.shown[document["object"]["id"]] = shown

    def _show_again(self, document: Doc, shown: Shown | None) -> None:
        if document["object"]["id"] in self.shown and shown is not None:
            self.shown[document["object"]["id"]] = shown

    def _hide(self, document: Doc, _: Any) -> None:
        self.shown.pop(id_of(document["object"]), None)

    def _forget(self, document: Doc, _: Any) -> None:
        self.shown = {uri: each for uri, each in self.shown.items() if not uri.startswith(f"{document['actor']}/")}
        self.following.pop(document["actor"], None)

    def _answered(self, document: Doc, _: Any) -> None:
        self.following[document["actor"]] = f"{document['type'].lower()}ed"

    def _followed(self, document: Doc, _: Any) -> None:
        self.followers.add(document["actor"])
        self._letters.append((document["actor"], self.documents.accept(document)))

    def _left(self, document: Doc, _: Any) -> None:
        self.followers.discard(document["actor"])

    def _changed(self, document: Doc, _: Any) -> None:
        self._remember(self.quirks.reader.actor(person_in(document)))

    def _keep(self, knock: Knock, document: Doc, status: int, trouble: str) -> Response:
        self.arrivals.append(Arrival(kind_of(document), knock.scheme, status, trouble, document))
        return Response(status_code=status)

    # Whom it believes

    async def _check_sender(self, knock: Knock, document: Doc) -> None:
        if self.quirks.verifies is When.NEVER:
            await self.actor(document["actor"])
        elif await self.prove(knock) != document["actor"]:
            raise NotProven("signed by another")

    async def prove(self, knock: Knock) -> str:
        """Who signed a request, with the key they have now where the one known does not fit; raises NotProven."""
        quirks = self.quirks
        if knock.scheme not in quirks.takes:
            raise NotProven(f"{knock.scheme or 'no signature'} is not known there")
        if quirks.header and not re.search(quirks.header, knock.headers["signature"]):
            raise NotProven("a header it cannot read")
        key_id = key_id_of(knock)
        how = {"now_s": self.voice.now_s, "skew_s": quirks.skew_s, "needs": quirks.needs}
        try:
            known = self.known.get(key_id) or await self._fetched_key(key_id)
            verify(knock, known.pem, **how)  # type: ignore[arg-type]
        except NotProven:
            known = await self._fetched_key(key_id)
            verify(knock, known.pem, **how)  # type: ignore[arg-type]
        return known.id

    async def _fetched_key(self, key_id: str) -> Known:
        try:
            known = await self.actor(key_id.partition("#")[0], anew=True)
        except (Refused, httpx.HTTPError) as error:
            raise NotProven(f"no key: {error}") from error
        if known.key_id != key_id:
            raise NotProven("not the key that the actor publishes")
        return known

    async def actor(self, uri: str, *, anew: bool = False) -> Known:
        """Somebody's actor, read as this software reads; raises Refused."""
        if anew or uri not in self.known:
            self._remember(self.quirks.reader.actor(await self.voice.get(uri)))
        return self.known[uri]

    def _remember(self, known: Known) -> None:
        self.known |= {known.id: known, known.key_id: known}

    # What its person does

    async def work(self) -> bool:
        """Look at what came, and send what waits; whether there was anything."""
        later, self._later = self._later, []
        for knock, document in later:
            try:
                await self._check_sender(knock, document)
            except NotProven as error:
                self._keep(knock, document, self.quirks.answers, f"dropped: {error}")
            else:
                self._taken(knock, document)
        letters, self._letters = self._letters, []
        for uri, document in letters:
            await self.say(document, uri)
        return bool(later or letters)

    async def find(self, handle: str) -> Known:
        """Somebody by their handle, as WebFinger and their actor tell it; raises Refused."""
        found = await self.voice.get(
            f"https://{handle.rpartition('@')[2]}/.well-known/webfinger?resource=acct:{handle[1:]}"
        )
        self.quirks.reader.read(found)
        [uri] = [each["href"] for each in found["links"] if each["rel"] == "self" and each.get("type") == AS2]
        return await self.actor(uri)

    async def follow(self, handle: str) -> None:
        """Ask to follow somebody."""
        known = await self.find(handle)
        self.following[known.id] = "asked"
        await self.say(self.documents.follow(known.id), known.id)

    async def unfollow(self, uri: str) -> None:
        """Follow somebody no more."""
        self.following.pop(uri, None)
        await self.say(self.documents.unfollow(uri), uri)

    async def tell(self, documents: list[Doc]) -> None:
        """Say something to every follower."""
        for document in documents:
            for uri in sorted(self.followers):
                await self.say(document, uri)

    async def say(self, document: Doc, to: str) -> int:
        """Deliver a document to somebody's inbox, with the other signature where the first is refused."""
        known = await self.actor(to)
        takes_shared = self.quirks.has_shared_inbox and known.shared_inbox
        status = await self.voice.post(known.shared_inbox if takes_shared else known.inbox, document)
        self.said.append(status)
        return status


async def _knock(request: Request) -> Knock:
    query = request.scope["query_string"].decode()
    target = request.scope["raw_path"].decode() + (f"?{query}" if query else "")
    headers: dict[str, Any] = dict(request.headers)
    return Knock(request.method, f"https://{headers['host']}{target}", headers, await request.body())
