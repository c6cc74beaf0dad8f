"""What we remember of other servers between requests: which signature each understands."""

from __future__ import annotations

from urllib.parse import urlsplit

from fedimark import addresses
from fedimark.database import execute, fetch, fetch_one
from fedimark.here import MICROS, here, now

KEPT = 7 * 86_400 * MICROS

_DAY = 86_400 * MICROS
_MOST_HEARD = 10_000
_REMEMBERED_FOR = 60 * MICROS
_LONGEST_HOST = 255

_SCHEME = "SELECT scheme FROM peer WHERE host = ? AND scheme_until > ?"
_LEARN = """
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) VALUES (?, ?, ?, '', 0, ?)
ON CONFLICT (host) DO UPDATE SET scheme = excluded.scheme, scheme_until = excluded.scheme_until,
    seen_at = excluded.seen_at
"""
_MEET = """
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) VALUES (?, '', 0, '', 0, ?)
ON CONFLICT (host) DO NOTHING
"""
_INBOX = """
INSERT INTO inbox (url, hash, host) VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash RETURNING id
"""
# What was tried out counts for more than what was said, and is not written anew each day.
_HEAR = f"{_LEARN} WHERE peer.scheme_until <= ? OR (peer.scheme = 'rfc9421' AND peer.scheme_until <= ?)"


async def scheme_of(url: str) -> str:
    """The scheme that worked last at a URL's origin, or that it asked for: cavage, rfc9421, or empty when unknown.

    Remembered for a minute, and until this process learns another.
    """
    host, at = host_of(url), now()
    known = _remembered().get(host)
    if known is not None and known[1] > at:
        return known[0]
    row = await fetch_one(_SCHEME, host, at)
    scheme = str(row["scheme"]) if row else ""
    remember(host, scheme, at + KEPT)
    return scheme


def remember(host: str, scheme: str, scheme_until: int) -> None:
    """Know for a minute what was just read of a host's row."""
    at, known = now(), _remembered()
    known.pop(host, None)
    known[host] = (scheme if scheme_until > at else "", at + _REMEMBERED_FOR)
    while len(known) > _MOST_HEARD:
        del known[next(iter(known))]


def _remembered() -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = here().caches.setdefault("remote.schemes", {})
    return found


async def learn(url: str, scheme: str) -> None:
    """Remember for 7 days that a URL's origin took this scheme after it had refused the other."""
    at, host = now(), host_of(url)
    if len(host) <= _LONGEST_HOST:
        await execute(_LEARN, host, scheme, at + KEPT, at)
        remember(host, scheme, at + KEPT)


async def meet(url: str) -> None:
    """Remember that there is a server at a URL's origin; what it runs is asked later."""
    host = host_of(url)
    if len(host) <= _LONGEST_HOST:
        await execute(_MEET, host, now())


async def hear_rfc9421(url: str) -> None:
    """Remember that a URL's origin speaks RFC 9421: it signed so, asked for it, or its actors say so.

    Costs a write a day for each origin, and does not overrule what was learned by trying.
    """
    at, host = now(), host_of(url)
    heard: dict[str, int] = here().caches.setdefault("remote.heard", {})
    if len(host) > _LONGEST_HOST or heard.get(host, -_DAY) > at - _DAY:
        return
    heard.pop(host, None)
    heard[host] = at
    while len(heard) > _MOST_HEARD:
        del heard[next(iter(heard))]
    await execute(_HEAR, host, "rfc9421", at + KEPT, at, at, at + KEPT - _DAY)
    _remembered().pop(host, None)


async def inbox_id(url: str) -> int:
    """The number of an inbox that letters go to, inside `write()`; made when it is new."""
    return int((await fetch(_INBOX, url, addresses.uri_hash(url), host_of(url)[:_LONGEST_HOST]))[0]["id"])


def host_of(url: str) -> str:
    """Host and port of a URL, as peers are named by."""
    return urlsplit(url).netloc.lower()
