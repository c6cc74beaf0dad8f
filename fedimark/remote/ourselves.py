"""How this server looks from outside: its name, its certificate, and what answers at its address."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from fedimark.errors import FedimarkError
from fedimark.here import here
from fedimark.signatures.message import read_http_date

_PATIENCE_S = 10


@dataclass(frozen=True, slots=True)
class Answered:
    """What answered at an address of ours; `date` is its clock, in microseconds since 1970, None where it says none."""

    status: int
    location: str
    body: bytes
    date: int | None


async def names_of(host: str) -> list[str]:
    """The addresses that a host name leads to; raises OSError when it leads nowhere."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(each[4][0]) for each in found})


async def certificate_ends(host: str, port: int) -> datetime:
    """When the certificate ends that is shown there; raises OSError (ssl.SSLError is one) where it does not hold."""
    async with asyncio.timeout(_PATIENCE_S):
        _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context(), server_hostname=host)
    try:
        shown = writer.get_extra_info("peercert")
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
    finally:
        writer.close()


async def ask(path: str) -> Answered | str:
    """Ask this server's own base URL, the way others come; why it could not be asked, in a few words."""
    url = here().settings.base_url + path
    try:
        async with asyncio.timeout(_PATIENCE_S):
            answer = await here().http.get(url, follow_redirects=False, headers={"Accept": "text/html"})
    except (httpx.HTTPError, httpx.InvalidURL, FedimarkError, OSError, TimeoutError) as error:
        return f"{urlsplit(url).netloc} does not answer ({type(error).__name__})"
    said = read_http_date(answer.headers.get("date", ""))
    return Answered(answer.status_code, answer.headers.get("location", ""), answer.content[:100_000], said)
