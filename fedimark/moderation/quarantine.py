"""Letting servers in that nobody here chose yet: by an admin, and for everybody the bookmarks that waited."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from fedimark.bookmarks.incoming import consents, follow_consent
from fedimark.bookmarks.recognise import BOOKMARK_SERVERS
from fedimark.database import Row, atomically, fetch, fetch_one, marks
from fedimark.errors import NotFound, Refused
from fedimark.jobs import queue
from fedimark.language.said import _
from fedimark.policy import hosts, quarantine
from fedimark.remote.sites import registrable_domain

JOB = quarantine.JOB

MOST = 200  # hosts in a list

_PEOPLE = 500  # looked at in one statement
_BOOKMARKS = 200  # brought onto public pages in one transaction: other writers wait for it
_OF_SITE = "SELECT id, uri FROM actor WHERE uri IS NOT NULL AND site = ? AND id > ? ORDER BY id LIMIT ?"
_AUTHOR = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL AND suspended_at IS NULL"
# Read from the index that holds only bookmarks that might stand on public pages and do not.
_WAITING = """
SELECT a.uri, a.indexable, w.amount FROM (
    SELECT actor_id, count(*) AS amount FROM bookmark
    WHERE NOT is_local AND is_save AND visibility = 3 AND removed_at IS NULL AND NOT listed GROUP BY actor_id) w
JOIN actor a ON a.id = w.actor_id
"""
_SHUT_OUT = "SELECT host, software, seen_at FROM peer WHERE let_in_at IS NULL AND host IN ({hosts})"
_KNOWN = "SELECT let_in_at FROM peer WHERE host = ?"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A host in quarantine, and how many bookmarks from there would stand on public pages without it."""

    host: str
    bookmarks: int


async def waiting() -> list[Waiting]:
    """The hosts in quarantine from which bookmarks wait, most first."""
    willing: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for row in await fetch(_WAITING):
        (willing if row["indexable"] else others)[quarantine.host_of(row["uri"])] += int(row["amount"])
    found = []
    for host, software in (await _shut_out(sorted(willing.keys() | others.keys()))).items():
        amount = willing[host] + (others[host] if software in BOOKMARK_SERVERS else 0)
        found.append(Waiting(host, amount))
    return sorted((each for each in found if each.bookmarks), key=lambda each: (-each.bookmarks, each.host))[:MOST]


async def let_in(typed: str) -> str:
    """End a host's quarantine by an admin's word; returns the host.

    Raises Refused for the field `host`, NotFound for one that is not known here or was let in before.
    """
    host = "" if "@" in typed else hosts.normal(typed.strip())
    if not host:
        raise Refused("Give a host like marks.example.", field="host")
    known = await fetch_one(_KNOWN, host)
    if known is None or known["let_in_at"] is not None:
        raise NotFound(_("%(host)s is not in quarantine.", host=host))
    await atomically(lambda: quarantine.let_in(f"https://{host}/"))
    return host


async def bring_in(job: Row) -> None:
    """The worker's part: bring what is known from a host onto public pages, as far as its authors allow.

    Done twice as well as once; people are gone through by number, so those who come meanwhile are let in already.
    """
    host, last, brought = json.loads(job["payload"])["host"], 0, 0
    while people := await fetch(_OF_SITE, registrable_domain(host)[:255], last, _PEOPLE):
        for person in people:
            if quarantine.host_of(person["uri"]) == host:
                brought += await _bring(person["id"])
                await queue.progress(job["id"], brought)
        last = people[-1]["id"]
    await queue.finish(job["id"], {"bookmarks": brought})


async def _bring(actor_id: int) -> int:
    """All of one author's, some at a time; how many."""
    brought = 0

    async def some() -> int:
        author = await fetch_one(_AUTHOR, actor_id)
        # Onto pages, never off them: what stands there by the word of its own Note stays.
        agrees = author is not None and await consents(author)
        return await follow_consent(author, _BOOKMARKS) if author is not None and agrees else 0

    while changed := await atomically(some):
        brought += changed
    return brought


async def _shut_out(names: list[str]) -> dict[str, str]:
    """Which of these hosts are in quarantine, with the software they run."""
    found: dict[str, str] = {}
    for start in range(0, len(names), _PEOPLE):
        some = names[start : start + _PEOPLE]
        for row in await fetch(_SHUT_OUT.format(hosts=marks(len(some))), *some):
            found[row["host"]] = row["software"].lower()
    return found
