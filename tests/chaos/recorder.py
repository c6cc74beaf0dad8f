"""A third server, which never dies: it writes down every letter it gets, and sends letters of its own until they are
taken, as any server would.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from fedimark.signatures.cavage import sign
from fedimark.signatures.keys import public_pem
from fedimark.signatures.message import Message, http_date
from fedimark.vocab.moments import rfc3339
from tests.chaos.manners import EVERYTHING, MANNERS, Manner
from tests.chaos.model import Words

AS2 = "application/activity+json"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
NAME = "rec"

_PATIENCE_S = 240.0  # guards against hanging, nothing else
_LOST = 0.1  # of the answers


class Recorder:
    """`letters` are the bodies that came, in order; `sent_again` counts those that were here before."""

    def __init__(self, seed: int) -> None:
        self.letters: list[bytes] = []
        self.erred = 0
        self._manners: Iterator[Manner] | None = None
        self.key = generate_private_key(65537, 2048)
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.host = f"localhost:{self._http.server_address[1]}"
        self.uri = f"http://{self.host}/{NAME}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        # Without a connection kept: one to a server that died says nothing.
        self._client = httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))

    async def close(self) -> None:
        """Listen no more."""
        await self._client.aclose()
        await asyncio.to_thread(self._http.shutdown)
        self._http.server_close()
        self._thread.join()

    def take(self, body: bytes) -> bool:
        """Keep a letter; False when its answer is to be lost on the way."""
        with self._lock:
            self.letters.append(body)
            return self._chance.random() >= _LOST

    def errs(self, manner: str | None) -> None:
        """Answer everything badly from now on, in this manner; None: well again."""
        named = None if manner is None else [MANNERS[manner]] if manner != EVERYTHING else [*MANNERS.values()]
        with self._lock:
            self._manners = cycle(named) if named else None

    def manner(self) -> Manner | None:
        """How the next request is to be answered; None: well."""
        with self._lock:
            if self._manners is None:
                return None
            self.erred += 1
            return next(self._manners)

    def document(self, path: str) -> dict[str, Any] | None:
        """What stands at a path."""
        name = path.removeprefix("/").partition("/")[0]
        if path == f"/{name}" and name.startswith(NAME):
            return self._actor(name)
        if path == f"/{name}/outbox" and name.startswith(NAME):
            return {"@context": "https://www.w3.org/ns/activitystreams", "id": f"http://{self.host}{path}",
                    "type": "OrderedCollection", "totalItems": 0, "orderedItems": []}  # fmt: skip
        return None

    async def follow(self, target: str, number: int) -> None:
        """Ask to follow somebody."""
        await self.say(target, {"id": f"{self.uri}/follows/{number}", "type": "Follow", "object": target})

    async def join(self, target: str, number: int) -> str:
        """Let somebody new of this server ask to follow somebody, and return who."""
        uri = f"http://{self.host}/{NAME}{number}"
        await self.say(target, {"id": f"{uri}/follows/1", "type": "Follow", "object": target, "actor": uri})
        return uri

    async def accept(self, follow: dict[str, Any]) -> None:
        """Let somebody follow."""
        answer = {"id": f"{self.uri}/accepts/{follow['id'].rpartition('/')[2]}", "type": "Accept"}
        await self.say(follow["actor"], answer | {"object": follow})

    async def say(self, actor: str, activity: dict[str, Any]) -> None:
        """Send an activity to the server of an actor, again and again until it is taken: 202, or it never was."""
        document = {"@context": "https://www.w3.org/ns/activitystreams", "actor": self.uri, **activity}
        body, parts = json.dumps(document).encode(), urlsplit(actor)
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                url = f"http://{parts.netloc}/inbox"
                headers = self._signed(document["actor"], parts.netloc, body)
                answer = await self._client.post(url, content=body, headers=headers)
                if answer.status_code == 202:
                    return
                # Whom they never met must be asked about here, and we may have answered nonsense.
                refused = (503,) if document["actor"] == self.uri else (401, 503)
                assert answer.status_code in refused, f"{answer.status_code} for {document}: {answer.text[:200]}"
            await asyncio.sleep(0.1)
        raise AssertionError(f"not taken within {_PATIENCE_S} s: {document}")

    def note(self, url: str, note_id: str, words: Words) -> dict[str, Any]:
        """A bookmark as a Note, said now."""
        moment = rfc3339(time.time_ns() // 1000)
        return {
            "id": f"{self.uri}/notes/{note_id}",
            "type": "Note",
            "attributedTo": self.uri,
            "name": words.title,
            "content": f"<p>{words.description}</p>",
            "source": {"content": words.description, "mediaType": "text/plain"},
            "attachment": [{"type": "Link", "href": url}],
            "tag": [{"type": "Hashtag", "name": f"#{tag}", "rawTag": tag} for tag in words.tags.split()],
            "to": [PUBLIC],
            "cc": [f"{self.uri}/followers"],
            "published": moment,
            "updated": moment,
        }

    def _actor(self, name: str) -> dict[str, Any]:
        uri = f"http://{self.host}/{name}"
        return {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "inbox": f"{uri}/inbox",
            "outbox": f"{uri}/outbox",
            "followers": f"{uri}/followers",
            "endpoints": {"sharedInbox": f"http://{self.host}/inbox"},
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": public_pem(self.key)},
        }

    def _signed(self, actor: str, host: str, body: bytes) -> dict[str, str]:
        message = Message("POST", "/inbox", {"host": (host,), "content-type": (AS2,)}, body)
        date = http_date(time.time_ns() // 1000)
        return {"Content-Type": AS2, **sign(message, f"{actor}#main-key", self.key, date)}


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if manner := recorder.manner():
                self._err(manner)
                return
            document = recorder.document(self.path.partition("?")[0])
            self._answer(404 if document is None else 200, json.dumps(document).encode())

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            manner = recorder.manner()
            if len(body) < length:  # its sender died
                self.close_connection = True
            elif manner:
                if manner.takes:
                    recorder.take(body)
                self._err(manner)
            elif recorder.take(body):
                self._answer(202, b"")
            else:
                self.close_connection = True

        def _answer(self, status: int, body: bytes) -> None:
            with suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", AS2)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def _err(self, manner: Manner) -> None:
            self.close_connection = True
            with suppress(OSError):
                manner.answer(self.connection)

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def log_message(self, *told: Any) -> None:
            """Not worth a line."""

    return Handler
