"""What time it is elsewhere: every answer of another server says so."""

from __future__ import annotations

from fedimark.database import fetch
from fedimark.errors import FedimarkError
from fedimark.here import here
from fedimark.remote import client, guard
from fedimark.signatures.message import read_http_date

_MOST = 3
_NODEINFO = "/.well-known/nodeinfo"
_WELL = "SELECT host FROM peer WHERE fails = 0 AND open_until = 0 ORDER BY answered_at DESC, seen_at DESC LIMIT ?"


async def of_others() -> dict[str, int]:
    """What time it is, in microseconds since 1970 UTC, by up to three servers that are well; none where none says."""
    found: dict[str, int] = {}
    for row in await fetch(_WELL, _MOST):
        scheme = guard.scheme_of(row["host"], here().settings)
        try:
            answer = await client.get(f"{scheme}://{row['host']}{_NODEINFO}", accept="application/json", signer=None)
        except FedimarkError:
            continue
        said = read_http_date(str(answer.headers.get("date", "")))
        if said is not None:
            found[row["host"]] = said
    return found
