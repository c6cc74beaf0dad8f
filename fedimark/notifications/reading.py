"""What its owner does with what they were told: mark it read, choose what to be told of, open and end the feed."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable

from fedimark import addresses
from fedimark.database import execute, fetch_one
from fedimark.errors import NotFound
from fedimark.here import now
from fedimark.notifications.tell import Kind

_READ = "UPDATE notification SET read_at = ? WHERE owner_id = ? AND id <= ? AND read_at IS NULL"
_CHOICES = "SELECT unwanted_kinds, feed_key FROM account WHERE actor_id = ?"
_CHOOSE = "UPDATE account SET unwanted_kinds = ? WHERE actor_id = ?"
_SET_KEY = "UPDATE account SET feed_key = ?, feed_key_hash = ? WHERE actor_id = ?"
_OWNER = """
SELECT c.actor_id, c.feed_key, a.local_name FROM account c JOIN actor a ON a.id = c.actor_id
WHERE c.feed_key_hash = ? AND a.gone_at IS NULL AND a.suspended_at IS NULL
"""


async def mark_read(owner_id: int, up_to: int) -> None:
    """Everything that stood on a page whose newest line has this place is read, and what came before it."""
    await execute(_READ, now(), owner_id, up_to)


async def wanted_kinds(owner_id: int) -> frozenset[Kind]:
    """What somebody wants to be told of."""
    row = await fetch_one(_CHOICES, owner_id)
    unwanted = int(row["unwanted_kinds"]) if row else 0
    return frozenset(kind for kind in Kind if not unwanted >> kind & 1)


async def want_kinds(owner_id: int, kinds: Iterable[Kind]) -> None:
    """Be told of these from now on, and of nothing else; what was told stays."""
    unwanted = sum(1 << kind for kind in set(Kind) - set(kinds))
    await execute(_CHOOSE, unwanted, owner_id)


async def feed_key(owner_id: int) -> str:
    """What opens somebody's feed, empty while it has no key.

    It is kept as it is, and not as a hash, for its owner must be shown the address again; whoever reads this table
    reads what the feed says too.
    """
    row = await fetch_one(_CHOICES, owner_id)
    return (row["feed_key"] or "") if row else ""


async def make_feed_key(owner_id: int) -> None:
    """Open the feed under a new key; the one before opens nothing any more."""
    key = secrets.token_hex(16)
    await execute(_SET_KEY, key, addresses.uri_hash(key), owner_id)


async def end_feed_key(owner_id: int) -> None:
    """Close the feed."""
    await execute(_SET_KEY, None, None, owner_id)


async def owner_of_key(key: str) -> tuple[int, str]:
    """Whose feed a key opens: the actor's id and name. Raises NotFound.

    Found by its hash, so that how long the look takes tells nothing about the keys there are.
    """
    row = await fetch_one(_OWNER, addresses.uri_hash(key))
    if row is None or not hmac.compare_digest(row["feed_key"].encode(), key.encode("utf-8", "replace")):
        raise NotFound
    return int(row["actor_id"]), str(row["local_name"])
