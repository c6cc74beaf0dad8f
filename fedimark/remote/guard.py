"""Which addresses and URLs may be reached: only what everybody else could reach too.

Two looks at every request: `check_url` reads the URL before anything is done, and `socket_factory` sees the very
address a connection is about to be made to, so no name, redirect or second look-up can lead elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

from fedimark.errors import Untrustworthy
from fedimark.language.said import _
from fedimark.logs import FETCH_REFUSED, log
from fedimark.settings import Settings

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketFactory: TypeAlias = Callable[[tuple[Any, ...]], socket.socket]

LONGEST_URL = 8_000

# Python's is_global grows with each release and is no list of ours: both must agree before we connect.
_FORBIDDEN_4 = [
    ipaddress.IPv4Network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
# Of IPv6 only 2000::/3 is given out; in it lie addresses for protocols, for documents, and two dead ways to hide an
# IPv4 address: Teredo (in 2001::/23) and 6to4.
_GIVEN_OUT_6 = ipaddress.IPv6Network("2000::/3")
_FORBIDDEN_6 = [
    ipaddress.IPv6Network(each)
    for each in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # …:0:5efe:192.168.0.1 leads to that IPv4 address

# The WHATWG rule for "ends in a number": such a host means an IPv4 address in one of its many spellings.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_DOTTED_QUAD = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_BEGINNING = re.compile(r"(?:[A-Za-z]{1,10}://)?(?:[^/?#@\\]{0,255}(?=[/?#\\]|\Z))?")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_PRIVATE_ZONES = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".corp", ".home.arpa", ".onion")


class Guarded(OSError):
    """A connection that was not made because of the address it would have led to."""


def refused(reason: str, url: str) -> Untrustworthy:
    """Log that we will not read `url`, for a short fixed reason, and return the error to raise.

    Of the URL only its beginning is told: the rest may be all that keeps a feed, or a page, from everybody.
    """
    log.info(FETCH_REFUSED, reason=reason, at=_BEGINNING.match(url)[0])  # type: ignore[index]  # it matches nothing too
    return Untrustworthy(_("The other server’s answer can’t be trusted (%(reason)s).", reason=reason))


def is_allowed(address: str, *, allow_loopback: bool) -> bool:
    """Whether a connection may be made to this IP address (a literal; an IPv6 zone is refused)."""
    try:
        ip = _unwrapped(ipaddress.ip_address(address))
    except ValueError:
        return False
    if ip.is_loopback:
        return allow_loopback
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not any(ip in network for network in _FORBIDDEN_4)
    if ip not in _GIVEN_OUT_6 or any(ip in network for network in _FORBIDDEN_6):
        return False
    return ip.is_global and (int(ip) >> 32) & 0xFFFF_FFFF not in _ISATAP


def socket_factory(settings: Settings) -> SocketFactory:
    """What makes the sockets of the connector; called with the final address of each attempt, raises Guarded."""

    def make(address_info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = address_info
        if not is_allowed(str(address[0]), allow_loopback=settings.allow_loopback):
            # The same words for every address: aiohttp keeps our class only when all attempts failed alike.
            raise Guarded("private-address")
        return socket.socket(family=family, type=kind, proto=protocol)

    return make


def check_url(url: str, settings: Settings) -> None:
    """Refuse a URL that no server of the fediverse could have: return, or raise Untrustworthy.

    https on port 443, a name with a dot or a public address, no user info. With `allow_loopback`, hosts that are this
    machine may be asked on any port and over http too.
    """
    if len(url) > LONGEST_URL or _UNSAFE.search(url):
        raise refused("url", url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refused("url", url) from None
    if parts.scheme not in ("http", "https"):
        raise refused("scheme", url)
    if "@" in parts.netloc:
        raise refused("user-info", url)
    if settings.allow_loopback and is_this_machine(parts.hostname or ""):
        return
    _check_elsewhere(url, parts, port)


def is_this_machine(host: str) -> bool:
    """Whether a host (without its port) is a spelling of this very machine that we take: localhost, 127.…, ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def scheme_of(authority: str, settings: Settings) -> str:
    """The scheme to ask a host by its name (`host` or `host:port`): http for this machine where allowed, else https."""
    host = urlsplit(f"//{authority}").hostname or ""
    return "http" if settings.allow_loopback and is_this_machine(host) else "https"


def guarded(error: BaseException) -> bool:
    """Whether the guard stands behind an error: httpx and aiohttp wrap it, each in an error of its own."""
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        if isinstance(each, Guarded):
            return True
        seen.append(each)
        each = each.__cause__ or each.__context__
    return False


def _check_elsewhere(url: str, parts: SplitResult, port: int | None) -> None:
    if parts.scheme != "https":
        raise refused("scheme", url)
    if port not in (None, 443):
        raise refused("port", url)
    host = (parts.hostname or "").removesuffix(".")
    if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        literal = ":" in host or _DOTTED_QUAD.fullmatch(host)
        if not literal or not is_allowed(host, allow_loopback=False):
            raise refused("private-address", url)
    elif "." not in host or host.endswith(_PRIVATE_ZONES) or ".." in host or host.startswith("."):
        raise refused("host", url)


def _unwrapped(ip: IpAddress) -> IpAddress:
    """The address a packet would really go to."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.scope_id is not None:
        raise ValueError("zone")
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip
