"""Pages that people name in their profiles, and whether those name them back: `rel="me"` both ways.

Of people here, and of those elsewhere whom somebody here follows, once that begins or their profile changes. A step of
the worker reads each, at most once a day, and once a week while it holds. An account elsewhere is one's own
when its profile is such a page. (microformats.org/wiki/rel-me)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Final

from fedimark import addresses
from fedimark.database import Row, execute, fetch, fetch_one, marks
from fedimark.errors import FedimarkError
from fedimark.here import MICROS, here, now
from fedimark.logs import LINK_CHECKED, log
from fedimark.policy import hosts
from fedimark.remote.actors import typed_actor
from fedimark.remote.budget import for_announced
from fedimark.remote.pages import read_own_links
from fedimark.text import html, urls
from fedimark.text.anchors import anchors

AT_ONCE: Final = 4
MOST_OF_ONE: Final = 8  # pages of somebody elsewhere

_DAY: Final = 86_400 * MICROS
_AGAIN_IF_NOT: Final = _DAY
_AGAIN: Final = 7 * _DAY

_KEEP = """
INSERT INTO profile_link (actor_id, url, url_hash, check_at) VALUES (?, ?, ?, ?)
ON CONFLICT (actor_id, url_hash) DO NOTHING
"""
_DROP = "DELETE FROM profile_link WHERE actor_id = ? AND url_hash NOT IN ({marks})"
_DUE = """
SELECT p.*, a.local_name, a.uri, a.url AS page FROM profile_link p JOIN actor a ON a.id = p.actor_id
WHERE p.check_at <= ? AND a.gone_at IS NULL AND a.suspended_at IS NULL AND (a.local_name IS NOT NULL OR EXISTS (
    SELECT 1 FROM follow f JOIN actor r ON r.id = f.follower_id
    WHERE f.target_id = a.id AND f.state = 'accepted' AND r.local_name IS NOT NULL))
ORDER BY p.check_at LIMIT ?
"""
_TRIED = "UPDATE profile_link SET check_at = ? WHERE id = ? AND check_at = ?"
_HOLDS = """
UPDATE profile_link SET checked_at = ?, check_at = ?, verified_at = COALESCE(verified_at, CAST(? AS BIGINT))
WHERE id = ?
"""
_HOLDS_NOT = "UPDATE profile_link SET checked_at = ?, check_at = ?, verified_at = NULL WHERE id = ?"
_VERIFIED = "SELECT url, verified_at FROM profile_link WHERE actor_id = ? AND verified_at IS NOT NULL"
_NAMED_BY = """
SELECT p.id FROM profile_link p JOIN actor a ON a.id = p.actor_id
WHERE a.local_name = ? AND a.gone_at IS NULL AND a.suspended_at IS NULL AND p.url_hash IN ({marks})
"""
_LINKED = """
SELECT c.* FROM profile_link p JOIN account c ON c.actor_id = p.actor_id JOIN actor a ON a.id = p.actor_id
WHERE p.url_hash IN (?, ?) AND p.verified_at IS NOT NULL AND a.gone_at IS NULL AND a.suspended_at IS NULL
ORDER BY CASE WHEN c.actor_id = ? THEN 0 ELSE 1 END, p.verified_at LIMIT 1
"""


async def keep_links(actor_id: int, fields: Iterable[tuple[str, str]]) -> None:
    """Remember which pages somebody's fields name, inside `write()`: new ones are read soon, others are forgotten."""
    await _keep(actor_id, [address for _, value in fields if (address := html.own_address(value))])


async def keep_links_of(actor: Row) -> None:
    """The same of somebody elsewhere, by their row; nothing of who is no person."""
    if actor["kind"] != "Person":
        return
    named = [page_in(value) for _, value in json.loads(actor["fields"])]
    await _keep(actor["id"], [address for address in named if address][:MOST_OF_ONE])


def page_in(value: str) -> str:
    """The page that a field of somebody elsewhere leads to; empty for none."""
    return next((anchor.href for anchor in anchors(value)), "")


