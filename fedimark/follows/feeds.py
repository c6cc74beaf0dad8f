"""Feeds as somebody who can be followed: a row of `actor` that never speaks, and one of `feed` that says when to read.

A feed's address may be a secret of whoever typed it. It stands in these two rows and nowhere else: no document, count,
log or page of anybody but its readers holds it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fedimark import addresses
from fedimark.database import Row, execute, fetch, write
from fedimark.errors import Forbidden
from fedimark.follows.kinds import FEED
from fedimark.here import now
from fedimark.policy.blocks import is_blocked
from fedimark.remote import feeds
from fedimark.remote.sites import registrable_domain
from fedimark.text import clean, html
from fedimark.vocab.feeds import Feed

NEVER = 2**62

_ACTOR = """
INSERT INTO actor (uri_hash, uri, kind, username, host, site, name, summary, url, icon, fields, inbox, shared_inbox,
    outbox, followers_uri, key_id, public_key, private_key, approves_followers, indexable, created_at, fetched_at)
VALUES (?, ?, ?, '', ?, ?, ?, '', ?, '', '[]', '', '', '', '', '', '', '', ?, ?, ?, ?)
ON CONFLICT (uri_hash) DO UPDATE SET name = excluded.name, url = excluded.url, fetched_at = excluded.fetched_at
RETURNING *
"""
# Whoever finds it anew lets a feed that had ended be read again; one that turns out to be open is read again at once,
# so that what it says counts.
_FEED = f"""
INSERT INTO feed (actor_id, is_public, etag, last_modified, next_at, fails, last_error) VALUES (?, ?, '', '', ?, 0, '')
ON CONFLICT (actor_id) DO UPDATE SET
    next_at = CASE WHEN feed.next_at = {NEVER} OR (excluded.is_public AND NOT feed.is_public)
        THEN excluded.next_at ELSE feed.next_at END,
    etag = CASE WHEN excluded.is_public AND NOT feed.is_public THEN '' ELSE feed.etag END,
    last_modified = CASE WHEN excluded.is_public AND NOT feed.is_public THEN '' ELSE feed.last_modified END,
    is_public = feed.is_public OR excluded.is_public
"""
_CALL = "UPDATE actor SET name = ?, url = ? WHERE id = ?"
_MOVE = """
UPDATE actor SET uri = ?, uri_hash = ?, host = ?, site = ? WHERE id = ?
AND NOT EXISTS (SELECT 1 FROM actor a WHERE a.uri_hash = ?)
"""


async def find(address: str) -> Row:
    """The row of a feed by an address that a person typed: the feed's own, or that of a page that names it.

    Its `uri` is the feed's address, its `name` the title. Nothing of what it says is kept yet: that begins once
    somebody follows it. Asks its server, so never inside a transaction. Raises Refused for a feed of this server,
    Forbidden for a blocked domain, NotFound, Gone, Unreachable, Untrustworthy where there is no feed.
    """
    if await is_blocked(address):
        raise Forbidden("This server has nothing to do with that one.")
    return await keep(await feeds.find_feed(address))


async def keep(found: feeds.FoundFeed) -> Row:
    """The row of a feed that was found. Raises Forbidden for a blocked domain."""
    if await is_blocked(found.address):
        raise Forbidden("This server has nothing to do with that one.")
    async with write():
        row = (await fetch(_ACTOR, *_values(found)))[0]
        await execute(_FEED, row["id"], found.is_open, now())
    return row


async def call(actor_id: int, feed: Feed, address: str) -> None:
    """Let a feed have the title it has now, and the page it names."""
    await execute(_CALL, title_of(feed.title, address), _page_of(feed, address), actor_id)


async def move(actor_id: int, address: str) -> None:
    """Ask for a feed at another address from now on, unless that is another feed already."""
    host, site = urlsplit(address).netloc.lower()[:255], registrable_domain(address)[:255]
    await execute(_MOVE, address, uri_hash(address), host, site, actor_id, uri_hash(address))


def title_of(said: str, address: str) -> str:
    """What a feed is called: its title as plain text, else its host."""
    return clean.one_line(html.to_text(said[:1_000])) or (urlsplit(address).hostname or "")


def uri_hash(address: str) -> str:
    """How a feed's row is found: no id that some actor could have leads to it, so nobody can take it over."""
    return addresses.uri_hash(f"feed {address}")


def _values(found: feeds.FoundFeed) -> tuple[object, ...]:
    address, moment = found.address, now()
    return (
        uri_hash(address),
        address,
        FEED,
        urlsplit(address).netloc.lower()[:255],
        registrable_domain(address)[:255],
        title_of(found.feed.title, address),
        _page_of(found.feed, address),
        False,
        False,
        moment,
        moment,
    )


def _page_of(feed: Feed, address: str) -> str:
    """Where its readers find whose it is; never its own address."""
    return feed.home or f"https://{urlsplit(address).netloc}/"
