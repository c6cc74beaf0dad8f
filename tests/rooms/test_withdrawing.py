"""What a program or an edit of many makes private is hidden here at once; others hear of it later, or of nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fedimark import worker
from fedimark.bookmarks import bulk
from fedimark.bookmarks.change import Change
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.remove import finish_removals, remove_bookmark
from fedimark.bookmarks.save import Rewrite, edit_bookmark, rewrite_bookmark, save_bookmark, save_many
from fedimark.bookmarks.withdrawing import finish_withdrawals
from fedimark.database import Row, fetch, fetch_one
from fedimark.errors import NotFound
from fedimark.policy.visibility import Visibility
from fedimark.timelines.bookmark import one_bookmark
from fedimark.timelines.stream import RecentStream
from tests.rooms.strangers import told
from tests.rooms.test_delivery import INBOX, follower
from tests.rooms.test_tellings import arrived, said
from tests.support.savers import assert_agreement, urls_of

PAGE = "https://page.example/"
SHOWN = Draft(PAGE, title="A page", tags=("db",), visibility=Visibility.PUBLIC)
HIDDEN = replace(SHOWN, visibility=Visibility.PRIVATE)


@pytest.fixture
async def owner(server, ana) -> Owner:
    """Ana, with a public bookmark that her follower's server got."""
    await follower({"id": ana.viewer.actor_id}, "bob", "https://b.example/u/bob/inbox", INBOX)
    who = Owner.of(ana.viewer)
    await save_bookmark(who, SHOWN)
    await told()
    await arrived()
    return who


async def row() -> Row:
    """The one bookmark there is."""
    found = await fetch_one("SELECT * FROM bookmark WHERE is_local")
    assert found is not None
    return found


async def write(owner: Owner, draft: Draft) -> None:
    """Write it as a program does."""
    await rewrite_bookmark(owner, row, lambda before: Rewrite(draft, is_patient=True))
    await told()


async def hide_many(ana: Any, *public_ids: str) -> str:
    """Make some private by an edit of many; returns its id."""
    begun = await bulk.begin(ana.viewer, bulk.Selection(public_ids), Change(visibility=Visibility.PRIVATE), "words")
    await worker.do("jobs")
    await told()
    return begun


async def later(server: Any) -> None:
    """Ten minutes on."""
    server.clock.forward(seconds=601)
    await finish_withdrawals()
    await told()


async def test_an_edit_of_many_that_hides_and_its_undo_are_heard_by_nobody(server, ana, owner):
    before = await row()
    begun = await hide_many(ana, before["public_id"])
    hidden = await urls_of(RecentStream())

    server.clock.forward(seconds=300)
    await bulk.begin_undo(ana.viewer, begun)
    await worker.do("jobs")
    await told()
    await later(server)

    assert hidden == []
    assert await urls_of(RecentStream()) == [PAGE]
    assert (await row())["public_id"] == before["public_id"]
    assert [kind for kind, _ in await said() if kind == "Delete"] == []
    await assert_agreement()


async def test_an_edit_of_many_that_hides_ends_publications_ten_minutes_later(server, ana, owner):
    before = await row()
    await hide_many(ana, before["public_id"])
    at_once = await said()

    await later(server)

    assert at_once == []
    assert [kind for kind, _ in await said()] == ["Delete"]
    assert (await row())["public_id"] != before["public_id"]


async def test_it_is_hidden_at_once_and_its_publication_ends_ten_minutes_later(server, owner):
    before = await row()

    await write(owner, HIDDEN)

    assert (await row())["public_id"] == before["public_id"]
    assert await urls_of(RecentStream()) == []
    with pytest.raises(NotFound):
        await one_bookmark("ana", before["public_id"], None)
    server.clock.forward(seconds=599)
    assert (await finish_withdrawals(), await said()) == (0, [])
    await later(server)
    assert [kind for kind, _ in await said()] == ["Delete"]
    assert (await row())["public_id"] != before["public_id"]
    assert (await row())["id"] == before["id"]
    assert await finish_withdrawals() == 0
    await assert_agreement()


async def test_who_shows_it_again_meanwhile_took_nothing_back(server, owner):
    before = await row()
    await write(owner, HIDDEN)

    await write(owner, replace(SHOWN, title="A better name"))
    await later(server)

    assert [kind for kind, _ in await said()] == ["Update"]
    assert (await row())["public_id"] == before["public_id"]
    await assert_agreement()


async def test_shown_to_others_than_before_it_is_another_publication(server, owner):
    before = await row()
    await write(owner, HIDDEN)

    await edit_bookmark(owner, before["public_id"], replace(SHOWN, visibility=Visibility.FOLLOWERS))
    await told()

    assert [kind for kind, _ in await said()] == ["Delete", "Create"]
    assert (await row())["public_id"] != before["public_id"]


async def test_one_that_goes_altogether_ends_with_its_publication(server, owner):
    await write(owner, HIDDEN)
    await remove_bookmark(owner, (await row())["public_id"])
    await later(server)
    assert await said() == []  # it may still come back

    await finish_removals()

    assert [kind for kind, _ in await said()] == ["Delete"]
    assert await fetch("SELECT id FROM withdrawal") == []


async def test_of_what_nobody_was_told_nobody_hears(server, owner):
    other = Draft("https://other.example/", visibility=Visibility.PUBLIC)
    await save_bookmark(owner, other)

    async def look() -> Row | None:
        return await fetch_one("SELECT * FROM bookmark WHERE url = ?", other.url)

    hidden = Rewrite(replace(other, visibility=Visibility.PRIVATE), is_patient=True)
    await rewrite_bookmark(owner, look, lambda before: hidden)
    await told()
    await later(server)

    assert await said() == []


async def test_a_file_that_shows_it_again_leaves_its_publication_alone(server, owner):
    before = await row()
    await write(owner, HIDDEN)

    await save_many(owner, [SHOWN])
    await later(server)

    assert await said() == []
    assert (await row())["public_id"] == before["public_id"]


async def test_a_person_who_hides_it_on_the_page_is_heard_at_once(server, owner):
    await edit_bookmark(owner, (await row())["public_id"], HIDDEN)

    assert [kind for kind, _ in await said()] == ["Delete"]
