"""Whose request it is, as far as the connection tells. What a trusted proxy says is put in by the server below."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

# The first that is found: Edge says Chrome too, Chrome says Safari, Android says Linux.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def address_of(request: Request) -> str:
    """The client's address as text, empty when there is none (a Unix socket)."""
    return request.client.host if request.client else ""


def neighbourhood(request: Request) -> str:
    """What throttles count as one visitor: an IPv4 address, or the /64 an IPv6 line is given."""
    try:
        address = ipaddress.ip_address(address_of(request).partition("%")[0])
    except ValueError:
        return address_of(request)
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def browser_of(request: Request) -> str:
    """The browser and the system by their names, as a list of sessions shows them: `Firefox on Linux`."""
    agent = request.headers.get("user-agent", "")
    browser = next((name for mark, name in _BROWSERS if mark in agent), agent.partition("/")[0][:40])
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if browser and system else browser


def is_at_this_machine(request: Request) -> bool:
    """Whether somebody at this very machine asks, by one of its loopback names.

    The name counts too: a page from elsewhere whose name is made to point here comes from loopback as well.
    """
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:  # `[`
        return False
    return _is_loopback(address_of(request)) and (name == "localhost" or _is_loopback(name))


def _is_loopback(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
