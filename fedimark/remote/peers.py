"""What we remember of other servers between requests: which signature each understands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from fedimark import addresses
from fedimark.database import (
    Script,
    Statement,
    among,
    ask,
    atomically,
    cells,
    execute,
    fetch,
    inserts,
    perform,
    several,
    table,
)
from fedimark.here import MICROS, here, now, put_last
from fedimark.remote.gathering import gathered

KEPT = 7 * 86_400 * MICROS

_DAY = 86_400 * MICROS
_MOST_HEARD = 10_000
_REMEMBERED_FOR = 60 * MICROS
_LONGEST_HOST = 255

_SCHEMES = "SELECT host, scheme FROM peer WHERE scheme_until > ? AND host {some}"
_ASKED = "remote.schemes_asked"
_AT_ONCE = 64  # hosts looked up together
_LEARN = """
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) VALUES (?, ?, ?, '', 0, ?)
ON CONFLICT (host) DO UPDATE SET scheme = excluded.scheme, scheme_until = excluded.scheme_until,
    seen_at = excluded.seen_at
"""
_INBOX = {"url": "text", "hash": "varchar", "host": "varchar"}
_NUMBERED = "ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash RETURNING id, hash"
_PEER = {"host": "varchar", "scheme": "varchar", "software": "varchar"}
_PEER |= {"scheme_until": "bigint", "software_at": "bigint", "seen_at": "bigint"}
# Those that are there are left out first: PostgreSQL would wait for whoever is writing them down this moment, as all do
# who take a server in hand, only to find that there is nothing to do.
_MEET = f"""
INSERT INTO peer ({", ".join(_PEER)}) SELECT {", ".join(f"v.{name}" for name in _PEER)} FROM {{hosts}} v
WHERE NOT EXISTS (SELECT 1 FROM peer p WHERE p.host = v.host) ORDER BY v.host ON CONFLICT (host) DO NOTHING
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
    scheme: str = await gathered(_ASKED, _schemes, _AT_ONCE)(host)
    remember(host, scheme, at + KEPT)
    return scheme


async def _schemes(hosts: Sequence[str]) -> list[str | Exception]:
    rows = await fetch(_SCHEMES.format(some=among("varchar")), now(), several(hosts))
    known = {row["host"]: str(row["scheme"]) for row in rows}
    return [known.get(host, "") for host in hosts]


def remember(host: str, scheme: str, scheme_until: int) -> None:
    """Know for a minute what was just read of a host's row."""
    at = now()
    put_last(_remembered(), host, (scheme if scheme_until > at else "", at + _REMEMBERED_FOR), _MOST_HEARD)


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
    """As `meeting`, of one server, in a transaction of its own."""
    await atomically(lambda: perform(meeting([url])))


def meeting(urls: Iterable[str]) -> Script[None]:
    """Remember, in a script, that there are servers at the origins of some URLs; what they run is asked later."""
    for sql, parameters in servers(urls):
        yield from ask(sql, *parameters)


def servers(urls: Iterable[str]) -> list[Statement]:
    """The statements of `meeting`."""
    unknown = {"scheme": "", "scheme_until": 0, "software": "", "software_at": 0, "seen_at": now()}
    hosts = sorted({host for url in urls if len(host := host_of(url)) <= _LONGEST_HOST})
    rows = [{"host": host, **unknown} for host in hosts]
    return [(_MEET.format(hosts=table(_PEER)), tuple(cells(_PEER, rows)))] if rows else []


async def hear_rfc9421(url: str) -> None:
    """Remember that a URL's origin speaks RFC 9421: it signed so, asked for it, or its actors say so.

    Costs a write a day for each origin, and does not overrule what was learned by trying.
    """
    at, host = now(), host_of(url)
    heard: dict[str, int] = here().caches.setdefault("remote.heard", {})
    if len(host) > _LONGEST_HOST or heard.get(host, -_DAY) > at - _DAY:
        return
    put_last(heard, host, at, _MOST_HEARD)
    await execute(_HEAR, host, "rfc9421", at + KEPT, at, at, at + KEPT - _DAY)
    _remembered().pop(host, None)


def inbox_ids(urls: Iterable[str]) -> Script[dict[str, int]]:
    """The numbers of inboxes that letters go to, by their addresses, in a script; made for those that are new."""
    by_hash = {addresses.uri_hash(url): url for url in urls}
    found: dict[str, int] = {}
    for sql, parameters in inboxes(by_hash.values()):
        found |= {by_hash[row["hash"]]: int(row["id"]) for row in (yield from ask(sql, *parameters))}
    return found


def inboxes(urls: Iterable[str]) -> list[Statement]:
    """The statements of `inbox_ids`: they return `id` and `hash`."""
    by_hash = {addresses.uri_hash(url): url for url in urls}
    rows = [
        {"url": by_hash[key], "hash": key, "host": host_of(by_hash[key])[:_LONGEST_HOST]} for key in sorted(by_hash)
    ]
    return inserts("inbox", _INBOX, rows, _NUMBERED)


def host_of(url: str) -> str:
    """Host and port of a URL, as peers are named by."""
    return urlsplit(url).netloc.lower()