async def _keep(actor_id: int, pages: Iterable[str]) -> None:
    named = {hash_of(address): address for address in pages}
    await execute(_DROP.format(marks=marks(len(named) + 1)), actor_id, "", *named)
    for url_hash, address in named.items():
        if urls.is_secret_looking(address) is None:
            await execute(_KEEP, actor_id, address, url_hash, now())


async def verified(actor_id: int) -> dict[str, int]:
    """Which pages that somebody's fields name are known to name them too, and since when."""
    return {row["url"]: row["verified_at"] for row in await fetch(_VERIFIED, actor_id)}


async def linked_account(actor: Row, owner_id: int = 0) -> Row | None:
    """The account here of whoever an account elsewhere is, by links both ways; None for nobody's.

    `actor` is a row of `actor`. Where several here name it and are named, it is that of `owner_id` (an actor), else the
    first. What an account calls its page counts on the host of its id alone: a neighbour on the same site is somebody
    else.
    """
    if not actor["uri"]:
        return None
    host = hosts.normal(actor["uri"])
    named = {hash_of(address) for address in (actor["uri"], actor["url"]) if address and hosts.normal(address) == host}
    return await fetch_one(_LINKED, *(sorted(named) * 2)[:2], owner_id)


def hash_of(address: str) -> str:
    """What a page is found by, whoever spells it how."""
    return addresses.uri_hash(urls.canonical(address).rstrip("/"))


async def check_links() -> int:
    """Read the pages that are due; returns how many."""
    if not here().settings.read_pages:
        return 0
    due = await fetch(_DUE, now(), AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for link in due:
            group.create_task(_check(link))
    return len(due)


async def _check(link: Row) -> None:
    # Written before asking: a page that kills the worker must not be asked for ever.
    moment = now()
    if not await execute(_TRIED, moment + _AGAIN_IF_NOT, link["id"], link["check_at"]):
        return
    own = _names_of(link)
    neighbour = addresses.local_username(link["url"].rstrip("/"))
    if neighbour is not None:
        holds = await _neighbour_names(neighbour, own)
    else:
        holds = await _page_names(link["url"], own) or await _account_names(link["url"], own)
    if holds:
        await execute(_HOLDS, moment, moment + _AGAIN, moment, link["id"])
    else:
        await execute(_HOLDS_NOT, moment, moment + _AGAIN_IF_NOT, link["id"])
    log.info(LINK_CHECKED, name=link["local_name"] or link["uri"], holds=holds)


def _names_of(link: Row) -> frozenset[str]:
    """What the page of whoever names a page is called: here by its address, elsewhere by its id too."""
    if link["local_name"] is not None:
        return frozenset({hash_of(addresses.absolute(addresses.person(link["local_name"])))})
    host = hosts.normal(link["uri"])
    return frozenset(hash_of(each) for each in (link["uri"], link["page"]) if each and hosts.normal(each) == host)


async def _neighbour_names(username: str, own: frozenset[str]) -> bool:
    """Whether somebody of this server, which is not asked, names somebody's page."""
    return await fetch_one(_NAMED_BY.format(marks=marks(len(own))), username, *own) is not None


async def _page_names(url: str, own: frozenset[str]) -> bool:
    """Whether a page calls somebody's page its author's."""
    try:
        return any(hash_of(each) in own for each in await read_own_links(url, for_announced))
    except FedimarkError:
        return False


async def _account_names(url: str, own: frozenset[str]) -> bool:
    """Whether a page is the profile of an account whose fields lead to somebody: some draw theirs by scripts."""
    try:
        actor = await typed_actor(url)
    except FedimarkError:
        return False
    if hash_of(url) not in {hash_of(actor["uri"] or ""), hash_of(actor["url"])}:
        return False
    fields = json.loads(actor["fields"])
    return any(hash_of(anchor.href) in own for _, value in fields for anchor in anchors(value))
