"""Servers that nobody here chose yet: what comes from there stands on no public page.

Only those see it who follow its author, or whoever passed it on. It ends when somebody here follows somebody there or
copies from there, or when an admin says so, however much comes; and once over it stays over.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from fedimark.database import Row, Script, among, ask, fetch, several
from fedimark.here import here, now
from fedimark.jobs import queue
from fedimark.logs import HOST_LET_IN, log

JOB = "let_in"  # brings what is known from there onto public pages

_LONGEST_HOST = 255
_LET_IN = "SELECT host FROM peer WHERE let_in_at IS NOT NULL AND host"
_END = """
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at, let_in_at) VALUES (?, '', 0, '', 0, ?, ?)
ON CONFLICT (host) DO UPDATE SET let_in_at = excluded.let_in_at WHERE peer.let_in_at IS NULL
RETURNING host
"""


async def is_let_in(uri: str) -> bool:
    """Whether the server of an id is out of quarantine."""
    return bool(await fetch(f"{_LET_IN} = ?", host_of(uri)))


def let_in_among(uris: Iterable[str]) -> Script[set[str]]:
    """Which of some ids are of servers out of quarantine; one statement."""
    hosts = {uri: host_of(uri) for uri in uris}
    rows: list[Row] = yield from ask(f"{_LET_IN} {among('text')}", several(set(hosts.values())))
    found = {row["host"] for row in rows}
    return {uri for uri, host in hosts.items() if host in found}


async def let_in(uri: str) -> bool:
    """End the quarantine of an id's server, inside `write()`; whether it was in it.

    For whoever follows or copies, at that moment; an admin's word stands in `moderation`.
    """
    host, at = host_of(uri), now()
    if not host or len(host) > _LONGEST_HOST or not await fetch(_END, host, at, at):
        return False
    await queue.add(JOB, {"host": host})
    log.info(HOST_LET_IN, host=host)
    here().wake.set()
    return True


async def look_again(host: str) -> None:
    """What a server runs is known now, and that may be what lets its people's bookmarks stand on public pages."""
    if await is_let_in(f"https://{host}/"):
        await queue.add(JOB, {"host": host})


def host_of(uri: str) -> str:
    """Host and port of an id, as peers are named by."""
    return urlsplit(uri).netloc.lower()
