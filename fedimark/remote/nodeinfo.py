"""What another server says of itself: NodeInfo. (FEP-f1d5)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from fedimark.database import execute
from fedimark.errors import FedimarkError, Postponed
from fedimark.here import MICROS, here, now, put_last
from fedimark.remote import client, guard, peers
from fedimark.remote.fetch import check_status, read_json
from fedimark.remote.flights import together
from fedimark.vocab.reading import is_web_url
from fedimark.vocab.terms import Doc

FRESH: Final = 3_600 * MICROS
REFUSED_FOR: Final = 300 * MICROS

_JSON = "application/json"
_SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/2."
_LONGEST_NAME = 64
_LONGEST_TEMPLATE = 2_048
_MOST_KEPT = 1_000
_LEARNED = "UPDATE peer SET software = ?, software_at = ? WHERE host = ?"


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What a server runs, in lower case, and where it says that its tags are; each empty where it says nothing.

    Nothing of it is checked: that the template leads to that very server is for who uses it.
    """

    software: str = ""
    tag_template: str = ""


NOTHING: Final = NodeInfo()


async def ask(host: str) -> NodeInfo:
    """Ask a server now. Raises Unreachable, Untrustworthy, NotFound, Gone."""
    scheme = guard.scheme_of(host, here().settings)
    first = await _document(f"{scheme}://{host}/.well-known/nodeinfo")
    if isinstance(first.get("software"), dict):  # buzzrelay says all of it at once
        return _read(first)
    for href in _hrefs(first):
        # Nobody else says what this server runs.
        if urlsplit(href).netloc.lower() == host:
            return _read(await _document(href))
    return NOTHING


async def remembered(host: str) -> NodeInfo:
    """What a server said of itself within the last hour, else asked now; `NOTHING` of one that says nothing.

    Those who want it at one time ask once between them. For somebody who waits: who said nothing is left alone for five
    minutes. What it runs is kept for everybody.
    """
    kept: dict[str, tuple[int, NodeInfo]] = here().caches.setdefault("remote.nodeinfo", {})
    until, said = kept.get(host, (0, NOTHING))
    if until <= now():
        until, said = await together(f"nodeinfo {host}", lambda: _asked(host))
    put_last(kept, host, (until, said), _MOST_KEPT)
    return said


async def _asked(host: str) -> tuple[int, NodeInfo]:
    try:
        said = await ask(host)
    except Postponed:
        return now(), NOTHING
    except FedimarkError:
        return now() + REFUSED_FOR, NOTHING
    await peers.meet(f"https://{host}/")
    await execute(_LEARNED, said.software, now(), host)
    return now() + FRESH, said


def _read(document: Doc) -> NodeInfo:
    software, metadata = document.get("software"), document.get("metadata")
    name = software.get("name") if isinstance(software, dict) else None
    template = metadata.get("tagActorTemplate") if isinstance(metadata, dict) else None
    return NodeInfo(
        name.lower()[:_LONGEST_NAME] if isinstance(name, str) else "",
        template if isinstance(template, str) and len(template) <= _LONGEST_TEMPLATE else "",
    )


def _hrefs(document: Doc) -> Iterator[str]:
    links = document.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and str(link.get("rel")).startswith(_SCHEMA) and is_web_url(link.get("href")):
            yield link["href"]


async def _document(url: str) -> Doc:
    answer = await client.get(url, accept=_JSON, signer=None)
    check_status(answer)
    return read_json(answer)
