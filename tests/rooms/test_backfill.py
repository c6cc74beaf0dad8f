"""What somebody said before anybody here followed them is read from their outbox."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.follows.incoming import BACKFILL
from fedimark.inbox.backfill import MOST_FETCHED, MOST_PAGES, MOST_THINGS
from fedimark.worker import run_an_errand
from tests.rooms.peers import Asked, Says
from tests.rooms.strangers import Stranger
from tests.rooms.test_incoming import followed
from tests.support.savers import assert_agreement

EZRA = "https://sloth.example/users/ezra"
MARKS = "https://marks.example/u/ana"


@pytest.fixture
def ezra(server, fleet) -> Stranger:
    """Somebody of a GoToSocial."""
    return Stranger(fleet, EZRA)


@pytest.fixture
def marks(server, fleet) -> Stranger:
    """Somebody of another fedimark."""
    return Stranger(fleet, MARKS)


async def report() -> Row:
    """The job, once it ended."""
    row = await fetch_one("SELECT * FROM job WHERE kind = ?", BACKFILL)
    assert row is not None
    return row


def page(stranger: Stranger, things: list[Any], **more: Any) -> dict[str, Any]:
    """A whole outbox on one page."""
    return {"id": f"{stranger.uri}/outbox", "type": "OrderedCollection", "orderedItems": things, **more}


def creates(wire: Any, amount: int) -> list[dict[str, Any]]:
    """Bookmarks of one person, each of another page."""
    return [wire("fedimark/create_note", k3v7q2mzt5xha=f"n{n}", **{"page=2": f"page={n}"}) for n in range(amount)]


async def test_a_gotosocial_outbox_of_addresses_is_read_with_its_own_dates(ana, ezra, wire, clock):
    clock.set("2026-08-22T00:00:00Z")
    ezra.peer.document("/users/ezra/outbox", wire("gotosocial/outbox"))
    ezra.peer.document("/users/ezra/statuses/01J5ZKETTLE00000000000000", wire("gotosocial/note"))
    first = wire("gotosocial/outbox_page")

    def answer(asked: Asked) -> Says:
        if asked.target.endswith("?page=true"):
            ezra.peer.document("/page", first)
            return ezra.peer.answers["/page"]
        if "max_id" in asked.target:
            return Says(404)
        return ezra.peer.answers.get(asked.target.partition("?")[0], Says(404))

    ezra.peer.rule = answer
    await followed(ana, ezra)
    assert await run_an_errand() == 1

    [row] = await fetch("SELECT * FROM bookmark")
    assert row["url"] == "https://kettles.example/altitude"
    assert row["saved_at"] == 1_787_034_600_000_000
    assert (await report())["state"] == "done"
    await assert_agreement()


async def test_at_most_forty_things_are_read(ana, marks, wire):
    marks.peer.document("/u/ana/outbox", page(marks, creates(wire, 60)))

    await followed(ana, marks)
    await run_an_errand()

    assert len(await fetch("SELECT id FROM bookmark")) == MOST_THINGS


async def test_at_most_twenty_things_are_fetched_one_by_one(ana, marks, wire):
    said = creates(wire, 30)
    for create in said:
        marks.peer.document(create["object"]["id"].removeprefix("https://marks.example"), create["object"])
    marks.peer.document("/u/ana/outbox", page(marks, [create["object"]["id"] for create in said]))

    await followed(ana, marks)
    await run_an_errand()

    assert len(await fetch("SELECT id FROM bookmark")) == MOST_FETCHED


async def test_pages_that_lead_back_or_on_for_ever_end(ana, marks):
    def answer(asked: Asked) -> Says:
        if "/outbox" not in asked.target:
            return marks.peer.answers.get(asked.target.partition("?")[0], Says(404))
        number = int(asked.target.partition("n=")[2] or 0)
        uri = f"{MARKS}/outbox" + (f"?n={number}" if number else "")
        following = f"{MARKS}/outbox?n={number + 1}"
        marks.peer.document("/p", {"id": uri, "type": "OrderedCollectionPage", "items": [], "next": following})
        return marks.peer.answers["/p"]

    marks.peer.rule = answer
    await followed(ana, marks)
    await run_an_errand()
    pages = [asked.target for asked in marks.peer.asked if "/outbox" in asked.target]
    assert len(pages) == MOST_PAGES + 1

    marks.peer.rule = None
    marks.peer.document("/u/ana/outbox", page(marks, [], next=f"{MARKS}/outbox"))
    await execute("UPDATE job SET state = 'waiting', ended_at = NULL")
    await run_an_errand()
    assert (await report())["state"] == "done"


async def test_nothing_of_anybody_else_is_taken_from_an_outbox(ana, marks, wire):
    create = wire("fedimark/create_note")
    theirs = {**create, "object": {**create["object"], "attributedTo": "https://marks.example/u/eve"}}
    elsewhere = wire("fedimark/create_note", **{"marks.example": "other.example"})
    direct = {**create, "object": {**create["object"], "to": ["https://a.example/u/ana"], "cc": []}}
    things = [
        theirs,
        elsewhere,
        direct,
        wire("mastodon/announce"),
        elsewhere["object"]["id"],
        5,
        None,
        {"type": "Create"},
    ]
    marks.peer.document("/u/ana/outbox", page(marks, things))

    await followed(ana, marks)
    await run_an_errand()

    assert await fetch("SELECT id FROM bookmark") == []


async def test_read_again_it_changes_nothing_and_a_second_follower_reads_nothing(ana, marks, wire, server):
    marks.peer.document("/u/ana/outbox", page(marks, creates(wire, 3)))
    await followed(ana, marks)
    await run_an_errand()

    await execute("UPDATE job SET state = 'waiting', ended_at = NULL")
    await run_an_errand()
    await followed(await server.sign_up("bo"), marks)

    assert await run_an_errand() == 0
    assert len(await fetch("SELECT id FROM bookmark")) == 3


async def test_an_outbox_that_does_not_answer_is_asked_again(ana, marks, wire, fleet, clock):
    marks.peer.document("/u/ana/outbox", page(marks, creates(wire, 1)))
    await followed(ana, marks)
    fleet.network.down.add("marks.example")
    await run_an_errand()
    assert (await report())["state"] == "running"

    fleet.network.down.clear()
    clock.forward(seconds=61)
    await run_an_errand()

    assert len(await fetch("SELECT id FROM bookmark")) == 1


@pytest.mark.parametrize("outbox", [{"type": "Note", "id": f"{MARKS}/outbox"}, {"id": f"{MARKS}/outbox"}, [], 5])
async def test_an_outbox_that_is_none_is_the_end_of_it(ana, marks, outbox):
    marks.peer.document("/u/ana/outbox", outbox)

    await followed(ana, marks)
    await run_an_errand()

    assert (await report())["state"] == "done"


async def test_who_says_yes_and_no_in_turns_is_read_once(ana, marks, clock):
    await followed(ana, marks)
    for number in range(3):
        for kind in ("Reject", "Accept"):
            follow = {"type": "Follow", "actor": ana.uri, "object": MARKS}
            await marks.do({"id": f"{MARKS}#{kind}{number}", "type": kind, "actor": MARKS, "object": follow})

    jobs = await fetch("SELECT * FROM job WHERE kind = ?", BACKFILL)
    assert len(jobs) == 1


async def test_what_a_stream_passed_on_before_is_taken_as_if_it_were_said_now(ana, fleet, wire, server, clock):
    # Given a tag of a third server, whose outbox holds what it announced, in every way, and what is not its to say
    clock.set("2026-08-22T00:00:00Z")
    tag = Stranger(fleet, "https://tags.example/t/page-cache", type="Group", name="#page-cache")
    marks = Stranger(fleet, MARKS, indexable=True)
    said = creates(wire, 7)
    ids = [create["object"]["id"] for create in said]
    for create in said:
        marks.peer.document(create["object"]["id"].removeprefix("https://marks.example"), create["object"])

    def announce(number: int, thing: Any, **more: Any) -> dict[str, Any]:
        at = f"2026-08-2{number % 2}T09:00:00Z"
        head = {"id": f"{tag.uri}/announce/{number}", "type": "Announce", "actor": tag.uri, "published": at}
        return {**head, "to": ["https://www.w3.org/ns/activitystreams#Public"], "object": thing, **more}

    tag.peer.document("/t/page-cache/announce/2", announce(2, ids[2]))
    things = [
        announce(0, ids[0]),
        announce(1, said[1]),  # a whole Create
        f"{tag.uri}/announce/2",  # an address
        announce(3, ids[3], to=[f"{tag.uri}/followers"]),
        announce(4, ids[4], actor="https://tags.example/t/rust"),
        announce(5, ids[5], id="https://evil.example/announce/5"),
        said[6],  # somebody else's
        "https://marks.example/1",
        {"type": "Announce"},
        7,
    ]
    tag.peer.document("/t/page-cache/outbox", page(tag, things))

    # When somebody here follows it
    await followed(ana, tag)
    assert await run_an_errand() == 1
    await server.settle()

    # Then what it announced to everybody is there, from its own server, since it was announced
    rows = await fetch("SELECT b.uri, s.shared_at FROM share s JOIN bookmark b ON b.id = s.bookmark_id ORDER BY b.uri")
    assert [row["uri"] for row in rows] == ids[:3]
    assert {row["shared_at"] for row in rows} == {1_787_216_400_000_000, 1_787_302_800_000_000}
    assert (await fetch_one("SELECT count(*) AS amount FROM bookmark") or {})["amount"] == 3

    # And the same announced again, later, is the same
    await tag.do(announce(0, ids[0]))
    assert len(await fetch("SELECT id FROM share")) == 3
    await assert_agreement()
