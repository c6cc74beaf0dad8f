"""PURE. Whether two addresses are of one site: of one registrable domain, as the list of public suffixes draws it.

The list is the one its package brings along, with its private part: whoever has a page at github.io is a neighbour
there and no more. Reading it costs 50 ms and 1.4 MB, so it is read when first asked for, once in each process.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from fedimark.policy import hosts

_USUAL_PORTS: Mapping[str, int] = MappingProxyType({"https": 443, "http": 80})


def same_site(one: str, other: str) -> bool:
    """Whether two URLs are of one site: the same scheme, port and registrable domain."""
    site = _site(one)
    return site is not None and site == _site(other)


def registrable_domain(host: str) -> str:
    """The domain that somebody registered to have this host, in one spelling: `b.example` for `A.b.example.`.

    `host` is as for `policy.hosts.normal`; a port is left out. What nobody registered stands for itself alone: an IP
    address, a single name, a public suffix. Empty for what is no host.
    """
    return _domain(hosts.split(hosts.normal(host))[0])


def _site(url: str) -> tuple[str, int, str] | None:
    """Scheme, port and domain, None for what leads to no host."""
    origin = hosts.origin(url)
    return _read(url) if origin is None else _of_origin(origin)


@lru_cache(maxsize=4096)
def _of_origin(origin: str) -> tuple[str, int, str] | None:
    return _read(origin)


def _read(url: str) -> tuple[str, int, str] | None:
    host = hosts.normal(url)
    try:
        parts = urlsplit(url)
        port = parts.port or _USUAL_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    # Two readers of addresses must agree: what one takes for the host may be a password for the other.
    if not host or host != hosts.normal(parts.netloc.rpartition("@")[2]):
        return None
    return parts.scheme, port, _domain(hosts.split(host)[0])


@lru_cache(maxsize=4096)
def _domain(name: str) -> str:
    """The same for a host in its one spelling, without a port."""
    if not name or hosts.is_address(name):
        return name
    return _suffixes().privatesuffix(name) or name


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
