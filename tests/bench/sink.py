"""A server that takes every letter: it answers 202 after a while, on one port of many addresses of this machine.

It counts what came and when; a GET tells that as JSON, and a GET of a person shows their actor, whose keys lie in
`var/bench`. Some of the addresses may be in trouble: in turns one answers 500, one after five seconds, and one never;
what comes there is not counted.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any

import uvloop

from tests.bench.keys import known_pairs

_ACTIVITY = b"application/activity+json"
_TAKEN = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"
_BROKEN = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"
_NOT_THERE = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
_SLOW_S = 5.0
_PERSON = re.compile(rb"GET (/u/person([0-9]+)) .*?\r\nhost: ([0-9.:]+)", re.IGNORECASE | re.DOTALL)
_FINGER = re.compile(
    rb"GET /.well-known/webfinger\?resource=acct(?::|%3A)(person[0-9]+)(?:@|%40)([0-9.]+(?::|%3A)[0-9]+) "
)


class Counted:
    """What came so far; moments are of the monotonic clock, which is one for all processes of a machine."""

    def __init__(self) -> None:
        self.amount = 0
        self.first_at = 0.0
        self.last_at = 0.0
        self.at_once = 0
        self.most_at_once = 0
        self.asked = 0
        self.asked_at = 0.0  # when somebody was asked for first

    def begin(self) -> None:
        """A letter has come whole."""
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at
        self.amount += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)


class Taking(asyncio.Protocol):
    """One connection: requests one after the other, each with a Content-Length."""

    def __init__(self, counted: Counted, latency_s: float, troubled: int) -> None:
        self.counted, self.latency_s, self.troubled = counted, latency_s, troubled
        self.read = b""

    def connection_made(self, transport: Any) -> None:
        """Somebody has come."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Read on, and answer once a request is whole."""
        self.read += data
        head, end, body = self.read.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not end or len(body) < int(length or 0):
            return
        self.read = b""
        if head.startswith(b"GET / "):
            self._tell(vars(self.counted), b"application/json")
            self.transport.close()
            return
        if head.startswith(b"GET "):
            self._show(head)
            return
        place = number_of(self.transport.get_extra_info("sockname")[0])
        if place < self.troubled:
            self._fail(place % 3)
            return
        self.counted.begin()
        if self.latency_s:
            asyncio.get_running_loop().call_later(self.latency_s, self._take)
        else:
            self._take()

    def _show(self, head: bytes) -> None:
        """Somebody, or whose name it is; what software runs here is for nobody to know."""
        self.counted.asked_at = self.counted.asked_at or time.monotonic()
        if found := _FINGER.match(head):
            told, kind = finger(found[1].decode(), found[2].decode().replace("%3A", ":")), b"application/jrd+json"
        elif found := _PERSON.match(head):
            told, kind = actor(found[3].decode(), found[1].decode(), int(found[2])), _ACTIVITY
        else:
            self.transport.write(_NOT_THERE)
            return
        self.counted.asked += 1
        self._tell(told, kind)

    def _tell(self, document: dict[str, Any], kind: bytes) -> None:
        told = json.dumps(document).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (kind, len(told))
        self.transport.write(head + told)

    def _fail(self, way: int) -> None:
        if way < 2:
            asyncio.get_running_loop().call_later(way * _SLOW_S, self.transport.write, _TAKEN if way else _BROKEN)

    def _take(self) -> None:
        self.counted.at_once -= 1
        if not self.transport.is_closing():
            self.transport.write(_TAKEN)


def actor(host: str, path: str, number: int) -> dict[str, Any]:
    """Somebody of a server, in the shape that most have."""
    base = f"http://{host}"
    uri, pairs = base + path, known_pairs()
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "id": uri,
        "type": "Person",
        "preferredUsername": path.rpartition("/")[2],
        "name": f"Person {number}",
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "url": uri,
        "endpoints": {"sharedInbox": f"{base}/inbox"},
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": pairs[number % len(pairs)].public_key},
    }


def finger(name: str, host: str) -> dict[str, Any]:
    """Whose name that is. (RFC 7033)"""
    link = {"rel": "self", "type": _ACTIVITY.decode(), "href": f"http://{host}/u/{name}"}
    return {"subject": f"acct:{name}@{host}", "links": [link]}


def address(number: int) -> str:
    """The address of a host, by its number: `127.0.0.1`, `127.0.0.2` …"""
    return f"127.0.{number // 250}.{number % 250 + 1}"


def number_of(place: str) -> int:
    """The number of the host at an address."""
    _, _, high, low = place.split(".")
    return int(high) * 250 + int(low) - 1


async def serve(port: int, hosts: int, latency_s: float, troubled: int) -> None:
    """Listen on the addresses of some hosts, the first of them in trouble, until told to end."""
    counted = Counted()
    names = [address(number) for number in range(hosts)]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Taking(counted, latency_s, troubled), names, port, backlog=256)
    await server.serve_forever()


def main() -> None:
    """Serve on a port of so many addresses, answering after so many milliseconds; so many of them in trouble."""
    port, hosts, latency_ms, troubled = map(int, sys.argv[1:])
    uvloop.run(serve(port, hosts, latency_ms / 1000, troubled))


if __name__ == "__main__":
    main()
