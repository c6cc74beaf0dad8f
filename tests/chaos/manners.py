"""How a peer can answer badly: resets, stalls, wrong lengths, refusals with and without a time, and garbage."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fedimark.signatures.message import http_date

_STALL_S = 4.0  # longer than the servers of this play wait
_RESET = struct.pack("ii", 1, 0)  # close at once, and throw away what was not sent


@dataclass(frozen=True, slots=True)
class Manner:
    """One way to answer: whether the letter is taken all the same, and what is sent before the connection ends."""

    takes: bool
    head: str = ""
    body: bytes = b""
    resets: bool = False
    stall_s: float = 0.0
    date_in_s: int = 0  # a Retry-After with a date so far ahead

    def answer(self, wire: socket.socket) -> None:
        """Say it, and close the connection."""
        head = self.head
        if self.date_in_s:
            head += f"Retry-After: {http_date((int(time.time()) + self.date_in_s) * 1_000_000)}\r\n"
        if head:
            wire.sendall(head.encode() + b"\r\n" + self.body)
        time.sleep(self.stall_s)
        if self.resets:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


_TAKEN = "HTTP/1.1 202 Accepted\r\nContent-Type: text/plain\r\n"
_BUSY = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n"
_DOWN = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"

MANNERS: Mapping[str, Manner] = MappingProxyType(
    {
        "reset": Manner(takes=False, resets=True),
        "reset afterwards": Manner(takes=True, resets=True),
        "stall": Manner(takes=False, stall_s=_STALL_S),
        "stall midway": Manner(takes=True, head=f"{_TAKEN}Content-Length: 10\r\n", body=b"half", stall_s=_STALL_S),
        "too short": Manner(takes=True, head=f"{_TAKEN}Content-Length: 1000\r\n", body=b"a few bytes"),
        "too long": Manner(
            takes=True, head=f"{_TAKEN}Content-Length: 3\r\n", body=b"far more than three bytes\r\n\r\n"
        ),
        "429, seconds": Manner(takes=False, head=f"{_BUSY}Retry-After: 1\r\n"),
        "429, a date": Manner(takes=False, head=_BUSY, date_in_s=2),
        "503": Manner(takes=False, head=_DOWN),
        "garbage": Manner(takes=False, head="\x00\x16\x03 no HTTP at all\r\n", body=b"\xff" * 200),
    }
)
EVERYTHING = "everything"  # each of them, one after the other
