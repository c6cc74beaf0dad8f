"""Pages that turn out to be one, and rules of what is one page that change: bookmarks move, and can move back."""

from __future__ import annotations

import pytest

from fedimark.bookmarks.links import is_settled, join, keep_apart, move_some, part
from fedimark.bookmarks.rows import link_of
from fedimark.database import execute, fetch_one, write
from fedimark.errors import NotFound
from fedimark.text import urls
from fedimark.text.works import page_of
from fedimark.timelines.savers import link_entry
from fedimark.timelines.stream import LinkStream, RecentStream
from tests.support.invariants import disagreements
from tests.support.savers import entries, look, remote_actor, remote_save, save, saver, urls_of

PAGE = "https://sqlite.org/wal.html"
OTHER = "https://www.sqlite.org/wal.html"
THIRD = "https://sqlite.org/draft/wal.html"


def hash_of(url: str) -> str:
    return urls.link_hash(page_of(url))


async def joined(url: str, other: str) -> bool:
    """Join two pages and let the worker move what it must; whether they could be joined."""
    async with write():
        could = await join((await link_of(url))["id"], (await link_of(other))["id"], "test")
    await moved()
    return could


async def parted(url: str) -> None:
    row = await fetch_one("SELECT id FROM link WHERE hash = ?", hash_of(url))
    assert row is not None
    async with write():
        await part(row["id"])
    await moved()


async def moved() -> None:
    """The worker's step, until nothing is left to move."""
    for _ in range(10):
        if not await move_some():
            return
    raise AssertionError("it never ends")


async def savers(url: str) -> int:
    """How many savers the page of an address has, asked by its own hash."""
    found = await look(LinkStream(hash_of(url)))
    return len(found.entries)


