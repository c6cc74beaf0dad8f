"""What software another server runs, as its NodeInfo says: asked in the background, once a week. (FEP-f1d5)"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from fedimark.database import execute, fetch
from fedimark.errors import FedimarkError
from fedimark.here import MICROS, here, now
from fedimark.remote import client, guard
from fedimark.remote.fetch import check_status, read_json
from fedimark.vocab.reading import is_web_url
from fedimark.vocab.terms import Doc

_AT_ONCE = 5
_WEEK = 7 * 86_400 * MICROS
_DAY = 86_400 * MICROS
_JSON = "application/json"
_SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/2."
_LONGEST_NAME = 64

# What we never learned is asked again sooner.
_DUE = """
SELECT host FROM peer WHERE software_at <= ? AND (software_at <= ? OR software = '') ORDER BY software_at, id LIMIT ?
"""
_ASKED = "UPDATE peer SET software_at = ? WHERE host = ?"
_LEARNED = "UPDATE peer SET software = ?, software_at = ? WHERE host = ?"


async def learn_software() -> int:
    """Ask the servers we met and know nothing or too little of; returns how many were asked. A step of the worker."""
    due = await fetch(_DUE, now() - _DAY, now() - _WEEK, _AT_ONCE)
    for row in due:
        # Written before asking: a server that kills the worker must not be asked for ever.
        await execute(_ASKED, now(), row["host"])
        try:
            name = await software_of(row["host"])
        except FedimarkError:
            continue
        await execute(_LEARNED, name, now(), row["host"])
    return len(due)


async def software_of(host: str) -> str:
    """The software a server's NodeInfo names, in lower case; empty when it names none.

    Raises Unreachable, Untrustworthy, NotFound, Gone.
    """
    scheme = guard.scheme_of(host, here().settings)
    links = await _document(f"{scheme}://{host}/.well-known/nodeinfo")
    for href in _hrefs(links):
        # Nobody else says what this server runs.
        if urlsplit(href).netloc.lower() == host:
            software = (await _document(href)).get("software")
            name = software.get("name") if isinstance(software, dict) else None
            return name.lower()[:_LONGEST_NAME] if isinstance(name, str) else ""
    return ""


def _hrefs(document: Doc) -> Iterator[str]:
    links = document.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and str(link.get("rel")).startswith(_SCHEMA) and is_web_url(link.get("href")):
            yield link["href"]


async def _document(url: str) -> Doc:
    answer = await client.get(url, accept=_JSON, signer=None)
    check_status(answer)
    return read_json(answer)
