"""Where a stream stands: the address of its page, and what it is asked with."""

from __future__ import annotations

from fedimark import addresses
from fedimark.text.tags import is_private
from fedimark.timelines.stream import (
    LinkStream,
    NetworkStream,
    PersonStream,
    PopularStream,
    RecentStream,
    SearchStream,
    Stream,
    TagStream,
)

Asked = tuple[tuple[str, str], ...]


def place_of(stream: Stream) -> tuple[str, Asked]:
    """The path of a stream's page and the query it takes there."""
    match stream:
        case PersonStream(username, (), ""):
            return addresses.person(username), ()
        case PersonStream(username, (), only):
            return addresses.person_filter(username, only), ()
        case PersonStream(username, keys):
            return addresses.person_tags(username, keys), ()
        case TagStream(keys):
            return addresses.tags(keys), ()
        case RecentStream(is_here):
            return "/recent", (("from", "here"),) if is_here else ()
        case PopularStream(period, keys):
            return "/popular", (("in", period), *(("tag", key) for key in keys))
        case NetworkStream():
            return "/network", ()
        case SearchStream(text):
            return "/search", (("q", text), ("in", "here"))
        case LinkStream(link_hash):
            return addresses.link(link_hash), ()


def is_for_everybody(stream: Stream) -> bool:
    """Whether strangers may look at a stream at all; others have no feed at their address."""
    match stream:
        case PersonStream(_, keys, only):
            return only in ("", "public") and not any(is_private(key) for key in keys)
        case NetworkStream():
            return False
    return True
