"""Editing many bookmarks at once: those chosen, each once, told as any edit, and all of it can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark import worker
from fedimark.bookmarks import bulk
from fedimark.bookmarks.bulk import Selection
from fedimark.bookmarks.bundles import make_bundle, read_bundle
from fedimark.bookmarks.change import Change
from fedimark.bookmarks.columns import draft_of
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.save import save_bookmark
from fedimark.database import execute, fetch
from fedimark.errors import NotFound, Refused, Taken
from fedimark.here import here
from fedimark.jobs import queue
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.search.indexing import index_some
from fedimark.timelines.stream import PersonStream
from tests.support.savers import assert_agreement, save, saver

PAGE = "https://a.example/"


async def edit(who: Viewer, selection: Selection, change: Change) -> bulk.Progress:
    """Edit many, and what came of it."""
    public_id = await bulk.begin(who, selection, change, "words")
    await worker.settle(here())
    return await bulk.progress(who, public_id)


async def undo(who: Viewer, done: bulk.Progress) -> bulk.Progress:
    """Take it back, and what came of that."""
    public_id = await bulk.begin_undo(who, done.public_id)
    await worker.settle(here())
    return await bulk.progress(who, public_id)


async def kept(*columns: str) -> list[tuple[Any, ...]]:
    """Some columns of the bookmarks that are there, in the order of their saves."""
    rows = await fetch("SELECT * FROM bookmark WHERE removed_at IS NULL ORDER BY id")
    return [tuple(row[name] for name in columns) for row in rows]


async def test_what_is_chosen_changes_and_nothing_else_and_an_undo_brings_it_back(server):
    # Given three bookmarks, and one of somebody else
    ana, bo = await saver("ana"), await saver("bo")
    one = await save(ana, f"{PAGE}1", "sql Old .mine")
    two = await save(ana, f"{PAGE}2", "old", "private")
    await save(ana, f"{PAGE}3", "old")
    bos = await save(bo, f"{PAGE}4", "old")
    names = ("tags", "visibility", "to_read", "starred", "archived")
    before = await kept(*names)

    # When two of them are edited, and that of somebody else is named too
    change = Change(add=("new", "SQL"), remove=("old",), visibility=Visibility.UNLISTED, to_read=True, starred=True)
    done = await edit(ana, Selection((one.public_id, two.public_id, bos.public_id)), change)

    # Then they alone are changed
    assert (done.state, done.total, done.changed) == ("done", 2, 2)
    after = await kept(*names)
    assert after[:2] == [("sql .mine new", 2, 1, 1, 0), ("new SQL", 2, 1, 1, 0)]
    assert after[2:] == before[2:]
    await assert_agreement()

    # And all of it comes back, once
    assert done.may_undo
    assert (await undo(ana, done)).changed == 2
    assert await kept(*names) == before
    with pytest.raises(Taken):
        await bulk.begin_undo(ana, done.public_id)
    await assert_agreement()


async def test_a_whole_stream_is_edited_beyond_a_batch_and_what_is_saved_later_is_left(server, monkeypatch):
    ana = await saver("ana")
    monkeypatch.setattr("fedimark.bookmarks.bulk._BATCH", 3)
    for number in range(8):
        await save(ana, f"{PAGE}{number}", "sql" if number else "other")
    stream = Selection(stream=PersonStream("ana", tags=("sql",)))

    assert (await bulk.preview(ana, stream)).count == 7
    public_id = await bulk.begin(ana, stream, Change(remove=("sql",), add=("db",)), "")
    await save(ana, f"{PAGE}later", "sql")
    await worker.settle(here())

    assert (await bulk.progress(ana, public_id)).changed == 7
    assert await kept("tags") == [("other",), *[("db",)] * 7, ("sql",)]
    await assert_agreement()


async def test_all_that_a_search_or_a_bundle_of_ones_own_holds_is_edited_and_what_it_was_comes_back(
    server, monkeypatch
):
    # Given four bookmarks, a bundle that holds two of them, and one of somebody else that a search would find
    ana, bo = await saver("ana"), await saver("bo")
    monkeypatch.setattr("fedimark.bookmarks.bulk._BATCH", 1)
    await save(ana, f"{PAGE}1", "sql", "private", title="Of cats", to_read=True)
    await save(ana, f"{PAGE}2", "sql", title="Of cats and dogs")
    await save(ana, f"{PAGE}3", "type", title="Of dogs", to_read=True)
    await save(bo, f"{PAGE}4", "sql", title="Of cats")
    row = await make_bundle(Owner.of(ana), read_bundle(name="b", any_tags="sql", filter_unread="yes"))
    await index_some()
    before = await kept("tags", "to_read")

    # When what the search finds is edited, by a change that what comes after it no longer matches
    bundled = await edit(ana, Selection(bundle=row["id"]), Change(starred=True))
    searched = await edit(ana, Selection(search="cats is:unread or #type"), Change(to_read=False, add=("found",)))
    named = await edit(ana, Selection(search="cats"), Change(remove=("sql",)))

    # Then it alone is changed, and all of it comes back
    assert (bundled.changed, searched.changed, named.changed) == (1, 2, 2)
    assert (await kept("tags", "to_read"))[1:] == [("", 0), ("type found", 0), ("sql", 0)]
    with pytest.raises(NotFound):
        await bulk.preview(bo, Selection(bundle=row["id"]))
    for done in (named, searched):
        await undo(ana, done)
    assert await kept("tags", "to_read") == before


async def test_a_job_that_is_killed_goes_on_where_it_was(server, monkeypatch):
    ana = await saver("ana")
    monkeypatch.setattr("fedimark.bookmarks.bulk._BATCH", 2)
    for number in range(5):
        await save(ana, f"{PAGE}{number}")
    public_id = await bulk.begin(ana, Selection(stream=PersonStream("ana")), Change(starred=True), "")
    job = await queue.claim((bulk.JOB,))
    assert job is not None

    # When it dies behind its first batch, and its lease runs out
    await bulk.atomically(lambda: bulk._edit_some(job["id"], Owner.of(ana), bulk.json.loads(job["payload"])))
    assert [starred for (starred,) in await kept("starred")] == [1, 1, 0, 0, 0]
    await execute("UPDATE bookmark SET starred = FALSE WHERE url = ?", f"{PAGE}0")  # since then, by its owner
    await execute("UPDATE job SET lease_until = 0")
    await worker.settle(here())

    # Then the rest is done, and the beginning is not done twice
    done = await bulk.progress(ana, public_id)
    assert (done.state, done.done, done.changed) == ("done", 5, 5)
    assert [starred for (starred,) in await kept("starred")] == [0, 1, 1, 1, 1]


async def test_nothing_goes_past_the_privacy_lock_nor_are_secrets_shown_by_hundreds(server):
    ana = await saver("ana")
    await save(ana, "https://a.example/?token=1", "x", "private")
    await save(ana, PAGE, "x", "private")
    everything, public = Selection(stream=PersonStream("ana")), Change(visibility=Visibility.PUBLIC)

    done = await edit(ana, everything, public)
    assert (done.changed, done.kept) == (1, 1)
    assert await kept("visibility") == [(0,), (3,)]

    await edit(ana, everything, Change(visibility=Visibility.PRIVATE))
    await execute("UPDATE account SET privacy_lock = TRUE")
    assert (await edit(ana, everything, public)).changed == 0
    assert await kept("visibility") == [(0,), (0,)]
    await assert_agreement()


async def test_what_is_deleted_comes_back_until_its_time_has_run_out(server, clock):
    ana = await saver("ana")
    one, two = [await save(ana, f"{PAGE}{number}", "sql") for number in (1, 2)]
    before = await kept("public_id", "tags", "listed")

    done = await edit(ana, Selection((one.public_id, two.public_id)), Change(delete=True))
    assert await kept("id") == []
    clock.forward(seconds=10)
    assert (await undo(ana, done)).changed == 2
    assert await kept("public_id", "tags", "listed") == before

    done = await edit(ana, Selection((one.public_id, two.public_id)), Change(delete=True))
    clock.forward(seconds=31)
    await worker.settle(here())
    assert not (await bulk.progress(ana, done.public_id)).may_undo
    assert await fetch("SELECT id FROM bookmark") == []
    assert await fetch("SELECT id FROM edited") == []
    await assert_agreement()


async def test_what_is_archived_is_of_no_stream_but_its_own(server):
    ana = await saver("ana")
    await save(ana, f"{PAGE}1", "sql", archived=True)
    await save(ana, f"{PAGE}2", "sql")

    for stream in (PersonStream("ana"), PersonStream("ana", tags=("sql",))):
        assert (await bulk.preview(ana, Selection(stream=stream))).count == 1
    assert (await edit(ana, Selection(stream=PersonStream("ana")), Change(add=("new",)))).changed == 1
    assert await kept("tags") == [("sql",), ("sql new",)]


async def test_only_what_is_still_as_the_edit_made_it_is_undone(server):
    ana = await saver("ana")
    one = await save(ana, PAGE, "sql")
    done = await edit(ana, Selection((one.public_id,)), Change(add=("db",), starred=True))
    await save_bookmark(Owner.of(ana), draft_of((await fetch("SELECT * FROM bookmark"))[0], tags="mine"))

    await undo(ana, done)

    assert await kept("tags", "starred") == [("mine", 0)]


async def test_nobody_edits_or_watches_for_somebody_else(server):
    ana, bo = await saver("ana"), await saver("bo")
    one = await save(ana, PAGE)
    done = await edit(ana, Selection((one.public_id,)), Change(starred=True))

    with pytest.raises(NotFound):
        await bulk.progress(bo, done.public_id)
    with pytest.raises(NotFound):
        await bulk.begin_undo(bo, done.public_id)
    with pytest.raises(NotFound):
        await bulk.begin(bo, Selection(stream=PersonStream("ana")), Change(delete=True), "")
    with pytest.raises(Refused):
        await bulk.begin(bo, Selection((one.public_id,)), Change(delete=True), "")
    assert len(await kept("id")) == 1
