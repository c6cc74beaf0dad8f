"""A storm of documents on one server: each through the gate, the worker, and whatever would have fetched it."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fedimark.bookmarks.incoming import forget_notes_of
from fedimark.database import execute, fetch, fetch_one, write
from fedimark.errors import FedimarkError
from fedimark.follows.incoming import BACKFILL
from fedimark.here import here
from fedimark.inbox.backfill import backfill
from fedimark.jobs import queue
from fedimark.remote.actors import refresh_actor
from fedimark.remote.fetch import fetch_document
from fedimark.remote.signing import INSTANCE_NAME
from fedimark.remote.software import software_of
from fedimark.remote.webfinger import look_up
from fedimark.vocab.terms import ACTOR_TYPES, NOTE_TYPES, PUBLIC
from tests.rooms.doors import signed, small_key, speaking
from tests.rooms.peers import AS2, JRD, Asked, Says
from tests.rooms.strangers import Stranger, applied, deliver
from tests.rooms.test_incoming import followed
from tests.support.wire_mutations import HOST, OUTBOX, SPEAKER

GUARD_S = 20  # one document takes some 20 ms, and more on a busy machine
SHARER = "https://group.example/c/sharers"
WAY = "cavage Ed25519"  # the cheapest to sign
FINGER, NODEINFO = "/.well-known/webfinger", "/.well-known/nodeinfo"

_LOOK_EVERY, _HEAL_EVERY = 5, 40

_PATIENT = frozenset({"failed: Unreachable", "failed: Postponed"})  # asked again later, or not asked just now


class Storm:
    """`take` lets one document in by every door it may come through; anything but a refusal escapes it.

    The speaker and a sharer are followed by `ana`; both are set right again every now and then, for documents end
    follows, bury notes and change keys.
    """

    def __init__(self, fleet: Any, ana: Any) -> None:
        self.ana = ana
        self.network = fleet.network
        self.taken = 0
        self.outcomes: dict[str, int] = {}
        self.speaker = speaking(Stranger(fleet, SPEAKER), WAY)
        self.sharer = speaking(Stranger(fleet, SHARER, type="Group"), WAY)
        self.showing: dict[str, bytes] = {}
        self.thing = b"{}"
        self.speaker.peer.rule = self._answer

    async def begin(self) -> None:
        """Let both be followed. Each fetch is signed: with a key as cheap as theirs."""
        key = small_key("the server").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        await execute("UPDATE actor SET private_key = ? WHERE local_name = ?", key, INSTANCE_NAME)
        for each in (self.speaker, self.sharer):
            await followed(self.ana, each)

    async def take(self, body: bytes) -> None:
        """One document, by every door."""
        self.taken += 1
        try:
            async with asyncio.timeout(GUARD_S):
                await self._take(body)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} of document {self.taken}: {body[:2_000]!r}") from error

    async def _take(self, body: bytes) -> None:
        document = _read(body)
        self.thing = body
        for said in self._said(body, document):
            await self._let_in(self.speaker, said)
        if _is(document, NOTE_TYPES):
            await self._shared(document)
        else:
            await self._fetched(body, document)
        if self.taken % _LOOK_EVERY == 0:
            await self.look()
        if self.taken % _HEAL_EVERY == 0:
            await self.heal()

    def _said(self, body: bytes, document: Any) -> list[bytes]:
        """The document itself where it is an activity, else what an activity about it would be."""
        if not isinstance(document, dict) or "actor" in document:
            return [body]
        kind = b"Update" if self.taken % 3 == 0 or _is(document, ACTOR_TYPES) else b"Create"
        number, actor = str(self.taken).encode(), SPEAKER.encode()
        return [b'{"id":"%s#%s","type":"%s","actor":"%s","object":%s}' % (actor, number, kind, actor, body)]

    async def _let_in(self, who: Stranger, body: bytes) -> None:
        with suppress(FedimarkError):
            await deliver(signed(who, body, WAY))

    async def _shared(self, document: Any) -> None:
        about = document["id"] if isinstance(document.get("id"), str) else f"https://{HOST}/notes/1"
        said = {"id": f"{SHARER}#{self.taken}", "type": "Announce", "actor": SHARER, "object": about, "to": [PUBLIC]}
        await self._let_in(self.sharer, json.dumps(said).encode())
        await applied()  # while its own server still shows this one

    async def _fetched(self, body: bytes, document: Any) -> None:
        keys = document.keys() if isinstance(document, dict) else set()
        with suppress(FedimarkError):
            if _is(document, ACTOR_TYPES) or "publicKey" in keys or "inbox" in keys:
                self.showing[urlsplit(SPEAKER).path] = body
                await refresh_actor(SPEAKER)
            elif "subject" in keys:
                self.showing[FINGER] = body
                await look_up("wanda", HOST)
            elif "software" in keys or "links" in keys:
                self.showing[NODEINFO] = body
                await software_of(HOST)
            elif not keys.isdisjoint({"orderedItems", "items", "first", "totalItems"}):
                self.showing[urlsplit(OUTBOX).path] = body
                await self._backfilled()
            else:
                await fetch_document(f"https://{HOST}/notes/{self.taken}")
        is_changed = urlsplit(SPEAKER).path in self.showing
        self.showing.clear()
        if is_changed:
            await self.heal()

    async def _backfilled(self) -> None:
        row = await fetch_one("SELECT id FROM actor WHERE uri = ?", SPEAKER)
        assert row is not None
        await queue.add(BACKFILL, {"actor_id": row["id"]})
        job = await queue.claim((BACKFILL,))
        if job is not None:
            await backfill(job)

    async def look(self) -> None:
        """What failed in the worker, failed in silence: only the row tells."""
        await applied()
        for row in await fetch("SELECT outcome, body FROM received_activity"):
            word = str(row["outcome"])
            failed = word.startswith(("failed", "poison")) and word not in _PATIENT
            assert not failed, f"{word} of {row['body'][:2_000]}"
            self.outcomes[word] = self.outcomes.get(word, 0) + 1
        await execute("DELETE FROM received_activity")
        here().caches.pop("remote.asked_for_proven", None)  # ten thousand in one minute: the clock stands still

    async def heal(self) -> None:
        """As it was when the storm began, but for whoever else was met."""
        await self.look()
        for table in ("block", "tombstone", "withheld", "job"):
            await execute(f"DELETE FROM {table}")
        self.speaker.show()
        for remembered in (self.network.requests, self.speaker.peer.asked, self.sharer.peer.asked):
            remembered.clear()
        for each in (self.speaker, self.sharer):
            row = await refresh_actor(each.uri)
            async with write():
                await forget_notes_of(row, 1_000)
            sql = "SELECT state FROM follow WHERE target_id = ? AND follower_id = ?"
            known = await fetch_one(sql, row["id"], self.ana.viewer.actor_id)
            if known is None or known["state"] != "accepted":
                await followed(self.ana, each)

    def _answer(self, asked: Asked) -> Says:
        path = asked.target.partition("?")[0]
        kind = JRD if path == FINGER else "application/json" if path == NODEINFO else AS2
        if path in self.showing:
            return Says(200, self.showing[path], {"content-type": kind})
        return self.speaker.peer.answers.get(path) or Says(200, self.thing, {"content-type": kind})


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _is(document: Any, kinds: frozenset[str]) -> bool:
    said = document.get("type") if isinstance(document, dict) else None
    return any(isinstance(each, str) and each in kinds for each in (said if isinstance(said, list) else [said]))
