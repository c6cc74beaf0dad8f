"""Feeds: found at an address or by what a page says, and read again. Nothing is signed: feeds are for everybody.

Addresses of feeds may be secrets: no error and no line of the log holds one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from urllib.parse import urljoin, urlsplit

from fedimark.errors import FedimarkError, Postponed, Refused, Untrustworthy
from fedimark.here import here
from fedimark.language.said import _
from fedimark.policy import hosts
from fedimark.remote import client, guard
from fedimark.remote.fetch import check_status
from fedimark.remote.sites import same_site
from fedimark.text.urls import looks_keyed
from fedimark.vocab.alternate import all_in_head, all_in_header
from fedimark.vocab.feeds import FEED_TYPES, Feed, NoFeed, is_feed_type, read_feed

ACCEPT = f"{', '.join(sorted(FEED_TYPES))}, application/xml;q=0.9, text/xml;q=0.9, text/html;q=0.5, */*;q=0.1"

_LONGEST_HEADER = 16_384
_NOT_MODIFIED = 304
_LATER = frozenset({429, 503})
_MOST_NAMED = 50
_MAX_AGE = re.compile(r"(?:\A|[\s,])max-age\s{0,4}=\s{0,4}\"?([0-9]{1,9})", re.IGNORECASE)
_HTTP = re.compile(r"\Ahttp://", re.IGNORECASE)
_NOTHING = _("There is nothing at that address that could be followed: nobody of the fediverse, and no feed.")


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed and where to ask for it; `is_open`: a page that everybody may read names it, and nothing in its address
    looks like a key.
    """

    address: str
    feed: Feed
    is_open: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of asking for a feed again: `feed` is None where nothing changed, `address` is the one to ask next."""

    feed: Feed | None
    address: str
    etag: str
    last_modified: str
    wait_s: int


async def find_feed(url: str) -> FoundFeed:
    """The feed at an address that a person typed, or the first that the page there names.

    Raises Refused for one of this server, NotFound, Gone, Unreachable, Untrustworthy.
    """
    page = await _ask(_secured(url.partition("#")[0]))
    try:
        return FoundFeed(_home(page, page.lasting), await _read(page), is_open=False)
    except NoFeed:
        href = next(_named(page), None)
    if href is None:
        raise _refused("no-feed", page.url)
    named = _secured(_joined(page.url, href))
    answer = await _ask(named)
    try:
        feed = await _read(answer)
    except NoFeed as error:
        raise _refused(error.reason, answer.url) from error
    address = _home(answer, named)
    return FoundFeed(address, feed, is_open=not looks_keyed(address) and not looks_keyed(page.url))


async def names_feed(page_url: str, address: str) -> bool:
    """Whether a page of the same site, which everybody may read, names the feed at this address."""
    if not page_url or looks_keyed(address) or looks_keyed(page_url):
        return False
    try:
        secured = _secured(page_url)
        if not same_site(secured, address):
            return False
        page = await _ask(secured)
        return any(_joined(page.url, href) == address for href in islice(_named(page), _MOST_NAMED))
    except FedimarkError:
        return False


async def read_again(address: str, etag: str, last_modified: str) -> Reading:
    """Ask for a feed that was read before. Raises NotFound, Gone, Unreachable, Untrustworthy.

    One that has moved for ever is asked at its new address from now on, if that is of the same site.
    """
    condition = {"If-None-Match": etag} if etag else {}
    condition |= {"If-Modified-Since": last_modified} if last_modified else {}
    answer = await client.get(address, accept=ACCEPT, signer=None, condition=condition)
    if answer.status in _LATER and answer.pause_s:
        raise Postponed(answer.pause_s)
    if answer.status == _NOT_MODIFIED and condition:
        return Reading(None, _home(answer, address), etag, last_modified, _wait_of(answer, 0))
    check_status(answer)
    try:
        feed = await _read(answer)
    except NoFeed as error:
        raise _refused(error.reason, answer.url) from error
    said = [_validator(answer, name) for name in ("etag", "last-modified")]
    return Reading(feed, _home(answer, address), said[0], said[1], _wait_of(answer, feed.wait_s))


def _wait_of(answer: client.Answer, wait_s: int) -> int:
    """How many seconds a server would like us to wait, at least: what the feed says, or its Cache-Control."""
    found = _MAX_AGE.search(answer.headers.get("cache-control", "")[:1_024])
    return max(wait_s, int(found[1]) if found else 0)


def _validator(answer: client.Answer, name: str) -> str:
    said = answer.headers.get(name, "").strip()
    return said if len(said) <= 1_024 and said.isascii() and said.isprintable() else ""


def _named(page: client.Answer) -> Iterator[str]:
    """The addresses of feeds that a page names, as written: in its Link headers, then in its head."""
    header = ", ".join(page.headers.get_list("link"))[:_LONGEST_HEADER]
    return chain(all_in_header(header, is_feed_type), all_in_head(page.body, is_feed_type))


async def _ask(url: str) -> client.Answer:
    answer = await client.get(url, accept=ACCEPT, signer=None)
    check_status(answer)
    return answer


async def _read(answer: client.Answer) -> Feed:
    """Read in a thread, since a large one takes a while; how long is bound by how much is read. Raises NoFeed."""
    return await asyncio.to_thread(read_feed, answer.body, answer.content_type, answer.url)


def _home(answer: client.Answer, asked: str) -> str:
    """Where to ask from now on: nobody else's site takes a feed over by a redirect."""
    return answer.lasting if same_site(answer.lasting, asked) else asked


def _secured(url: str) -> str:
    """The address with https, as everything is asked; raises Refused for one of this server."""
    try:
        is_this_machine = guard.is_this_machine(urlsplit(url).hostname or "")
    except ValueError as error:
        raise _refused("url", url) from error
    url = url if is_this_machine else _HTTP.sub("https://", url, count=1)
    if hosts.normal(url) == hosts.normal(here().settings.base_url):
        raise Refused("That is a feed of this very server: follow the person or the tag instead.", field="who")
    return url


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href).partition("#")[0]
    except ValueError as error:
        raise _refused("url", base) from error


def _refused(reason: str, url: str) -> Untrustworthy:
    guard.refused(reason, url)
    return Untrustworthy(_NOTHING if reason == "no-feed" else _("That feed can’t be read (%(reason)s).", reason=reason))
