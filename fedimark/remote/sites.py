"""PURE. Whether two addresses are of one site."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def same_site(one: str, other: str) -> bool:
    """Whether two URLs are of one site: the same host and port, or one host below the other.

    Narrower than "one registrable domain", which needs the list of public suffixes: two siblings are two sites.
    """
    first, second = urlsplit(one), urlsplit(other)
    if first.scheme != second.scheme:
        return False
    if first.netloc.lower() == second.netloc.lower():
        return True
    a, b = first.hostname or "", second.hostname or ""
    if first.port != second.port or _is_address(a) or _is_address(b):
        return False
    return a.endswith(f".{b}") or b.endswith(f".{a}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
