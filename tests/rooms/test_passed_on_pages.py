"""The page of a tag here that follows a stream elsewhere shows what that passed on, under whatever tag."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import atomically, execute, fetch
from fedimark.errors import NotFound
from fedimark.follows import pages
from fedimark.moderation import mutes, suspension
from fedimark.policy.quarantine import let_in
from fedimark.timelines.queries import find, page
from fedimark.timelines.stream import NetworkStream, TagStream
from fedimark.worker import do_a_job
from tests.rooms.provers import PUBLIC, Prover
from tests.rooms.strangers import Stranger, letters
from tests.rooms.test_announced import CLEO, announces, saves
from tests.support.counting import statements
from tests.support.savers import assert_agreement

BOTANY = "https://lemmy.example/c/botany"


@pytest.fixture
async def botany(server, fleet, ana) -> Stranger:
    """A community elsewhere that this server's page of #plants follows, and nobody reads."""
    botany = Stranger(fleet, BOTANY, type="Group")
    await pages.subscribe("plants", BOTANY)
    [(_, _, asked)] = await letters()
    await botany.do({"id": f"{BOTANY}#accept", "type": "Accept", "actor": BOTANY, "object": asked["id"]})
    return botany


@pytest.fixture
async def cleo(botany, fleet) -> Prover:
    """Somebody of a third server, which is let in, and whose bookmark without that tag the community passed on."""
    cleo = Prover(fleet, CLEO, indexable=True)
    await cleo.row()
    await atomically(lambda: let_in(CLEO))
    assert await botany.do(announces(botany, cleo.proves(saves(cleo, 1, tags=("moss",))))) == "shared"
    return cleo


async def shown(tag: str = "plants", viewer: Any = None) -> list[str]:
    """The pages on everybody's page of a tag."""
    try:
        return [entry.url for entry in (await page(await find(TagStream((tag,)), viewer), None, 50)).entries]
    except NotFound:
        return []


async def worked() -> None:
    """Let the jobs that stay at home be done."""
    while await do_a_job():
        pass


async def test_it_stands_on_the_page_that_follows_and_on_the_page_of_its_own_tag(cleo, ana, server):
    assert (await shown("plants"), await shown("moss")) == (["https://example.org/1"], ["https://example.org/1"])
    assert "https://example.org/1" in (await server.client.get("/t/plants")).text
    assert [entry.url for entry in (await page(await find(NetworkStream(), ana.viewer), None, 50)).entries] == []
    await assert_agreement()


async def test_of_a_server_nobody_chose_it_stands_there_once_that_is_let_in(botany, fleet):
    fay = Prover(fleet, "https://far.example/u/fay", indexable=True)
    await botany.do(announces(botany, fay.proves(saves(fay, 1, tags=()))))
    assert await shown() == []
    await assert_agreement()

    await atomically(lambda: let_in(fay.uri))
    await worked()

    assert await shown() == ["https://example.org/1"]
    await assert_agreement()


@pytest.mark.parametrize("how", ["undone", "deleted", "left", "suspended", "community suspended", "hidden by edit"])
async def test_it_goes_again(cleo, botany, how):
    if how == "undone":
        undo = {"id": f"{BOTANY}#undo", "type": "Undo", "actor": BOTANY, "to": [PUBLIC]}
        await botany.do({**undo, "object": f"{BOTANY}/announce/1"})
    elif how == "deleted":
        await cleo.do(cleo.delete())
    elif how == "left":
        await pages.unsubscribe("plants", BOTANY)
    elif how == "suspended":
        await suspension.suspend(CLEO)
    elif how == "community suspended":
        await suspension.suspend(BOTANY)
    else:
        note = saves(cleo, 1, tags=("moss",), to=[], cc=[PUBLIC], updated="2026-03-01T10:00:00Z")["object"]
        await cleo.do({"id": f"{CLEO}#u", "type": "Update", "actor": CLEO, "to": [PUBLIC], "object": note})
    await worked()

    assert await shown("plants") == []
    await assert_agreement()

    if how.endswith("suspended"):
        await suspension.restore(CLEO if how == "suspended" else BOTANY)
        await worked()
        assert await shown("plants") == ["https://example.org/1"]
        await assert_agreement()


async def test_a_page_that_follows_later_shows_what_was_passed_on_before(cleo, botany, ana):
    await pages.subscribe("green", BOTANY)

    assert await shown("green") == ["https://example.org/1"]
    await assert_agreement()


async def test_whom_a_reader_mutes_they_do_not_see_there(cleo, ana, server):
    bo = await server.sign_up("bo")

    await mutes.mute(ana.viewer, CLEO)

    assert (await shown("plants", ana.viewer), await shown("plants", bo.viewer)) == ([], ["https://example.org/1"])


async def test_what_another_saved_stays_at_its_own_place(cleo, botany, ana):
    await ana.save("https://example.org/1", tags="plants")
    both = await fetch(
        "SELECT position FROM entry e JOIN tag g ON g.id = e.owner_id AND e.stream = 2 WHERE key = 'plants'"
    )

    await ana.remove("https://example.org/1")
    alone = await fetch(
        "SELECT position FROM entry e JOIN tag g ON g.id = e.owner_id AND e.stream = 2 WHERE key = 'plants'"
    )

    assert len(both) == len(alone) == 1
    await assert_agreement()


async def test_a_page_takes_as_many_statements_as_any(cleo, botany, ana):
    counts = []
    for tag in ("plants", "moss"):
        for viewer in (None, ana.viewer):
            with statements() as count:
                await shown(tag, viewer)
            counts.append(len(count))
    assert counts[0] == counts[2]
    assert counts[1] == counts[3]


async def test_what_the_server_follows_for_itself_is_shown_to_nobody(server, fleet, ana):
    # Given a stream that the server's own actor follows, and nobody else
    stream = Stranger(fleet, "https://marks.example/t/sql", type="Group", preferredUsername="tag.sql")
    row = await stream.row()
    keeper = (await fetch("SELECT id FROM actor WHERE kind = 'Application' AND local_name IS NOT NULL"))[0]["id"]
    values = (keeper, row["id"], "accepted", "abcdefghijklm", 0)
    sql = "INSERT INTO follow (follower_id, target_id, state, public_id, created_at) VALUES (?, ?, ?, ?, ?)"
    await execute(sql, *values)
    cleo = Prover(fleet, CLEO)
    await cleo.row()

    # When it announces something
    assert await stream.do(announces(stream, cleo.proves(saves(cleo)))) == "ignored"

    # Then nothing of it is kept
    assert await fetch("SELECT id FROM bookmark UNION ALL SELECT id FROM share UNION ALL SELECT id FROM entry") == []
