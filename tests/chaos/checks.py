"""What must hold once the queues are empty: every promise, each thing once, nothing half, nothing stuck."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from fedimark.accounts.queries import viewer_by_name
from fedimark.cli import network_of
from fedimark.database import fetch
from tests.chaos.model import Page, Words
from tests.chaos.people import Person, state_of, words_of
from tests.chaos.recorder import PUBLIC
from tests.support.invariants import disagreements

if TYPE_CHECKING:
    from tests.chaos.site import Site
    from tests.chaos.world import World

T = TypeVar("T")
Promised = dict[tuple[str, str], Words]  # of a saver's id and an address

_PATIENCE_S = 240.0  # guards against hanging, nothing else
_WAITING = {
    "received": "SELECT kind, tries, outcome FROM received_activity WHERE applied_at IS NULL",
    "deliveries": "SELECT inbox, tries, last_error, next_at, lease_until FROM delivery WHERE dead_at IS NULL",
    "tellings": "SELECT bookmark_id, tries, error, next_at FROM telling WHERE set_aside_at IS NULL",
    "removals": "SELECT url, removed_at FROM bookmark WHERE removed_at IS NOT NULL",
    "jobs": "SELECT kind, state, tries FROM job WHERE ended_at IS NULL",
}
_NEVER = {
    "dead deliveries": "SELECT inbox, tries, last_error FROM delivery WHERE dead_at IS NOT NULL",
    "set aside": "SELECT kind, outcome FROM received_activity WHERE outcome LIKE 'poison%' OR outcome = 'unreachable'",
    "never told": "SELECT bookmark_id, error FROM telling WHERE set_aside_at IS NOT NULL",
    "failed jobs": "SELECT kind, report FROM job WHERE state = 'failed'",
}
_BOOKMARKS = "SELECT b.*, a.uri AS author, a.local_name FROM bookmark b JOIN actor a ON a.id = b.actor_id"
_FOLLOWS = """
SELECT COALESCE(r.uri, r.local_name) AS reader, COALESCE(t.uri, t.local_name) AS target, f.state
FROM follow f JOIN actor r ON r.id = f.follower_id JOIN actor t ON t.id = f.target_id
"""
_TABLES = ("received_activity", "activity", "delivery", "reach", "telling", "bookmark", "follow", "tombstone", "job")
_LOOKS = 3  # in a row: what travels between two servers may be seen at neither of them once


async def until(holds: Callable[[], Awaitable[T | None]], what: str) -> T:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (answer := await holds()):
        assert time.monotonic() < deadline, f"in vain for {_PATIENCE_S} s: {what}"
        await asyncio.sleep(0.1)
    return answer


async def quiet(world: World) -> None:
    """Wait until nothing waits anywhere; raises AssertionError with what is stuck."""
    deadline, looks = time.monotonic() + _PATIENCE_S, 0
    while looks < _LOOKS:
        waiting = {site.name: await _found(site, _WAITING) for site in world.sites}
        looks = 0 if any(waiting.values()) else looks + 1
        assert time.monotonic() < deadline, f"stuck: {waiting}"
        await asyncio.sleep(0.05)


async def everything(world: World) -> None:
    """Compare both databases, three timelines and the third server's letters with what was promised."""
    a, b = world.sites
    of_ana, of_bo = _seen(world, world.ana), _seen(world, world.bo)
    of_rec = {(world.recorder.uri, page.url): page.state.live for page in world.rec.pages if page.state.live}
    for site, elsewhere in ((a, of_bo), (b, of_ana | of_rec)):
        async with site.inside():
            assert await disagreements() == [], site.name
            await _stands(world, site, elsewhere)
        assert (wrong := await _found(site, _NEVER)) == {}, f"{site.name}: {wrong}"
    await followed(world)
    await _read(world, of_ana, of_bo, of_rec)
    _heard(world, of_ana)


async def followed(world: World) -> None:
    """Who follows whom, as both sides must have it."""
    ana, bo, cy, rec = world.ana.uri, world.bo.uri, world.cy.person.uri, world.recorder.uri
    between = {(ana, bo), (bo, ana)} | ({(cy, ana)} if world.cy.follows else set())
    to_ana = between | {(rec, ana)} | {(each, ana) for each in world.joined}
    for site, pairs in ((world.sites[0], to_ana), (world.sites[1], between | {(bo, rec)})):
        async with site.inside():
            rows = await fetch(_FOLLOWS)
        named = [
            [site.url + "/u/" + each if "/" not in each else each for each in (r["reader"], r["target"])] for r in rows
        ]
        found = sorted((*pair, row["state"]) for pair, row in zip(named, rows, strict=True))
        assert found == sorted((*pair, "accepted") for pair in pairs), f"{site.name}: {found}"


def sent_again(world: World) -> int:
    """How many letters the third server got more than once, with their repeats."""
    return len(world.recorder.letters) - len({json.loads(body)["id"] for body in world.recorder.letters})


async def rows(site: Site) -> str:
    """Everything a server knows that a promise may hang on, a row a line."""
    async with site.inside():
        found = {table: await fetch(f"SELECT * FROM {table} ORDER BY id") for table in _TABLES}
    told = [{"table": table, **row} for table, rows in found.items() for row in rows]
    return "".join(json.dumps(each, default=str) + "\n" for each in told)


