"""Everything that can be seen on a server, as values that two servers of one mind have alike.

Lines of one and the same second may stand in any order, and so may savers of one moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fedimark.database import fetch
from fedimark.errors import NotFound
from fedimark.here import MICROS, here
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.timelines.amounts import counted
from fedimark.timelines.entries import Entry
from fedimark.timelines.link import tags_of
from fedimark.timelines.queries import find, page, related, whole_network
from fedimark.timelines.savers import link_entry
from fedimark.timelines.stream import (
    PERIODS,
    LinkStream,
    NetworkStream,
    PopularStream,
    RecentStream,
    Stream,
    TagStream,
)
from tests.convergence.documents import uri_of
from tests.convergence.histories import UNDATED, History
from tests.support.invariants import disagreements

Seen = dict[str, Any]

_SHARES = """
SELECT a.uri AS sharer, s.object_hash, s.uri, s.shared_at, b.uri AS bookmark
FROM share s JOIN actor a ON a.id = s.actor_id JOIN bookmark b ON b.id = s.bookmark_id
"""
_SAVERS = "SELECT canonical, savers, sites FROM link WHERE savers > 0 OR sites > 0"
_TALLIES = """
SELECT COALESCE(a.username, '') AS owner, COALESCE(g.key, '') AS tag, t.visibility, t.amount
FROM tally t LEFT JOIN actor a ON a.id = t.owner_id LEFT JOIN tag g ON g.id = t.tag_id
WHERE t.amount <> 0 AND t.tag_id >= 0
"""
_ROWS = """
SELECT b.uri, b.page_url, b.url, b.title, b.description, b.tags, b.visibility, b.listed, b.is_save, b.via, b.saved_at
FROM bookmark b WHERE NOT b.is_local
"""


async def seen(viewers: Sequence[Viewer | None]) -> Seen:
    """What strangers (None) and readers see, and what is counted; raises where rows do not agree with each other."""
    assert await disagreements() == []
    keys = [row["key"] for row in await fetch("SELECT key FROM tag ORDER BY key")]
    links = await fetch("SELECT hash, canonical FROM link ORDER BY canonical")
    found: Seen = {}
    for viewer in viewers:
        name = viewer.username if viewer else "a stranger"
        for key in keys:
            found[f"{name}: /t/{key}"] = await _stream(TagStream((key,)), viewer)
        found[f"{name}: /t/sql,db"] = await _stream(TagStream(("sql", "db")), viewer)
        for link in links:
            found[f"{name}: {link['canonical']}"] = await _link(link["hash"], viewer)
        for is_here in (True, False):
            found[f"{name}: recent {is_here}"] = await _stream(RecentStream(here=is_here), viewer)
        if viewer is not None:
            found[f"{name}: network"] = await _stream(NetworkStream(), viewer)
            found[f"{name}: whole network"] = _lines(await whole_network(viewer))
    for period in PERIODS:
        found[f"popular {period}"] = await _stream(PopularStream(period), None)
    found["popular sql"] = await _stream(PopularStream("day", ("sql",)), None)
    found["savers"] = {row["canonical"]: (row["savers"], row["sites"]) for row in await fetch(_SAVERS)}
    found["tallies"] = {(r["owner"], r["tag"], r["visibility"]): r["amount"] for r in await fetch(_TALLIES)}
    found["shares"] = sorted(tuple(row.values()) for row in await fetch(_SHARES))
    found["ends"] = sorted(row["uri_hash"] for row in await fetch("SELECT uri_hash FROM tombstone"))
    for row in await fetch(_ROWS):
        found[f"row of {row['uri']}"] = row | {"saved_at": _moment(row["url"], row["saved_at"])}
    return found


def mistakes(found: Seen, history: History) -> list[str]:
    """What the rows hold that is not as its own server has it."""
    wrong = []
    for note, version in history.wanted().items():
        row = found.get(f"row of {uri_of(note)}")
        held = row and (row["url"], Visibility(row["visibility"]).word, row["is_save"])
        wanted = version and (version.url, version.reach, version.kind == "bookmark")
        if version is not None and row is not None and note[0] != "bo":
            held = (*held, row["title"], row["description"], row["tags"])
            wanted = (*wanted, version.title or version.url, version.description, " ".join(version.tags))
        if held != wanted:
            wrong.append(f"{uri_of(note)} is {held}, should be {wanted}")
    return wrong


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two servers are of another mind."""
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys(), key=str)
        return [line for key in keys for line in differences(one.get(key), other.get(key), f"{where} {key}")]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for number, pair in pairs for line in differences(*pair, f"{where}[{number}]")]
    return [f"{where}: {one!r}\n   against {other!r}"]


async def _stream(stream: Stream, viewer: Viewer | None) -> Any:
    found = await find(stream, viewer)
    try:
        lines = _lines((await page(found, None, 100)).entries)
    except NotFound:
        return None
    known = await counted(found)
    return lines, known.amount, _by_month(known.months), await related(found)


def _by_month(said: str) -> dict[str, int]:
    """How many are of each month, which come in no order."""
    months: Counter[str] = Counter()
    for word in said.split():
        month, _, by = word.partition(":")
        months[month] += int(by)
    return {month: amount for month, amount in months.items() if amount}


async def _link(link_hash: str, viewer: Viewer | None) -> Any:
    found = await find(LinkStream(link_hash), viewer)
    try:
        shown = await page(found, None, 100)
    except NotFound:
        return None
    assert found.link is not None
    head, first = await link_entry(found.link, found.viewer_id)
    first_at = first and _moment(head.url, first.at)
    return _line(head), first and (first.person.handle, first_at), await tags_of(found), _lines(shown.entries)


def _lines(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return sorted(map(_line, entries), key=lambda line: (-line["at"], line["canonical"], repr(line)))


def _moment(url: str, at: int) -> int:
    """To the second; of what bears no date it is when we heard of it, and that is as it is."""
    return 0 if url.startswith(UNDATED) else at // MICROS


def _line(entry: Entry) -> dict[str, Any]:
    is_ours = not entry.saver.host or entry.saver.host == here().settings.host
    return {
        "canonical": entry.canonical,
        "url": entry.url,
        "title": entry.title,
        "description": entry.description,
        "tags": entry.tags,
        "at": _moment(entry.url, entry.at),
        "saved_at": _moment(entry.url, entry.saved_at),
        "saver": entry.saver.handle,
        "others": [person.handle for person in entry.others],
        "counts": (entry.saver_count, entry.site_count),
        "permalink": "here" if is_ours else entry.permalink,
        "is_mention": entry.is_mention,
        "own": entry.own is not None,
        "copied from": entry.source and entry.source.href,
    }
