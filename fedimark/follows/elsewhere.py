"""From a tag of another server to something that can be followed: what that server offers, whatever it runs.

One way after the other, until one leads to a stream or a feed of that very server. Where none does, somebody is told
what would work instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from fedimark.database import Row, fetch
from fedimark.errors import FedimarkError, Forbidden, Refused, Unreachable
from fedimark.follows import feeds
from fedimark.follows.kinds import (
    BOTS,
    BUZZRELAY,
    FEDI_BUZZ,
    GROUP,
    SERVICE,
    TAGS_PUB,
    host_of,
    is_stream,
)
from fedimark.here import here
from fedimark.language.said import _
from fedimark.policy.blocks import is_blocked
from fedimark.remote import guard, nodeinfo
from fedimark.remote.actors import find_actor
from fedimark.remote.feeds import find_feed
from fedimark.remote.sites import same_site
from fedimark.remote.webfinger import find_handle
from fedimark.text import segments, slugs
from fedimark.text.tags import key as key_of
from fedimark.vocab.reading import is_web_url

_PAGE = re.compile(r"/(?:tags?|t)/([^/]{1,1000})/?")
_TAG = "{tag}"
_FEED_PAGES = ("tags", "t", "tag")
_COMMUNITY_PAGES = {"lemmy": "c", "piefed": "c", "mbin": "m", "kbin": "m"}
# Of the newest thousands, some of that host's: what they send says where their tags are.
_RECENT = """
SELECT r.body FROM received_activity r JOIN actor a ON a.id = r.actor_id
WHERE r.id > (SELECT COALESCE(max(id), 0) FROM received_activity) - 5000 AND a.host = ?
AND r.kind IN ('Create', 'Update') AND length(r.body) <= 65536 ORDER BY r.id DESC LIMIT 20
"""


@dataclass(frozen=True, slots=True)
class Sought:
    """A tag, by its key, of a server, by its host with its port, and what that server says of itself."""

    key: str
    host: str
    about: nodeinfo.NodeInfo

    @property
    def slug(self) -> str:
        """What a fedimark calls the tag in handles."""
        return slugs.slug(self.key)

    @property
    def bare(self) -> str:
        """What servers call it that keep letters and digits alone."""
        return slugs.bare(self.key)

    def at(self, path: str) -> str:
        """A path of the server as a full address."""
        return f"{guard.scheme_of(self.host, here().settings)}://{self.host}{path}"


Way = Callable[[Sought], Awaitable[Row | None]]


def tag_page(address: str) -> tuple[str, str] | None:
    """The tag and the host of an address that looks like the page of a tag, as `/tags/sql`; None for all others."""
    try:
        parts = urlsplit(address)
        found = _PAGE.fullmatch(parts.path)
        key = key_of(segments.decode(found[1])) if found else ""
    except ValueError:
        return None
    return (key, parts.netloc.lower()) if key.strip(".") and parts.netloc and "@" not in parts.netloc else None


async def find_tag(key: str, host: str) -> Row:
    """Whatever can be followed for a tag of another server: a stream, else a feed.

    Raises Refused, for the field `who`, with what would work instead; Unreachable for who never answered.
    """
    sought = Sought(key, host, await nodeinfo.remembered(host))
    return await _first(sought, (*_streams_of(sought), _by_feed))


async def find_behind(address: str, key: str, host: str) -> Row:
    """The same for the address of a tag's page: a stream, else the feed that this page names."""

    async def named(sought: Sought) -> Row | None:
        return await feeds.find(address)

    sought = Sought(key, host, await nodeinfo.remembered(host))
    return await _first(sought, (*_streams_of(sought), named))


def _streams_of(sought: Sought) -> tuple[Way, ...]:
    # Where every name is a tag, `tag.sql` would be another one.
    return (_by_service,) if _service_name(sought) else (_by_template, _by_handle, _by_hashtag, _by_group)


async def _first(sought: Sought, ways: tuple[Way, ...]) -> Row:
    silent: Unreachable | None = None
    for way in ways:
        try:
            found = await way(sought)
        except Unreachable as error:
            silent = error
        except Forbidden:
            raise
        except FedimarkError:
            pass
        else:
            if found is not None:
                return found
    raise silent or await _nothing(sought)


