"""PURE. Hosts as they are blocked: one spelling for each, and what a block covers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Set
from functools import lru_cache

from ada_url import URL

_USUAL_PORTS = ("", "80", "443")
_AUTHORITY = r"[a-z0-9.-]+(?::[0-9]+)?"
# Nearly every address is such: where its host ends is beyond doubt, and what comes after says nothing of it.
_USUAL = re.compile(rf"(?P<origin>https?://(?P<of_url>{_AUTHORITY}))(?:[/?#][!-~]*)?|(?P<alone>{_AUTHORITY})")


def normal(text: str) -> str:
    """The one spelling of a host: small letters, punycode, no trailing dot, no usual port; empty for what is none.

    `text` is a host with or without a port, or an address whose host is meant. Another port than 80 and 443 stays:
    on one machine each port may be a server of its own.
    """
    typed = text.strip()
    usual = _USUAL.fullmatch(typed)
    return _read(typed) if usual is None else _of_authority(usual["of_url"] or usual["alone"])


def origin(url: str) -> str | None:
    """Scheme, host and port of an address as they stand there, where nobody could read them differently; else None."""
    usual = _USUAL.fullmatch(url)
    return None if usual is None else usual["origin"]


@lru_cache(maxsize=4_096)
def _of_authority(authority: str) -> str:
    # Which scheme it was says nothing: the usual ports of both are left out.
    return _read(f"https://{authority}")


def _read(typed: str) -> str:
    try:
        parsed = URL(typed if "://" in typed else f"https://{typed}")
    except ValueError:
        return ""
    if parsed.protocol not in ("https:", "http:"):
        return ""
    host: str = parsed.hostname.rstrip(".")
    port: str = parsed.port
    if not host or len(host) > 255:
        return ""
    return host if port in _USUAL_PORTS else f"{host}:{port}"


def covers(blocked: Set[str], host: str) -> bool:
    """Whether a host, in its one spelling, is blocked: by itself, with any port, or below a blocked domain."""
    if not blocked or not host:
        return False
    name, port = split(host)
    return any(each in blocked or (port and f"{each}:{port}" in blocked) for each in _with_parents(name))


def split(host: str) -> tuple[str, str]:
    """The name of a host in its one spelling, and its port where that is an unusual one."""
    name, _, port = host.rpartition(":")
    return (name, port) if name and not host.endswith("]") else (host, "")


def is_address(name: str) -> bool:
    """Whether a host, without its port, is an IP address."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4_096)  # who speaks to us today spoke yesterday
def _with_parents(name: str) -> tuple[str, ...]:
    """A name and every domain above it; an IP address has none above it."""
    if is_address(name):
        return (name,)
    labels = name.split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels)))
