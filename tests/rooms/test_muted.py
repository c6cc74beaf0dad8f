"""A restored or copied server says nothing and asks nobody, tells its admins, and goes on when they say so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fedimark import worker
from fedimark.accounts import first
from fedimark.database import execute, fetch, fetch_one, is_sqlite, write
from fedimark.delivery.enqueue import say
from fedimark.here import entered, here
from fedimark.keeping import place, waiting
from fedimark.policy import muted

PAGE = "https://sqlite.org/"


@pytest.fixture
async def pair(fleet):
    """Ana of a.example, whom Bo of b.example follows."""
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    return ana, bo


async def work(fleet) -> None:
    """Run every worker a few times; what a muted server has to say is still due after that."""
    for _ in range(4):
        for server in fleet.servers.values():
            await server.settle()


async def mark() -> dict[str, str]:
    return {row["name"]: row["value"] for row in await fetch("SELECT name, value FROM fact")}


def mark_file() -> Path:
    return Path(here().settings.data_dir) / place.MARK


async def start_again() -> muted.Muted | None:
    """What the next start of this server does."""
    await first.prepare(here().settings)
    here().caches.pop("policy.muted", None)
    return await muted.muted()


async def test_a_muted_server_sends_nothing_until_it_speaks_again(fleet, pair):
    ana, bo = pair
    a = ana.server.here
    async with entered(a):
        await muted.mute(muted.RESTORED)
    fleet.network.requests.clear()

    await ana.save(PAGE, title="SQLite", tags="sql")
    await bo.save("https://example.org/", title="Something")
    await work(fleet)

    assert [str(request.url) for request in fleet.network.requests if request.url.host != "a.example"] == []
    assert [seen.url for seen in await bo.timeline()] == ["https://example.org/"]

    async with entered(a):
        await muted.unmute()
    await fleet.settle()

    assert {seen.url for seen in await bo.timeline()} == {PAGE, "https://example.org/"}


async def test_a_muted_server_takes_in_what_others_say_and_answers_later(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    async with entered(ana.server.here):
        await muted.mute(muted.COPIED)

    await bo.follow(ana)
    await work(fleet)

    async with entered(bo.server.here):
        states = [row["state"] for row in await fetch("SELECT state FROM follow")]
    async with entered(ana.server.here):
        known = await fetch("SELECT id FROM follow")
        await muted.unmute()
    assert (states, len(known)) == (["requested"], 1)

    await fleet.settle()

    async with entered(bo.server.here):
        assert [row["state"] for row in await fetch("SELECT state FROM follow")] == ["accepted"]


async def test_every_step_that_leads_abroad_is_one_of_the_loop_and_rests(server):
    assert worker.STEPS.keys() > worker.ABROAD

    async def far() -> int:
        return 1

    steps = dict.fromkeys(worker.STEPS, far)
    await muted.mute(muted.ASKED)

    did = {name for name in steps if await worker.do(name, steps)}

    assert did == worker.STEPS.keys() - worker.ABROAD


async def test_admins_read_on_every_page_that_it_is_muted_and_nobody_else_does(server):
    ada = await server.sign_up("ada", is_admin=True)
    ana = await server.sign_up("ana")
    await muted.mute(muted.RESTORED)

    paths = ("/", "/network", "/recent", "/u/ana", "/settings", "/moderation", "/there-is-nothing-here")
    told = [(await ada.browser.get(path, follow_redirects=True)).text for path in paths]
    untold = [(await who.get("/recent")).text for who in (ana.browser, server.client)]

    for path, text in zip(paths, told, strict=True):
        assert "This server is muted" in text, path
        assert "restored from a backup" in text
        assert "fedimark resume" in text
    assert not any("muted" in text for text in untold)

    await muted.unmute()

    assert "This server is muted" not in (await ada.browser.get("/recent")).text


async def test_the_first_reason_and_its_moment_stay(server):
    await muted.mute(muted.RESTORED)
    since = (await muted.muted()).since

    await muted.mute(muted.COPIED)

    assert await muted.muted() == muted.Muted(muted.RESTORED, since)


async def test_starting_again_mutes_nobody(server):
    assert [await start_again() for _ in range(3)] == [None] * 3


async def test_a_database_that_was_made_before_there_were_marks_gets_one(server):
    await execute("DELETE FROM fact WHERE name = ?", place.FACT)
    mark_file().unlink()

    assert await start_again() is None
    assert mark_file().exists()
    assert place.FACT in await mark()


async def test_a_database_of_another_place_starts_muted_and_stays_so_until_it_is_taken(server):
    row = (await mark())[place.FACT]
    elsewhere = row.replace("sqlite ", "sqlite 1").replace("postgres ", "postgres 1")
    await execute("UPDATE fact SET value = ? WHERE name = ?", elsewhere, place.FACT)

    assert (await start_again()).why == muted.COPIED
    assert (await start_again()).why == muted.COPIED

    await place.take(here().settings)
    await muted.unmute()

    assert await start_again() is None
    assert (await mark())[place.FACT] != elsewhere


async def test_a_copied_data_directory_is_another_place_for_sqlite_and_a_second_machine_for_postgresql(server):
    copied = mark_file().with_suffix(".new")
    shutil.copy2(mark_file(), copied)
    copied.replace(mark_file())

    found = await start_again()

    assert (found is not None and found.why == muted.COPIED) if is_sqlite() else found is None


async def test_a_data_directory_without_a_mark_is_another_place_for_sqlite_and_a_second_machine_for_postgresql(server):
    mark_file().unlink()

    found = await start_again()

    assert (found is not None and found.why == muted.COPIED) if is_sqlite() else found is None


async def test_an_older_database_put_in_place_of_the_living_one_is_noticed(server, clock):
    for _ in range(3):
        clock.forward(seconds=3_600)
        await place.keep_mark()
        if _ == 0:
            older = (await mark())[place.FACT]
    assert await start_again() is None

    await execute("UPDATE fact SET value = ? WHERE name = ?", older, place.FACT)

    assert (await start_again()).why == muted.OLDER
    await place.take(here().settings)
    await muted.unmute()
    assert await start_again() is None


async def test_a_moment_that_a_power_cut_takes_from_the_database_mutes_nobody(server, clock):
    clock.forward(seconds=3_600)
    await place.keep_mark()
    before = (await mark())[place.FACT]
    clock.forward(seconds=3_600)
    await place.keep_mark()

    await execute("UPDATE fact SET value = ? WHERE name = ?", before, place.FACT)

    assert await start_again() is None


async def test_a_clock_that_jumps_back_mutes_nobody(server, clock):
    for seconds in (3_600, 3_600, -7_000, 3_600, 3_600):
        clock.forward(seconds=seconds)
        await place.keep_mark()

        assert await start_again() is None


async def test_a_mark_that_cannot_be_read_or_written_stops_nothing(server, clock):
    mark_file().write_bytes(b"\xff\x00 what is this")
    clock.forward(seconds=3_600)
    await place.keep_mark()

    assert await start_again() is None

    mark_file().unlink()
    mark_file().mkdir()
    clock.forward(seconds=3_600)

    assert await place.keep_mark() == 0
    assert await fetch_one("SELECT value FROM fact WHERE name = ?", place.FACT) is not None


async def test_what_waits_is_counted_by_host_and_kind_and_can_be_forgotten(fleet, pair, clock):
    ana, bo = pair
    async with entered(ana.server.here):
        await muted.mute(muted.RESTORED)
    await ana.save(PAGE, title="SQLite", tags="sql")
    await ana.save("https://example.org/", title="Example")
    await work(fleet)
    clock.forward(days=8)

    async with entered(ana.server.here):
        found = await waiting.waiting()
        async with write():
            await waiting.drop()
        after = await waiting.waiting()
        await muted.unmute()
    await fleet.settle()

    assert [(line.host, line.kind, line.amount) for line in found.lines] == [("b.example", "Create", 2)]
    assert (found.letters, found.hosts, found.stale, found.more) == (2, 1, 2, 0)
    assert (after.letters, after.lines, after.since) == (0, (), 0)
    assert await bo.timeline() == []


async def test_a_thousand_hosts_are_counted_and_forty_lines_shown(pair):
    ana, _ = pair
    async with entered(ana.server.here):
        async with write():
            for number in range(100):
                await say(
                    ana.viewer.actor_id, "Create", f"{PAGE}{number}", {}, [f"https://h{number}.example/in"], str(number)
                )
        found = await waiting.waiting()

    assert (len(found.lines), found.letters, found.hosts, found.more) == (waiting.MOST, 100, 100, 100 - waiting.MOST)
