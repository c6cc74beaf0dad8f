"""PURE. A stranger's GET that came whole, written as programs write it, read without a general parser.

What is read here, an HTTP parser reads too, and finds the very same in it; whatever could be in doubt is left to that.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

LONGEST: Final = 4_096  # bytes
MOST_LINES: Final = 64

# What nothing hangs on: who brought the request, and what differs each time. Whatever is not named here tells apart.
PASSED_OVER: Final = frozenset(
    {
        *(b"host", b"connection", b"x-request-id", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"),
        *(b"x-real-ip", b"forwarded", b"via", b"traceparent", b"tracestate", b"referer", b"dnt", b"priority"),
        *(b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest", b"sec-fetch-user", b"upgrade-insecure-requests"),
    }
)
# Who brings one of these is somebody, whom a session, a key or a block may be about: each time is looked.
SOMEBODYS: Final = frozenset({b"cookie", b"authorization", b"signature"})

_START: Final = b"GET /"
_END: Final = b"\r\n\r\n"
_BREAK: Final = b"\r\n"
_FIRST_LINE = re.compile(rb"GET (/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*)(?:\?([A-Za-z0-9._~!$&'()*+,;=:@/?%-]*))? HTTP/1\.1")
_NAME = re.compile(rb"[A-Za-z0-9-]+")
_PRINTABLE: Final = bytes(range(0x20, 0x7F))
_GOES_ON: Final = b"keep-alive"
# They say how the rest is to be read, what is to come after, or, where a trusted proxy brings it, what this is called.
_OF_THE_WAY: Final = frozenset(
    {
        *(b"transfer-encoding", b"content-length", b"expect", b"upgrade", b"trailer", b"te", b"x-request-id"),
        b"proxy-connection",  # which the parser takes for `Connection`
    }
)


class Asked(NamedTuple):
    """All of a request that an answer to a stranger may hang on; headers have their names in lower case."""

    path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]


def read_asked(block: bytes) -> Asked | None:
    """Read one whole GET of nobody in particular, whose connection goes on; None for everything else."""
    if len(block) > LONGEST or not (block.startswith(_START) and block.endswith(_END)):
        return None
    head = block[: -len(_END)]
    # In what is ASCII and printable no character is a break, or means two things.
    amount = head.count(_BREAK)
    if amount > MOST_LINES or head.translate(None, _PRINTABLE) != _BREAK * amount:
        return None
    first, *lines = head.split(_BREAK)
    said = [line.partition(b": ") for line in lines]
    match, names = _FIRST_LINE.fullmatch(first), _names(tuple([each[0] for each in said]))
    if match is None or names is None:
        return None
    headers: list[tuple[bytes, bytes]] = []
    for name, (_, found, value) in zip(names, said, strict=True):
        if not found or value != value.strip() or (name == b"connection" and value.lower() != _GOES_ON):
            return None
        if name not in PASSED_OVER:
            headers.append((name, value))
    return Asked(match[1], match[2] or b"", tuple(headers))


@lru_cache(maxsize=256)  # each software says the same in the same order
def _names(said: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
    """Names in lower case; None where one may be none, is somebody's, or changes what the rest means."""
    names = tuple([name.lower() for name in said])
    is_usual = all(map(_NAME.fullmatch, said)) and SOMEBODYS.isdisjoint(names) and _OF_THE_WAY.isdisjoint(names)
    return names if is_usual else None
