"""Addresses that may be asked, as they are signed: what is to be looked at of one is looked at once for each server."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import httpx
from yarl import URL

from fedimark.here import here
from fedimark.policy import hosts
from fedimark.policy.blocks import is_blocked
from fedimark.remote import guard

_CACHE = "remote.places"
_KEPT = 4_096
# Nearly every address is such: what stands behind its host says nothing of where it leads, and everybody spells it as
# it stands. Not so a segment that is only dots: it goes.
_SIGN = r"[A-Za-z0-9._~!$&'()*+,;=:@-]"
_USUAL = re.compile(
    rf"(?P<origin>https?://[a-z0-9.-]+(?::[0-9]+)?)"
    rf"(?P<target>(?:/(?!\.\.?(?:[/?]|\Z)){_SIGN}*)+(?:\?(?:{_SIGN}|/)+)?)"
)


class Place(NamedTuple):
    """An address that may be asked, as aiohttp spells it: that is what we sign. `url` has its origin, and any path."""

    url: URL
    spelled: str
    host: str  # the header
    target: str


async def allowed(url: str) -> Place:
    """Where an address leads, if it may be asked; raises Untrustworthy."""
    server = here()
    known = server.caches.get(_CACHE)
    if known is None or known[0] is not server.settings:
        known = server.caches[_CACHE] = (server.settings, lru_cache(maxsize=_KEPT)(_looked_at))
    look: Callable[[str], Place] = known[1]
    usual = _USUAL.fullmatch(url) if len(url) <= guard.LONGEST_URL else None
    place = look(url) if usual is None else _standing_at(look(f"{usual['origin']}/"), usual["target"])
    if await is_blocked(url):
        raise guard.refused("blocked", url)
    return place


def _standing_at(root: Place, target: str) -> Place:
    """What stands on a server at a target that is spelled as usual."""
    return Place(root.url, f"{root.spelled.removesuffix('/')}{target}", root.host, target)


def _looked_at(url: str) -> Place:
    guard.check_url(url, here().settings)
    # What is ours is read from rows, also where a redirect leads home: a server that asks itself may wait for itself,
    # and would take its own people for people of elsewhere.
    if hosts.normal(url) == hosts.normal(here().settings.base_url):
        raise guard.refused("own-address", url)
    try:
        # aiohttp spells URLs anew by yarl's rules: that spelling must be the one we sign.
        spelled = URL(str(httpx.URL(url)))
        read = httpx.URL(str(spelled))
    except (httpx.InvalidURL, ValueError) as error:
        raise guard.refused("url", url) from error
    host, target = read.netloc.decode("ascii"), read.raw_path.decode("ascii")
    # As its server will put it together from the request line and the Host header.
    return Place(spelled, f"{read.scheme}://{host}{target}", host, target)