async def _nothing(sought: Sought) -> Refused:
    said = _("%(host)s offers nothing to follow for #%(tag)s.", host=sought.host, tag=sought.key)
    if sought.bare and sought.host != TAGS_PUB and not await is_blocked(TAGS_PUB):
        instead = f"@{sought.bare}@{TAGS_PUB}"
        said = _("%(that)s What servers everywhere publish with it can be followed as %(who)s.", that=said, who=instead)
    return Refused(said, field="who")


async def _by_template(sought: Sought) -> Row | None:
    """NodeInfo's `tagActorTemplate`, where it leads to that very server."""
    template = sought.about.tag_template
    parts = urlsplit(template) if is_web_url(template) else None
    if parts is None or _TAG not in parts.path or not template.lower().startswith(sought.at("/")):
        return None
    found = await find_actor(template.replace(_TAG, segments.encode(sought.key)))
    return found if await is_stream(found) and host_of(found) == sought.host else None


async def _by_handle(sought: Sought) -> Row | None:
    return await _named(sought, f"tag.{sought.slug}")


async def _by_hashtag(sought: Sought) -> Row | None:
    """Where a Hashtag of something from that server led, if that is somebody."""
    for row in await fetch(_RECENT, sought.host):
        for href in _hrefs(row["body"], sought.key):
            if same_site(href, sought.at("/")):
                found = await find_actor(href)
                return found if await is_stream(found) and _is_of(found, sought) else None
    return None


async def _by_service(sought: Sought) -> Row | None:
    """The name that a server of nothing but tags gives to this one."""
    found = await _named(sought, _service_name(sought))
    return found if found is not None and found["kind"] == SERVICE else None


async def _by_group(sought: Sought) -> Row | None:
    """A community of that name: by its address where one handle may mean a person too, else by the handle."""
    page = _COMMUNITY_PAGES.get(sought.about.software)
    if page is not None:
        found = await find_actor(sought.at(f"/{page}/{segments.encode(sought.slug)}"))
    else:
        found = await find_actor(await find_handle(f"@{sought.slug}@{sought.host}"))
    is_meant = found["kind"] == GROUP and found["username"].lower() == sought.slug
    return found if is_meant and _is_of(found, sought) else None


async def _by_feed(sought: Sought) -> Row | None:
    """A feed of the tag's page, wherever that may be; one that names the tag in its address and holds something."""
    segment = segments.encode(sought.key)
    for place in _FEED_PAGES:
        with suppress(FedimarkError):
            found = await find_feed(sought.at(f"/{place}/{segment}"))
            # Servers may answer every address with one page, and Mastodon's feeds of tags are empty since 4.5.
            if found.feed.entries and _names(found.address, sought.key):
                return await feeds.keep(found)
    return None


async def _named(sought: Sought, name: str) -> Row | None:
    """The stream of that name at that server, if that is who WebFinger leads to."""
    found = await find_actor(await find_handle(f"@{name}@{sought.host}"))
    is_meant = _is_of(found, sought) and found["username"].lower() == name
    return found if is_meant and await is_stream(found) else None


def _service_name(sought: Sought) -> str:
    host, software = sought.host, sought.about.software
    if host == TAGS_PUB or software == BOTS:
        return sought.bare
    return f"tag-{sought.bare}" if host == FEDI_BUZZ or software == BUZZRELAY else ""


def _is_of(found: Row, sought: Sought) -> bool:
    """Whether somebody is of the server that was asked: their handle is, or their id is of its site."""
    return found["uri"] is not None and (found["host"] == sought.host or same_site(found["uri"], sought.at("/")))


def _names(address: str, key: str) -> bool:
    parts = urlsplit(address)
    try:
        said = segments.decode(f"{parts.path}?{parts.query}")
    except ValueError:
        return False
    return key in key_of(said)


def _hrefs(body: str, key: str) -> list[str]:
    """Where the Hashtags of this tag lead to in the body of an activity."""
    try:
        said = json.loads(body).get("object")
    except ValueError:
        return []
    listed = said.get("tag") if isinstance(said, dict) else None
    words = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [
        each["href"]
        for each in words
        if each.get("type") == "Hashtag"
        and key_of(str(each.get("name")).removeprefix("#")) == key
        and is_web_url(each.get("href"))
    ]
