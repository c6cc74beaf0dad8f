"""Which server the command line speaks for: the one that is configured, else the one that was tried out here."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from fedimark.settings import BadSettings, Settings, read


def names_itself(settings: Settings) -> bool:
    """Whether somebody said what the base URL is."""
    return "FEDIMARK_BASE_URL" in os.environ or settings.base_url != Settings().base_url


def serving_settings(host: str, port: int | None) -> Settings:
    """Settings to serve with at an address; without a base URL set, it is that address, on this machine only."""
    settings = read(os.environ)
    if names_itself(settings):
        return settings
    if not _is_loopback(host):
        raise BadSettings(f"set FEDIMARK_BASE_URL to the address people use, to serve on {host}")
    name = f"[{host}]" if ":" in host else host
    return tried_out(f"http://{name}:{port or port_of(settings)}")


def tried_out(base_url: str, handle_domain: str | None = None) -> Settings:
    """Settings of a server that nobody named: on this machine only, where loopback addresses may be reached."""
    settings = read(os.environ, base_url=base_url, handle_domain=handle_domain)
    if "FEDIMARK_ALLOW_LOOPBACK" in os.environ or not settings.is_loopback:
        return settings
    return read(os.environ, base_url=base_url, handle_domain=handle_domain, allow_loopback=True)


def port_of(settings: Settings) -> int:
    """The base URL's port; behind a proxy that speaks https, 8000."""
    base = urlsplit(settings.base_url)
    return (base.port or 80) if base.scheme == "http" else 8000


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
