"""Lists of whom this server and its people have nothing to do with."""

from __future__ import annotations

from fedimark.database import Row, fetch
from fedimark.here import now

MOST = 5_000

_MUTES = "SELECT kind, value, until FROM mute WHERE owner_id = ? AND (until IS NULL OR until > ?) "
_MUTES += "ORDER BY kind DESC, value LIMIT ?"

_DOMAINS = "SELECT host, reason, created_at FROM blocked_domain ORDER BY host LIMIT ?"
_SUSPENDED = """
SELECT local_name, username, host, uri, name, suspended_at FROM actor
WHERE suspended_at IS NOT NULL AND gone_at IS NULL ORDER BY host, username, id LIMIT ?
"""
_BLOCKED = """
SELECT b.created_at AS at, b.until, a.local_name, a.username, a.host, a.name, a.uri, a.url
FROM block b JOIN actor a ON a.id = b.blocked_id WHERE b.blocker_id = ? AND {} ORDER BY a.username, a.host, b.id LIMIT ?
"""


async def domains() -> list[Row]:
    """Every blocked domain with its reason, by name."""
    return await fetch(_DOMAINS, MOST)


async def suspended() -> list[Row]:
    """Every suspended account, of this server and of others, by host and name."""
    return await fetch(_SUSPENDED, MOST)


async def blocked_by(actor_id: int) -> list[Row]:
    """Whom somebody blocks, by name; `at` is when they did."""
    return await fetch(_BLOCKED.format("NOT b.is_mute"), actor_id, MOST)


async def muted_by(actor_id: int) -> list[Row]:
    """The same for whom they mute."""
    return await fetch(_BLOCKED.format("b.is_mute"), actor_id, MOST)


async def muted_words_of(actor_id: int) -> list[Row]:
    """Which words, servers and tags somebody mutes, and until when."""
    return await fetch(_MUTES, actor_id, now(), MOST)
