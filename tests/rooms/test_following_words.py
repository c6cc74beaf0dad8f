"""Whoever follows something is told what was found, on the page and on the command line."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import execute
from fedimark.follows.request import follow
from fedimark.follows.words import told
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger
from tests.rooms.test_resolve_tags import FEED, RSS, Site
from tests.support.people import Person

SQL = "https://marks.example/t/sql"


@pytest.fixture
def marks(server, fleet) -> Site:
    """https://marks.example, with one tag."""
    marks = Site(fleet, "marks.example")
    marks.has("/t/sql", "tag.sql", name="#sql")
    return marks


async def sent(ana: Person, who: str, back: str = "") -> Any:
    """What the page after the form says."""
    answered = await ana.browser.post("/network/follow", data={"who": who, "back": back})
    return await ana.browser.get(answered.headers["location"]) if answered.status_code == 303 else answered


@pytest.mark.parametrize("back", ["", "/people"])
async def test_the_page_says_what_was_found(ana, marks, back):
    page = (await sent(ana, "#sql@marks.example", back)).text

    assert "#sql at marks.example is a tag stream; you follow it as soon as its server answers." in page
    assert page.count("role=status") == 1


async def test_a_stream_stands_among_the_tags_with_a_way_to_leave_it(ana, marks, fleet):
    await sent(ana, "#sql@marks.example")
    await sent(ana, Stranger(fleet, "https://mastodon.example/users/cleo").uri)

    for path in ("/network", "/people"):
        people, _, tags = (await ana.browser.get(path)).text.partition("Tags you follow")
        assert SQL in tags
        assert "tag.sql@marks.example" in tags
        assert "withdraw" in tags
        assert "tag.sql@marks.example" not in people
        assert "cleo@mastodon.example" in people
    await ana.browser.post("/network/leave", data={"who": SQL})
    assert SQL not in (await ana.browser.get("/network")).text


async def test_what_is_not_to_be_had_is_said_beside_the_field(ana, marks):
    answered = await sent(ana, "#rust@marks.example")

    assert answered.status_code == 422
    assert 'value="#rust@marks.example"' in answered.text
    wrong = answered.text.partition("id=who-wrong")[2].partition("</p>")[0]
    assert "marks.example offers nothing to follow for #rust." in wrong
    assert "@rust@tags.pub" in wrong


async def test_nobody_is_told_what_another_follows(ana, server, marks):
    bo = await server.sign_up("bo")
    await follow(bo.viewer, "#sql@marks.example")

    for number in ("1", "2", "3", "x", "٣", "9" * 40):
        page = await ana.browser.get("/network", params={"followed": number})
        assert (page.status_code, "role=status" in page.text) == (200, False)


async def test_each_kind_has_its_words(ana, server, marks, fleet):
    lemmy = Site(fleet, "lemmy.example")
    lemmy.runs("lemmy")
    lemmy.has("/c/sql", "sql", name="All about SQL")
    marks.has("/groups/old", "old", name="The old ones")
    marks.has("/u/cleo/t/sql", "cleo.sql", "Service", name="cleo: #sql", attributedTo="https://marks.example/u/cleo")
    blog = Site(fleet, "blog.example")
    blog.peer.answers["/feed"] = Says(200, FEED, RSS)
    bo = await server.sign_up("bo")
    await bo.save("https://one.example/", tags="sql")
    await execute("UPDATE actor SET approves_followers = ? WHERE local_name = 'bo'", True)
    later = "you follow it as soon as its server answers."

    said = {
        who: await told(await follow(ana.viewer, who))
        for who in (
            "#sql@lemmy.example",
            "@old@marks.example",
            "@cleo.sql@marks.example",
            "https://blog.example/feed",
            "bo",
            "#sql",
        )
    }

    assert said == {
        "#sql@lemmy.example": f"All about SQL at lemmy.example is a community; {later}",
        "@old@marks.example": f"The old ones at marks.example is a group; {later}",
        "@cleo.sql@marks.example": f"cleo: #sql at marks.example is a tag stream; {later}",
        "https://blog.example/feed": "sql at blog.example is a feed, read every 15 minutes at most; you follow it.",
        "bo": "@bo@a.example was asked.",
        "#sql": "#sql at a.example is a tag stream; you follow it.",
    }


async def test_what_is_subscribed_already_is_followed_at_once(ana, server, marks):
    bo = await server.sign_up("bo")
    asked = await follow(bo.viewer, "#sql@marks.example")
    stream = Stranger(marks.fleet, SQL, type="Group", preferredUsername="tag.sql", name="#sql")
    assert asked["state"] == "requested"
    about = {"type": "Follow", "actor": "https://a.example/actor", "object": SQL}
    await stream.do({"id": f"{SQL}#1", "type": "Accept", "actor": SQL, "object": about})

    page = (await sent(ana, "#sql@marks.example")).text

    assert "#sql at marks.example is a tag stream; you follow it." in page
