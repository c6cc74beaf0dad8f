"""Who is blocked: what `moderation` wrote, read by every room that must keep to it.

Blocked domains are asked for with every request that comes in or goes out, so each process keeps a copy, and looks
once a second whether they changed. Blocks between people are asked of the rows: what lies between two people, of blocks
alone; what one reader sees, of whom they mute too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from fedimark.database import Row, Script, among, ask, fetch, fetch_one, several
from fedimark.here import here, now
from fedimark.policy import chosen, hosts

VERSION = chosen.BLOCKED_DOMAINS  # the fact that changes whenever a blocked domain does

_CACHE = "policy.blocked_domains"
_BETWEEN = """
SELECT id FROM block
WHERE ((blocker_id = ? AND blocked_id = ?) OR (blocker_id = ? AND blocked_id = ?)) AND NOT is_mute LIMIT 1
"""
_APART = "SELECT blocker_id, blocked_id FROM block WHERE blocker_id {some} AND blocked_id {some} AND NOT is_mute"
_ESTRANGED = """
SELECT a.inbox, a.shared_inbox FROM block b
JOIN actor a ON a.id = CASE WHEN b.blocker_id = ? THEN b.blocked_id ELSE b.blocker_id END
WHERE (b.blocker_id = ? OR b.blocked_id = ?) AND NOT b.is_mute AND a.local_name IS NULL
"""


@dataclass(frozen=True, slots=True)
class Domains:
    """The blocked domains as this process knows them; `look_at` is when to ask whether `version` still holds."""

    version: str
    hosts: frozenset[str]
    look_at: int


async def is_blocked(*addresses: str) -> bool:
    """Whether one of these addresses or hosts is of a blocked domain; at most one statement a second, mostly none."""
    blocked = (await _domains()).hosts
    return bool(blocked) and any(hosts.covers(blocked, hosts.normal(each)) for each in addresses if each)


async def blocked_hosts() -> frozenset[str]:
    """The blocked domains as this process knows them: the same value for as long as they are the same."""
    return (await _domains()).hosts


def as_known() -> Domains | None:
    """The same without asking, however long ago that was; None where this process never looked.

    Whoever believes it must see to it, where they write, that its version still holds.
    """
    known: Domains | None = here().caches.get(_CACHE)
    return known


async def is_blocked_actor(actor: Row) -> bool:
    """Whether somebody is of a blocked domain: by their id, or by the host of their handle."""
    return actor["local_name"] is None and await is_blocked(actor["uri"] or "", actor["host"])


async def blocked_among(find: Callable[[], Awaitable[Iterable[str]]]) -> list[str]:
    """Those of some hosts that are of a blocked domain; `find` is asked for the hosts only where any domain is."""
    blocked = (await _domains()).hosts
    return [host for host in await find() if hosts.covers(blocked, hosts.normal(host))] if blocked else []


def forget_domains() -> None:
    """Let this process look again at once; for who just changed them."""
    here().caches.pop(_CACHE, None)
    chosen.forget()


async def between(one_id: int, other_id: int) -> bool:
    """Whether one of two people blocks the other."""
    return await fetch_one(_BETWEEN, one_id, other_id, other_id, one_id) is not None


def apart(ones: Iterable[int], others: Iterable[int]) -> Script[set[frozenset[int]]]:
    """Of some people and some others, in a script, every two of whom one blocks the other."""
    one, other = several(set(ones)), several(set(others))
    sql = _APART.format(some=among())
    rows = yield from ask(f"{sql} UNION ALL {sql}", one, other, other, one)
    return {frozenset((row["blocker_id"], row["blocked_id"])) for row in rows}


async def inboxes_of_estranged(actor_id: int) -> set[str]:
    """The inboxes of everybody elsewhere whom somebody here blocks, or who blocks them."""
    rows = await fetch(_ESTRANGED, actor_id, actor_id, actor_id)
    return {inbox for row in rows for inbox in (row["inbox"], row["shared_inbox"]) if inbox}


def not_hidden(actor_column: str) -> str:
    """A condition of SQL with one parameter, the viewer: that they neither block nor mute the actor in this column."""
    return f"NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = ? AND k.blocked_id = {actor_column})"


def no_block_between(one_column: str, other_column: str) -> str:
    """A condition of SQL: that neither of the actors in these columns blocks the other."""
    blocked = "NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = {} AND k.blocked_id = {} AND NOT k.is_mute)"
    return f"{blocked.format(one_column, other_column)} AND {blocked.format(other_column, one_column)}"


async def _domains() -> Domains:
    known: Domains | None = here().caches.get(_CACHE)
    if known is not None and now() < known.look_at:
        return known
    facts = await chosen.chosen()
    version = facts.of(VERSION)
    if known is not None and known.version == version:
        blocked = known.hosts
    else:
        # After the version: what changes in between is found by the next look.
        rows = await fetch("SELECT host FROM blocked_domain") if version else []
        blocked = frozenset(each["host"] for each in rows)
    fresh = here().caches[_CACHE] = Domains(version, blocked, facts.look_at)
    return fresh
