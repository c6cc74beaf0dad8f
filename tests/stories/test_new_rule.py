"""A newer version of what is one page: bookmarks move while people read, and no page is down or short meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

from fedimark import worker
from fedimark.bookmarks.links import move_some
from fedimark.database import execute, fetch, fetch_one
from fedimark.here import entered
from fedimark.text.urls import link_hash
from fedimark.text.works import PAGES_VERSION, page_of
from tests.support.invariants import disagreements
from tests.support.people import Person
from tests.support.server import Server

PAPERS = [f"https://arxiv.org/abs/math/03091{number:02}" for number in range(12)]
# As rules before this one wrote them: a class in the number, escapes as they came, a tracker or a session nobody knew.
OLDER = {
    "https://arxiv.org/abs/math.GT/0309100": PAPERS[0],
    "https://en.wikipedia.org/wiki/Mercury_%28planet%29": "https://en.wikipedia.org/wiki/Mercury_(planet)",
    "https://example.org/news?wt_zmc=feed": "https://example.org/news",
    "https://example.org/shelf;jsessionid=1A2B3C": "https://example.org/shelf",
}


async def _written_by_an_older_rule(server: Server) -> None:
    """Let the links of a server be as an older version left them, under the addresses of its rule."""
    async with entered(server.here):
        for older, page in OLDER.items():
            row = await fetch_one("SELECT id FROM link WHERE canonical = ?", page)
            assert row is not None
            await execute("UPDATE link SET hash = ?, canonical = ? WHERE id = ?", link_hash(older), older, row["id"])
        await execute("UPDATE link SET canonical_version = 101")


async def _lines(person: Person, path: str) -> int:
    """How many entries a page shows."""
    answer = await person.browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text.count('class="entry h-entry')


async def test_bookmarks_move_under_a_newer_rule_while_every_page_is_drawn(fleet: Any) -> None:
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    for url in (*PAPERS, *OLDER):
        await ana.save(url, title="One", tags="x")
    await fleet.settle()
    server = fleet.servers["a.example"]
    paths = ("/recent", "/u/ana", "/t/x", "/u/ana/t/x", "/network")
    before = {path: await _lines(ana, path) for path in paths}
    assert min(before.values()) == len(PAPERS) + len(OLDER) - 1
    await _written_by_an_older_rule(server)

    drawn, is_moving, all_drawn = 0, True, asyncio.Event()

    async def move() -> None:
        nonlocal is_moving
        async with entered(server.here):
            while await move_some():
                all_drawn.clear()  # every page is drawn between two of its steps, and while one goes on
                await all_drawn.wait()
        is_moving = False

    moving = asyncio.create_task(move())
    while is_moving:
        for path in paths:
            # Two bookmarks of one page move one after the other, and are two entries for that moment.
            assert before[path] <= await _lines(ana, path) <= before[path] + 1
        for older in OLDER:
            answer = await ana.browser.get(f"/url/?url={older}", follow_redirects=True)
            assert answer.status_code in (200, 404), older
        drawn += 1
        all_drawn.set()
        await asyncio.sleep(0)  # pages that are kept wait for nothing, and would let nobody else go on
    await moving

    assert drawn > 1
    assert {path: await _lines(ana, path) for path in paths} == before
    async with entered(server.here):
        assert await fetch(f"SELECT id FROM link WHERE canonical_version < {PAGES_VERSION}") == []
        assert await disagreements() == []
    for older, page in OLDER.items():
        answer = await ana.browser.get(f"/url/{link_hash(older)}")
        assert answer.headers["location"] == f"/url/{link_hash(page_of(page))}"


async def test_a_server_killed_while_bookmarks_move_goes_on_where_it_was(fleet: Any) -> None:
    ana = await fleet.person("ana@a.example")
    for url in (*PAPERS, *OLDER):
        await ana.save(url)
    server = fleet.servers["a.example"]
    await _written_by_an_older_rule(server)
    async with entered(server.here):
        for _ in range(5):
            assert await move_some()

    await worker.settle(server.here)

    async with entered(server.here):
        assert await fetch(f"SELECT id FROM link WHERE canonical_version < {PAGES_VERSION}") == []
        assert await disagreements() == []
