"""Suspending one account of another server: nothing is taken from them, and what they did is hidden."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.bookmarks.shares import counts
from fedimark.database import fetch, fetch_one
from fedimark.errors import Forbidden, NotFound, Refused
from fedimark.follows import queries as follows
from fedimark.follows.healing import ask_again
from fedimark.follows.request import follow, unfollow
from fedimark.moderation import suspension
from fedimark.timelines.stream import LinkStream, NetworkStream, RecentStream
from tests.rooms.strangers import Stranger, amount, applied, letters, outcome
from tests.rooms.test_incoming import followed
from tests.support.people import Person
from tests.support.savers import UNKNOWN, assert_agreement, urls_of

MARKS = "https://marks.example/u/ana"
NOTE = f"{MARKS}/b/k3v7q2mzt5xha"
PATH = "/u/ana/b/k3v7q2mzt5xha"
CLEO = "https://mastodon.example/users/cleo"
URL = "https://store.example/cache?page=2"
HANDLE = "@ana@marks.example"


@pytest.fixture
async def ana(server, clock) -> Person:
    """Somebody who signed up after the bookmark was saved."""
    clock.set("2026-08-22T00:00:00Z")
    return await server.sign_up("ana")


@pytest.fixture
async def author(server, fleet, wire, ana) -> Stranger:
    """Somebody of another fedimark, whom ana follows, with one public bookmark."""
    author = await followed(ana, Stranger(fleet, MARKS, indexable=True))
    author.peer.document(PATH, wire("fedimark/create_note")["object"])
    await author.do(wire("fedimark/create_note"))
    return author


async def faces(person: Any) -> dict[str, list[str]]:
    """What a reader finds of that page."""
    link = await fetch_one("SELECT hash FROM link WHERE canonical = ?", URL)
    assert link is not None
    streams = {"network": NetworkStream(), "recent": RecentStream(), "page": LinkStream(link["hash"])}
    return {name: await urls_of(stream, person.viewer) for name, stream in streams.items()}


SHOWN = {"network": [URL], "recent": [URL], "page": [URL]}
HIDDEN = {"network": [], "recent": [], "page": [UNKNOWN]}


async def shut_out(server: Any, who: str) -> None:
    """Suspend somebody, and let the worker hide what was theirs."""
    await suspension.suspend(who)
    await server.settle()


@pytest.mark.parametrize("who", [HANDLE, "ana@marks.example", MARKS])
async def test_what_they_saved_is_hidden_everywhere_and_comes_back(server, ana, author, who):
    assert await faces(ana) == SHOWN

    await shut_out(server, who)
    assert await faces(ana) == HIDDEN
    await assert_agreement()

    await suspension.restore(who)
    await server.settle()
    assert await faces(ana) == SHOWN
    await assert_agreement()


async def test_what_was_hidden_is_never_taken_for_removed(server, ana, author, clock):
    await shut_out(server, HANDLE)
    clock.forward(days=40)
    await suspension.restore(HANDLE)

    await server.settle()

    assert await faces(ana) == SHOWN
    assert await amount("tombstone") == 0


async def test_who_allows_public_pages_no_more_comes_back_to_their_followers_alone(server, ana, fleet, author, clock):
    await shut_out(server, HANDLE)
    clock.forward(seconds=60)
    author.said = {"indexable": False}
    author.show()
    update = {"id": f"{MARKS}#update", "type": "Update", "actor": MARKS, "object": MARKS}
    await author.do(update | {"published": "2026-08-22T00:00:30Z"})

    await suspension.restore(HANDLE)
    await server.settle()

    row = await fetch_one("SELECT indexable FROM actor WHERE uri = ?", MARKS)
    assert row is not None
    assert not row["indexable"]
    assert (await faces(ana))["network"] == [URL]
    await assert_agreement()


async def test_what_they_say_is_refused_at_the_door(server, ana, author, wire):
    await shut_out(server, HANDLE)
    before = await amount("received_activity")

    for number, kind in enumerate(("Create", "Like", "Announce", "Follow", "Block", "Accept", "Update", "Move")):
        said = {"id": f"{MARKS}#{number}", "type": kind, "actor": MARKS, "object": f"{MARKS}/b/other"}
        bodies = {
            "Create": wire("fedimark/create_note") | {"id": f"{MARKS}#create"},
            "Update": wire("fedimark/update_note"),
            "Follow": said | {"object": ana.uri},
            "Block": said | {"object": ana.uri},
            "Move": said | {"object": MARKS, "target": CLEO},
        }
        with pytest.raises(Forbidden):
            await author.say(bodies.get(kind, said))

    assert await amount("received_activity") == before


async def test_what_they_end_is_ended_all_the_same(server, ana, author, wire):
    await author.do({"id": f"{MARKS}#f", "type": "Follow", "actor": MARKS, "object": ana.uri})
    await shut_out(server, HANDLE)

    undone = {"id": f"{MARKS}#f", "type": "Follow", "actor": MARKS, "object": ana.uri}
    assert await author.do({"id": f"{MARKS}#u", "type": "Undo", "actor": MARKS, "object": undone}) == "withdrawn"
    delete = {"id": f"{MARKS}#d", "type": "Delete", "actor": MARKS, "object": NOTE}
    assert await author.do(delete) == "deleted"

    assert await amount("bookmark") == 0
    await assert_agreement()


async def test_what_was_taken_in_before_is_not_applied_after(server, ana, author, wire):
    note = wire("fedimark/create_note")
    later = {**note["object"], "id": f"{MARKS}/b/l3v7q2mzt5xha"}
    await author.say(note | {"id": f"{MARKS}#later", "object": later})

    await suspension.suspend(HANDLE)
    await applied()

    assert await outcome() == "suspended"
    assert await amount("bookmark") == 1


async def test_nobody_brings_their_bookmarks_in_by_sharing_them(server, ana, fleet, author, wire):
    cleo = await followed(ana, Stranger(fleet, CLEO))
    await cleo.do(wire("mastodon/announce"))
    assert await faces(ana) == SHOWN

    await shut_out(server, HANDLE)
    assert await faces(ana) == HIDDEN
    delete = {"id": f"{MARKS}#d", "type": "Announce", "actor": CLEO, "object": f"{MARKS}/b/l3v7q2mzt5xha"}
    author.peer.document("/u/ana/b/l3v7q2mzt5xha", wire("fedimark/create_note")["object"] | {"id": delete["object"]})
    await cleo.do(delete | {"id": f"{CLEO}#another"})

    assert await faces(ana) == HIDDEN
    assert await amount("bookmark") == 1
    await assert_agreement()


async def test_what_they_shared_and_liked_is_hidden_and_comes_back(server, ana, fleet, wire):
    bo = await server.sign_up("bo")
    saved = await bo.save("https://sqlite.org/")
    cleo = await followed(ana, Stranger(fleet, CLEO))
    here = {NOTE: f"{bo.uri}/b/{saved.public_id}", "marks.example": "a.example"}
    for name in ("mastodon/like", "mastodon/announce"):
        await cleo.do(wire(name, **here))
    row = await fetch_one("SELECT id FROM bookmark")
    assert row is not None

    async def found() -> tuple[list[str], dict[str, int]]:
        return await urls_of(NetworkStream(), ana.viewer), await counts(row["id"])

    shown = await found()
    assert shown == (["https://sqlite.org/"], {"likes": 1, "shares": 1})
    await shut_out(server, "@cleo@mastodon.example")
    assert await found() == ([], {"likes": 0, "shares": 0})
    await assert_agreement()

    await suspension.restore("@cleo@mastodon.example")
    await server.settle()
    assert await found() == shown
    await assert_agreement()


async def test_follows_fall_silent_and_come_back(server, ana, fleet, author):
    await author.do({"id": f"{MARKS}#f", "type": "Follow", "actor": MARKS, "object": ana.uri})

    async def numbers() -> tuple[int, int, int, int]:
        lists = len(await follows.followers(ana.viewer.actor_id)), len(await follows.following(ana.viewer.actor_id))
        return (
            *lists,
            await follows.follower_count(ana.viewer.actor_id),
            await follows.following_count(ana.viewer.actor_id),
        )

    await server.settle()
    assert await numbers() == (1, 1, 1, 1)
    await shut_out(server, HANDLE)
    asked = len(author.peer.asked)
    await ana.save("https://sqlite.org/")
    await server.settle()

    assert await numbers() == (0, 0, 0, 0)
    assert len(author.peer.asked) == asked
    await suspension.restore(HANDLE)
    assert await numbers() == (1, 1, 1, 1)


async def test_nobody_here_can_follow_them(server, ana, author):
    bo = await server.sign_up("bo")
    await shut_out(server, HANDLE)

    with pytest.raises(Forbidden):
        await follow(bo.viewer, HANDLE)


async def test_leaving_them_is_told_all_the_same(server, ana, author):
    await shut_out(server, HANDLE)

    await unfollow(ana.viewer, HANDLE)

    assert (await letters())[-1][0] == "Undo"


async def test_what_they_never_answered_is_not_asked_again(server, ana, fleet, clock):
    cleo = Stranger(fleet, CLEO)
    await follow(ana.viewer, CLEO)
    await server.settle()
    await shut_out(server, CLEO)
    clock.forward(days=2)

    assert await ask_again() == 0
    await suspension.restore(cleo.uri)
    clock.forward(days=1)
    assert await ask_again() == 1


async def test_suspending_twice_or_nobody_says_so(server, ana, author):
    await shut_out(server, HANDLE)

    for who, error in ((HANDLE, Refused), ("@nobody@marks.example", NotFound), ("a b", NotFound)):
        with pytest.raises(error):
            await suspension.suspend(who)
    await suspension.restore(MARKS)
    with pytest.raises(Refused):
        await suspension.restore(MARKS)


async def test_an_admin_suspends_and_restores_them_from_the_page(server, ana, author):
    async def suspended() -> list[str]:
        return [row["uri"] for row in await fetch("SELECT uri FROM actor WHERE suspended_at IS NOT NULL")]

    answer = await ana.browser.post("/moderation/accounts/suspend", data={"name": HANDLE})
    page = await ana.browser.get("/moderation")

    assert (answer.status_code, await suspended()) == (303, [MARKS])
    assert f"<strong>{HANDLE}</strong>" in page.text
    assert f'value="{MARKS}"' in page.text
    await ana.browser.post("/moderation/accounts/restore", data={"name": MARKS})
    assert await suspended() == []


@pytest.mark.parametrize("who", ["ana", "@Ana", "@ana@a.example", "https://a.example/u/ana"])
async def test_admins_cannot_shut_themselves_out_under_any_name(server, ana, who):
    answer = await ana.browser.post("/moderation/accounts/suspend", data={"name": who})

    assert answer.status_code == 422
    assert "can’t suspend yourself" in answer.text