async def test_saves_of_a_page_and_its_alias_are_one_entry(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(ana, PAGE)
    await save(bo, OTHER)

    await joined(OTHER, PAGE)

    (entry,) = await entries(RecentStream())
    assert (entry.saver_count, entry.canonical) == (2, PAGE)
    assert await disagreements() == []


async def test_what_is_saved_later_under_an_alias_joins_at_once(server):
    await save(await saver("ana"), PAGE)
    await joined(OTHER, PAGE)

    await save(await saver("bo"), OTHER)
    await remote_save(await remote_actor("cy", "c.example"), 1, OTHER, saved_at=1_000_000)

    assert await savers(PAGE) == 3
    assert await disagreements() == []


async def test_parted_again_each_page_has_its_own(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(ana, PAGE)
    await save(bo, OTHER)
    await joined(OTHER, PAGE)
    await save(await saver("cy"), OTHER)

    await parted(OTHER)

    assert (await savers(PAGE), await savers(OTHER)) == (1, 2)
    assert await disagreements() == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_an_alias_of_an_alias_leads_to_the_end_in_whatever_order_they_join(server, order):
    for number, url in enumerate((PAGE, OTHER, THIRD)):
        await save(await saver(f"p{number}"), url)
    steps = ((THIRD, OTHER), (OTHER, PAGE))

    for number in order:
        await joined(*steps[number])
    assert await savers(PAGE) == 3
    await parted(OTHER)

    assert (await savers(PAGE), await savers(OTHER)) == (1, 2)
    assert await disagreements() == []


async def test_no_page_leads_to_itself_however_long_the_way(server):
    for number, url in enumerate((PAGE, OTHER, THIRD)):
        await save(await saver(f"p{number}"), url)
    assert await joined(PAGE, OTHER)
    assert await joined(OTHER, THIRD)

    assert not await joined(THIRD, PAGE)
    assert not await joined(PAGE, PAGE)

    assert await savers(THIRD) == 3


async def test_the_address_of_an_alias_leads_on(server):
    await save(await saver("ana"), OTHER)
    await joined(OTHER, PAGE)

    answer = await server.client.get(f"/url/{hash_of(OTHER)}")

    assert answer.headers["location"] == f"/url/{hash_of(PAGE)}"


async def test_papers_and_their_versions_are_one_page_without_being_asked(server):
    await save(await saver("ana"), "https://arxiv.org/pdf/1803.01814v2.pdf")
    await save(await saver("bo"), "https://arxiv.org/abs/1803.01814")

    (entry,) = await entries(RecentStream())

    assert (entry.url, entry.saver_count) == ("https://arxiv.org/pdf/1803.01814v2.pdf", 2)


async def _older_rule(url: str, page: str) -> None:
    """As if a page had been written by an older rule, under another address."""
    values = (urls.link_hash(page), page, hash_of(url))
    await execute("UPDATE link SET hash = ?, canonical = ?, canonical_version = 1 WHERE hash = ?", *values)


async def test_a_newer_rule_moves_what_was_saved_by_an_older_one(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(ana, PAGE, "db")
    old = f"{PAGE}?older"
    await _older_rule(PAGE, old)
    await save(bo, PAGE)
    assert len(await urls_of(RecentStream())) == 2

    await moved()

    (entry,) = await entries(RecentStream())
    assert (entry.saver_count, entry.canonical) == (2, PAGE)
    answer = await server.client.get(f"/url/{urls.link_hash(old)}")
    assert answer.headers["location"] == f"/url/{hash_of(PAGE)}"
    assert await disagreements() == []


async def test_a_page_saved_for_oneself_alone_moves_without_a_word(server):
    await save(await saver("ana"), PAGE, "", "private")
    old = f"{PAGE}?older"
    await _older_rule(PAGE, old)
    await save(await saver("bo"), PAGE)

    await moved()

    assert (await server.client.get(f"/url/{urls.link_hash(old)}")).status_code == 404
    assert await savers(PAGE) == 1
    assert await disagreements() == []


async def test_moving_again_changes_nothing(server):
    await save(await saver("ana"), OTHER)
    await joined(OTHER, PAGE)
    before = await fetch_one("SELECT * FROM bookmark")

    await execute("UPDATE link SET canonical_version = 0")
    await moved()

    assert await fetch_one("SELECT * FROM bookmark") == before
    with pytest.raises(NotFound):
        await look(LinkStream("0" * 40))
    entry, _ = await link_entry((await fetch_one("SELECT * FROM link WHERE hash = ?", hash_of(PAGE))) or {}, 0)
    assert entry.url == OTHER


async def test_what_a_page_said_of_itself_holds_under_a_newer_rule(server):
    await save(await saver("ana"), PAGE)
    await save(await saver("bo"), OTHER)
    await joined(OTHER, PAGE)
    await _older_rule(OTHER, f"{OTHER}?et_rid=1")

    await moved()
    await save(await saver("cy"), OTHER)

    assert await savers(PAGE) == 3
    assert await disagreements() == []


async def test_a_page_that_others_are_moves_with_them_under_a_newer_rule(server):
    await save(await saver("ana"), PAGE)
    await save(await saver("bo"), OTHER)
    await joined(OTHER, PAGE)
    await _older_rule(PAGE, f"{PAGE}?et_rid=1")

    await moved()

    assert await savers(PAGE) == 2
    assert await disagreements() == []


async def test_a_page_takes_its_name_along_under_a_newer_rule(server):
    await save(await saver("ana"), PAGE)
    await execute("UPDATE link SET title = 'Write-Ahead Logging' WHERE canonical = ?", PAGE)
    await _older_rule(PAGE, f"{PAGE}?et_rid=1")

    await moved()

    row = await fetch_one("SELECT title FROM link WHERE canonical = ?", PAGE)
    assert row == {"title": "Write-Ahead Logging"}


async def test_what_an_admin_parted_stays_so_under_a_newer_rule(server):
    await save(await saver("ana"), PAGE)
    async with write():
        await keep_apart((await link_of(PAGE))["id"])
    await _older_rule(PAGE, f"{PAGE}?et_rid=1")

    await moved()

    assert is_settled(await fetch_one("SELECT * FROM link WHERE canonical = ?", PAGE) or {})
