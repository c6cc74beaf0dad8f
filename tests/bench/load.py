"""The load generator: a process of its own with raw asyncio sockets, a few keep-alive connections, no HTTP library.

It reads one job as JSON from standard input and writes what it saw as JSON. Requests are made before time runs, answers
are read by their Content-Length and their status is looked at; nothing else, so that it costs little beside a server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from typing import Any

import uvloop


class Connection(asyncio.Protocol):
    """One keep-alive connection that always has exactly one request under way, or begins one every so often.

    Paced by `every_s`, a request is due however late the one before was answered, and waits since it was due.
    """

    def __init__(
        self, requests: deque[bytes], until: float, wanted: int, done: asyncio.Future[None], every_s: float
    ) -> None:
        self.requests, self.until, self.wanted, self.done = requests, until, wanted, done
        self.every_s = every_s
        self.due_at = 0.0
        self.waited: list[float] = []
        self.read = b""
        self.missing = -1  # bytes of the answer still to come; -1 while its head is read
        self.sent_at = 0.0

    def connection_made(self, transport: Any) -> None:
        """Send the first request."""
        self.transport = transport
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """Closed before time: an error."""
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"closed after {len(self.waited)} answers: {error}"))

    def data_received(self, data: bytes) -> None:
        """Read on, and send the next request once an answer is whole."""
        if self.missing < 0:
            self.read += data
            head, end, body = self.read.partition(b"\r\n\r\n")
            if not end:
                return
            if int(head[9:12]) != self.wanted:
                self.done.set_exception(RuntimeError(f"answered {self.read[:400]!r}"))
                self.transport.abort()
                return
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self.missing = int(length or 0) - len(body)  # a 304 names none
        else:
            self.missing -= len(data)
        if self.missing == 0:
            self.waited.append(time.perf_counter() - self.sent_at)
            self._next()

    def _next(self) -> None:
        self.read, self.missing = b"", -1
        if time.perf_counter() >= self.until or not self.requests:
            if not self.done.done():
                self.done.set_result(None)
            self.transport.close()
            return
        if self.every_s and (early := self.due_at + self.every_s - time.perf_counter()) > 0:
            asyncio.get_running_loop().call_later(early, self._send)
        else:
            self._send()

    def _send(self) -> None:
        at = time.perf_counter()
        self.due_at = self.due_at + self.every_s if self.due_at else at
        self.sent_at = self.due_at if self.every_s else at
        self.transport.write(self.requests.popleft())


async def generate(job: dict[str, Any]) -> dict[str, Any]:
    """Run a job: `port`, `seconds`, `status` wanted, and for each connection its requests, or one that is repeated.

    `every_s` is how often each connection sends one, 0 for as often as it is answered.
    """
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    until = started + job["seconds"]
    connections = []
    for texts in job["connections"]:
        requests = deque(text.encode() for text in texts)
        if len(requests) == 1:
            requests *= int(job["seconds"] * 20_000)
        done = loop.create_future()
        connection = Connection(requests, until, job["status"], done, job["every_s"])
        connections.append(connection)
        await _open(connection, job["port"])
        # Not all of them in one moment.
        await asyncio.sleep(job["every_s"] / len(job["connections"]))
    async with asyncio.timeout(job["seconds"] + 30):
        await asyncio.gather(*(connection.done for connection in connections))
    took = time.perf_counter() - started
    waited = sorted(moment for connection in connections for moment in connection.waited)
    return {"took": took, "cpu": time.process_time(), "waited": waited}


async def _open(connection: Connection, port: int) -> None:
    await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", port)


def main() -> None:
    """Do one job."""
    job = json.load(sys.stdin)
    json.dump(uvloop.run(generate(job)), sys.stdout)


if __name__ == "__main__":
    main()
