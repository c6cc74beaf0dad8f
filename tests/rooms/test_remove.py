"""Removing: hidden at once everywhere, back whole by an undo, gone for ever when its time has run out."""

from __future__ import annotations

import asyncio

import pytest

from fedimark.bookmarks import remove
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.queries import counts, export_page, public_counts, same_page
from fedimark.bookmarks.remove import finish_removals, remove_bookmark, undo_remove
from fedimark.bookmarks.tags import own_tags
from fedimark.database import fetch, write
from fedimark.errors import Gone, NotFound
from fedimark.text import urls
from fedimark.timelines.bookmark import one_bookmark
from fedimark.timelines.queries import link_of_md5
from fedimark.timelines.stream import LinkStream, NetworkStream, PersonStream, RecentStream, TagStream
from tests.support.savers import (
    UNKNOWN,
    assert_agreement,
    befriend,
    count,
    row_of,
    save,
    saver,
    undo_runs_out,
    urls_of,
)

PAGE = "https://sqlite.org/wal.html"
HASH = urls.link_hash(PAGE)
MADE = ("bookmark_tag", "tally", "entry", "link")


async def _made() -> dict[str, list[tuple[object, ...]]]:
    """Everything made from bookmarks, without the row numbers."""
    found = {}
    for table in MADE:
        rows = await fetch(f"SELECT * FROM {table}")
        kept = [tuple(value for name, value in sorted(row.items()) if name != "id") for row in rows]
        found[table] = sorted(line for line in kept if table != "tally" or line[0])
    return found


async def test_a_removed_bookmark_is_hidden_at_once_everywhere_and_from_everybody(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    saved = await save(ana, PAGE, "db .mine", to_read=True)

    await remove_bookmark(Owner.of(ana), saved.public_id)

    for viewer in (ana, bo, None):
        assert await urls_of(PersonStream("ana"), viewer) == []
        # A tag that was public once can still be followed.
        assert await urls_of(PersonStream("ana", tags=("db",)), viewer) == []
        assert await urls_of(TagStream(("db",)), viewer) == []
        assert await urls_of(RecentStream(), viewer) == []
        assert await urls_of(LinkStream(HASH), viewer) == [UNKNOWN]
        assert await count(PersonStream("ana"), viewer) == 0
        assert await count(TagStream(("db",)), viewer) == 0
        with pytest.raises(NotFound):
            await one_bookmark("ana", saved.public_id, viewer)
        with pytest.raises(NotFound):
            await link_of_md5(urls.md5(PAGE), viewer)
    assert await urls_of(NetworkStream(), ana) == []
    assert await urls_of(NetworkStream(), bo) == []
    assert await urls_of(PersonStream("ana", only="unread"), ana) == []
    assert await own_tags(ana.actor_id) == []
    assert await export_page(Owner.of(ana), None) == []
    assert await same_page(Owner.of(ana), PAGE) == []
    assert await counts() == {"bookmarks_local": 0, "bookmarks_remote": 0, "links": 0}
    assert (await public_counts())["bookmarks"] == 0
    await assert_agreement()


async def test_what_others_saved_of_the_page_stays_at_its_own_place(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    saved = await save(ana, PAGE, "db")
    bos = await row_of(bo, await save(bo, PAGE, "db"))

    await remove_bookmark(Owner.of(ana), saved.public_id)

    places = await fetch("SELECT stream, owner_id, position FROM entry")
    assert {row["position"] for row in places} == {bos["saved_at"]}
    assert len(places) == 4  # bo’s network, the tag, recent of everybody and of this server
    await assert_agreement()


@pytest.mark.parametrize("visibility", ["public", "unlisted", "followers", "private"])
async def test_an_undo_brings_everything_back_exactly(server, clock, visibility):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    await save(bo, PAGE, "Db")
    saved = await save(ana, PAGE, "db .mine", visibility, title="T", description="D", private_note="N", starred=True)
    row, made = await row_of(ana, saved), await _made()
    await remove_bookmark(Owner.of(ana), saved.public_id)
    clock.forward(seconds=29)
    assert await finish_removals() == 0

    await undo_remove(Owner.of(ana), saved.public_id)

    assert await row_of(ana, saved) == row
    assert await _made() == made
    await assert_agreement()


async def test_after_the_time_for_an_undo_a_removal_is_final(server, clock):
    ana = await saver("ana")
    saved = await save(ana, PAGE, "db")
    await remove_bookmark(Owner.of(ana), saved.public_id)
    undo_runs_out(clock)

    finished = await finish_removals()

    assert finished == 1
    assert await fetch("SELECT * FROM bookmark") == []
    with pytest.raises(NotFound):
        await undo_remove(Owner.of(ana), saved.public_id)
    with pytest.raises(Gone):
        await one_bookmark("ana", saved.public_id, None)
    assert (await save(ana, PAGE)).public_id != saved.public_id
    await assert_agreement()


async def test_a_private_bookmark_leaves_no_grave(server, clock):
    ana = await saver("ana")
    saved = await save(ana, PAGE, "db", "private")
    await remove_bookmark(Owner.of(ana), saved.public_id)
    undo_runs_out(clock)

    await finish_removals()

    assert await fetch("SELECT * FROM tombstone") == []
    with pytest.raises(NotFound):
        await one_bookmark("ana", saved.public_id, ana)


async def test_removals_are_finished_once_however_often_and_by_how_many(server, clock):
    ana = await saver("ana")
    for number in range(5):
        saved = await save(ana, f"{PAGE}?n={number}", "db")
        await remove_bookmark(Owner.of(ana), saved.public_id)
    undo_runs_out(clock)

    await asyncio.gather(finish_removals(), finish_removals(), finish_removals())

    assert await finish_removals() == 0
    assert await fetch("SELECT * FROM bookmark") == []
    assert len(await fetch("SELECT * FROM tombstone")) == 5
    await assert_agreement()


async def test_a_removal_cut_off_half_way_is_finished_by_the_next_sweep(server, clock):
    ana = await saver("ana")
    saved = await save(ana, PAGE, "db")
    await remove_bookmark(Owner.of(ana), saved.public_id)
    undo_runs_out(clock)
    overdue = await fetch("SELECT b.*, 'ana' AS local_name FROM bookmark b")

    with pytest.raises(RuntimeError):
        async with write():
            await remove._finish(overdue[0])
            raise RuntimeError("the process is killed before it commits")

    assert await fetch("SELECT * FROM tombstone") == []
    assert await finish_removals() == 1
    assert len(await fetch("SELECT * FROM tombstone")) == 1
    await assert_agreement()


async def test_a_removal_and_its_undo_are_for_the_owner_alone(server):
    ana, bo = await saver("ana"), await saver("bo")
    saved = await save(ana, PAGE)

    with pytest.raises(NotFound):
        await remove_bookmark(Owner.of(bo), saved.public_id)
    await remove_bookmark(Owner.of(ana), saved.public_id)
    with pytest.raises(NotFound):
        await undo_remove(Owner.of(bo), saved.public_id)
    with pytest.raises(NotFound):
        await remove_bookmark(Owner.of(ana), saved.public_id)
    await undo_remove(Owner.of(ana), saved.public_id)

    with pytest.raises(NotFound):
        await undo_remove(Owner.of(ana), saved.public_id)
    assert await urls_of(RecentStream()) == [PAGE]
