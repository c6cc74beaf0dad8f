"""A server that takes every letter: it answers 202 after a while, on one port of many addresses of this machine.

It counts what came and when; a GET tells that as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import uvloop

_TAKEN = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"


class Counted:
    """What came so far; moments are of the monotonic clock, which is one for all processes of a machine."""

    def __init__(self) -> None:
        self.amount = 0
        self.first_at = 0.0
        self.last_at = 0.0
        self.at_once = 0
        self.most_at_once = 0

    def begin(self) -> None:
        """A letter has come whole."""
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at
        self.amount += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)


class Taking(asyncio.Protocol):
    """One connection: requests one after the other, each with a Content-Length."""

    def __init__(self, counted: Counted, latency_s: float) -> None:
        self.counted, self.latency_s = counted, latency_s
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
        if head.startswith(b"GET "):
            told = json.dumps(vars(self.counted)).encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(told), told))
            self.transport.close()
            return
        self.counted.begin()
        if self.latency_s:
            asyncio.get_running_loop().call_later(self.latency_s, self._take)
        else:
            self._take()

    def _take(self) -> None:
        self.counted.at_once -= 1
        if not self.transport.is_closing():
            self.transport.write(_TAKEN)


async def serve(port: int, hosts: int, latency_s: float) -> None:
    """Listen on `127.0.0.1`, `127.0.0.2` … of one port, until told to end."""
    counted = Counted()
    names = [f"127.0.{number // 250}.{number % 250 + 1}" for number in range(hosts)]
    server = await asyncio.get_running_loop().create_server(lambda: Taking(counted, latency_s), names, port)
    await server.serve_forever()


def main() -> None:
    """Serve on a port of so many addresses, answering after so many milliseconds."""
    port, hosts, latency_ms = map(int, sys.argv[1:])
    uvloop.run(serve(port, hosts, latency_ms / 1000))


if __name__ == "__main__":
    main()
