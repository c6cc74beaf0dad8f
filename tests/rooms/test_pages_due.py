"""Which pages are to be read, and when: those that somebody shows everybody, a minute later, once a day at most."""

from __future__ import annotations

import pytest

from fedimark.bookmarks.looking import LOOK_AFTER, LOOK_AGAIN
from fedimark.database import execute, fetch_one
from fedimark.here import MICROS, entered
from tests.support.savers import edit, remote_actor, remote_save, save, saver

PAGE = "https://sqlite.org/wal.html"


@pytest.fixture
async def server(fleet):
    """A server that reads pages."""
    server = await fleet.server("a.example", read_pages="true")
    async with entered(server.here):
        yield server


async def due() -> int | None:
    """When the page is to be read."""
    row = await fetch_one("SELECT look_at FROM link WHERE canonical = ?", PAGE)
    assert row is not None
    return row["look_at"]


async def test_a_page_that_somebody_shows_everybody_is_read_a_minute_later(server, clock):
    ana = await saver("ana")

    await save(ana, PAGE)

    at = await due()
    assert at is not None
    assert at > clock.micros + LOOK_AFTER - 1 * MICROS


@pytest.mark.parametrize("visibility", ["private", "followers", "unlisted"])
async def test_a_page_that_not_everybody_may_see_is_not_read(server, visibility):
    await save(await saver("ana"), PAGE, "", visibility)

    assert await due() is None


async def test_it_is_read_once_it_is_shown_to_everybody(server):
    ana = await saver("ana")
    saved = await save(ana, PAGE, "", "private")

    await edit(ana, saved.public_id, PAGE, "", "public")

    assert await due() is not None


async def test_what_others_save_is_read_only_where_everybody_may_see_it(server):
    cy = await remote_actor("cy", "c.example")
    await remote_save(cy, 1, PAGE, saved_at=1, listed=False)
    assert await due() is None

    await remote_save(cy, 2, PAGE, saved_at=2)

    assert await due() is not None


async def test_more_saves_do_not_put_it_off(server, clock):
    await save(await saver("ana"), PAGE)
    at = await due()
    clock.forward(seconds=30)

    await save(await saver("bo"), PAGE)

    assert await due() == at


async def test_a_page_read_today_is_not_read_again_and_one_of_yesterday_is(server, clock):
    await save(await saver("ana"), PAGE)
    await execute("UPDATE link SET look_at = NULL, looked_at = ?", clock.micros)

    await save(await saver("bo"), PAGE)
    assert await due() is None
    clock.forward(seconds=LOOK_AGAIN // MICROS + 1)
    await save(await saver("cy"), PAGE)

    assert await due() is not None


async def test_a_server_told_not_to_reads_none(fleet):
    server = await fleet.server("b.example", read_pages="false")
    async with entered(server.here):
        await save(await saver("ana"), PAGE)

        assert await due() is None
