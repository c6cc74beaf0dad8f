"""From what somebody types to somebody who can be followed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch, fetch_one
from fedimark.errors import Forbidden, NotFound, Refused, Unreachable, Untrustworthy
from fedimark.follows import elsewhere, feeds, tags
from fedimark.follows.kinds import SERVICE, host_of
from fedimark.here import here
from fedimark.outbox.tag_actors import TagActor
from fedimark.policy.blocks import is_blocked
from fedimark.remote import nodeinfo
from fedimark.remote.actors import find_actor, typed_actor
from fedimark.remote.webfinger import find_handle
from fedimark.text import slugs
from fedimark.text import tags as words
from fedimark.timelines.tag_actors import tag_actor, tag_actor_of_handle

PATIENCE_S = 8  # somebody waits in front of a form
_SHORT_PATIENCE_S = 2

_HANDLE = re.compile(r"@?([^\s@/?#:%]{1,128})@([^\s@/?#\\]{1,255})")
_KNOWN = """
SELECT * FROM actor WHERE (uri_hash = ? OR url = ? OR (lower(username) IN (?, ?, ?, ?) AND host = ?))
AND kind <> 'Feed' AND (kind <> 'Person' OR ? = '') LIMIT 20
"""
_LOCAL = re.compile(r"@?([A-Za-z0-9_]{1,30})")


@dataclass(frozen=True, slots=True)
class Who:
    """What was typed, read: a `name` of this server, a `name` or the key of a `tag` at a `host`, or a `uri`; the others
    are empty.

    A tag of this server is its `uri`, or by its handle a `name` with a dot in it.
    """

    name: str = ""
    host: str = ""
    uri: str = ""
    tag: str = ""

    @property
    def names(self) -> tuple[str, str, str, str]:
        """What whom it means may be called at its host, in lower case; a tag has four names."""
        if not self.tag:
            return (self.name.lower(),) * 4
        slug, bare = slugs.slug(self.tag), slugs.bare(self.tag)
        return slug, f"tag.{slug}", bare, f"tag-{bare}"


def read_who(text: str) -> Who:
    """Read `@ana@host`, `ana@host`, `acct:ana@host`, an address, a name of this server, or a tag of any.

    A tag is `#sql` of this server, `#sql@host`, the address of its page or a person's, or its handle.

    Raises Refused for the field `who`.
    """
    typed = text.strip()
    if typed.lower().startswith(("http://", "https://")):
        local, stream = addresses.local_username(typed), addresses.local_stream(typed)
        if stream is not None:
            return Who(uri=addresses.absolute(addresses.stream(*stream)))
        return Who(name=local.lower()) if local else Who(uri=typed)
    if typed.startswith("#"):
        return _tag(typed[1:])
    typed = typed.removeprefix("acct:")
    if found := _LOCAL.fullmatch(typed):
        return Who(name=found[1].lower())
    found = _HANDLE.fullmatch(typed)
    if found is None:
        raise Refused("Give a handle like @ana@marks.example, an address, or a name here.", field="who")
    settings = here().settings
    name, host = found[1], found[2].lower()
    return Who(name=name.lower()) if host in (settings.handles_at, settings.host) else Who(name=name, host=host)


async def resolve(text: str) -> Row:
    """The actor somebody means; asks their server, for at most 8 seconds, so never inside a transaction.

    Raises Refused, NotFound, Forbidden for a blocked domain, Gone, Unreachable, Untrustworthy.
    """
    who = read_who(text)
    if who.name and not who.host:
        return await _here(who.name)
    if (stream := addresses.local_stream(who.uri)) is not None:
        return await _tag_here(tag_actor(*stream))
    if await is_blocked(who.host, who.uri):
        raise Forbidden("This server has nothing to do with that one.")
    try:
        async with asyncio.timeout(PATIENCE_S):
            if who.uri:
                actor = await _at(who.uri)
            elif who.tag:
                actor = await elsewhere.find_tag(who.tag, who.host)
            else:
                actor = await find_actor(await find_handle(f"@{who.name}@{who.host}"))
    except TimeoutError as error:
        raise Unreachable from error
    if actor["gone_at"] is not None:
        raise NotFound
    await _learn(actor)
    return actor


async def known(text: str) -> Row | None:
    """The actor somebody means, if there is a row of them, feeds left out; nobody is asked. Raises Refused."""
    who = read_who(text)
    uri = who.uri or "-"
    rows = await fetch(_KNOWN, addresses.uri_hash(uri), uri, *who.names, who.host, who.tag)
    return min(rows, key=lambda row: row["uri"] != who.uri, default=None)


async def _learn(actor: Row) -> None:
    """Know what runs where a Service is that is nobody's tag: there it may be a tag of everybody's. (follows.kinds)"""
    if actor["kind"] == SERVICE and not actor["attributed_to"]:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SHORT_PATIENCE_S):
                await nodeinfo.remembered(host_of(actor))


async def _at(address: str) -> Row:
    """Whoever is at an address: an actor, as its document or the page there says, else what its server offers for the
    tag whose page that looks like, else a feed.
    """
    page = elsewhere.tag_page(address)
    try:
        return await typed_actor(address)
    except NotFound:
        if page is None:
            raise
    except Untrustworthy:
        if page is None:
            return await feeds.find(address)
    return await elsewhere.find_behind(address, *page)


def _tag(typed: str) -> Who:
    """What `sql` or `sql@host` means behind a `#`."""
    word, at, host = typed.rpartition("@")
    word, host = (word, host.lower()) if at else (typed, "")
    read = words.split(word)
    if len(read) != 1 or (at and _HANDLE.fullmatch(f"x@{host}") is None):
        raise Refused("Give one tag, like #sql or #sql@marks.example.", field="who")
    key, settings = words.key(read[0]), here().settings
    if host in ("", settings.handles_at, settings.host):
        return Who(uri=addresses.absolute(addresses.stream("", key)))
    if words.is_private(key):
        raise Refused("A tag that begins with a dot is private.", field="who")
    return Who(host=host, tag=key)


async def _here(name: str) -> Row:
    if "." in name:
        return await _tag_here(tag_actor_of_handle(name))
    sql = "SELECT * FROM actor WHERE local_name = ? AND gone_at IS NULL AND suspended_at IS NULL"
    row = await fetch_one(sql, name)
    if row is None:
        raise NotFound("Nobody here has that name.")
    return row


async def _tag_here(looking: Awaitable[TagActor]) -> Row:
    try:
        return await tags.row_of(await looking)
    except NotFound as error:
        raise NotFound("No public bookmark here ever had that tag.") from error