async def _found(site: Site, questions: dict[str, str]) -> dict[str, Any]:
    async with site.inside():
        found = {name: await fetch(sql) for name, sql in questions.items()}
    return {name: rows for name, rows in found.items() if rows}


def _seen(world: World, person: Person) -> Promised:
    """What followers have of somebody."""
    live = {page.url: page.state.live for page in world.pages_of(person)}
    return {(person.uri, url): words for url, words in live.items() if words and words.is_seen_elsewhere}


async def _stands(world: World, site: Site, elsewhere: Promised) -> None:
    """Every bookmark of people here as promised to them, every one of others as it is there, and none besides."""
    rows = await fetch(_BOOKMARKS)
    for person in world.people:
        if person.site is site:
            own = [row for row in rows if row["local_name"] == person.name]
            _kept(own, world.pages_of(person))
    copies = [row for row in rows if not row["is_local"]]
    found = {(row["author"], row["url"]): words_of(row, own=False) for row in copies}
    wanted = {key: Words(words.version, words.visibility) for key, words in elsewhere.items()}
    assert found == wanted, f"{site.name} holds of others {_difference(found, wanted)}"
    assert len(copies) == len(found), f"{site.name} holds something twice"


def _kept(own: list[Any], pages: list[Page]) -> None:
    for page in pages:
        state = state_of([row for row in own if row["url"] == page.url])
        assert state.words == page.state.live, f"{page.url}: is {state}, was promised as {page.state}"
    assert {row["url"] for row in own} <= {page.url for page in pages}


async def _read(world: World, of_ana: Promised, of_bo: Promised, of_rec: Promised) -> None:
    """The timelines: one entry a page, with exactly its savers."""
    of_cy = of_ana if world.cy.follows else {}
    pages = {url for _, url in of_cy}
    # Whoever saved it in public stands beside who is followed.
    beside = [key for key, words in of_bo.items() if key[1] in pages and words.visibility == "public"]
    shown = {
        world.ana: [*_own(world, world.ana), *of_bo],
        world.bo: [*_own(world, world.bo), *of_ana, *of_rec],
        world.cy.person: [*of_cy, *beside],
    }
    handles = {person.uri: person.handle for person in world.people}
    handles[world.recorder.uri] = f"rec@{world.recorder.host}"
    for person, saved in shown.items():
        wanted: dict[str, list[str]] = {}
        for uri, url in saved:
            wanted.setdefault(url, []).append(handles[uri])
        async with person.site.inside():
            viewer = await viewer_by_name(person.name)
            assert viewer is not None
            entries = await network_of(viewer)
        found = {entry["canonical"]: sorted(entry["savers"]) for entry in entries}
        wanted = {url: sorted(savers) for url, savers in wanted.items()}
        assert found == wanted, f"{person.name}'s timeline: {_difference(found, wanted)}"
        assert len(entries) == len(found), f"{person.name}'s timeline shows a page twice"


def _own(world: World, person: Person) -> list[tuple[str, str]]:
    return [(person.uri, page.url) for page in world.pages_of(person) if page.state.live]


def _heard(world: World, of_ana: Promised) -> None:
    """The third server's letters: what came again came with the same bytes, and all of them together tell the truth."""
    first: dict[str, bytes] = {}
    for body in world.recorder.letters:
        letter_id = json.loads(body)["id"]
        assert first.setdefault(letter_id, body) == body, f"{letter_id} was said in other words the second time"
    accepted = [each["object"] for each in map(json.loads, first.values()) if each["type"] == "Accept"]
    followers = sorted(each if isinstance(each, str) else each["id"] for each in accepted)
    wanted_ids = sorted([f"{world.recorder.uri}/follows/1", *(f"{each}/follows/1" for each in world.joined)])
    assert followers == wanted_ids, f"of {wanted_ids} were accepted {followers}"
    notes: dict[str, tuple[str, Words]] = {}
    for document in map(json.loads, first.values()):
        said = document.get("object")
        if document["type"] in ("Create", "Update"):
            notes[said["id"]] = _words_said(said)
        elif document["type"] == "Delete":
            notes.pop(said if isinstance(said, str) else said["id"], None)
    found = Counter(notes.values())
    wanted = Counter((url, Words(words.version, words.visibility)) for (_, url), words in of_ana.items())
    assert found == wanted, f"the third server was told too much {found - wanted}, too little {wanted - found}"


def _words_said(note: dict[str, Any]) -> tuple[str, Words]:
    reach = "public" if PUBLIC in note["to"] else "unlisted" if PUBLIC in note["cc"] else "followers"
    version = int(note["nameMap"]["en"].removeprefix("Version "))
    words = Words(version, reach)
    assert words.description in note["content"], f"not whole: {note}"
    return note["attachment"][0]["href"], words


def _difference(found: dict[Any, Any], wanted: dict[Any, Any]) -> str:
    keys = [key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key)]
    return "; ".join(f"{key}: {found.get(key)}, should be {wanted.get(key)}" for key in sorted(keys, key=repr))
