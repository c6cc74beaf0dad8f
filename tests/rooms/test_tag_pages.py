"""An admin lets the page of a tag here follow a stream of another server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedimark.database import fetch_one
from fedimark.errors import FedimarkError, Forbidden, NotFound, Refused
from fedimark.follows import pages
from fedimark.follows.request import follow, unfollow
from fedimark.moderation import domains
from tests.rooms.strangers import Stranger, amount, letters
from tests.rooms.test_subscriptions import SERVER, SQL, answer, states

PAGE = "https://a.example/t/sql"


@pytest.fixture
def sql(server, fleet) -> Stranger:
    """A tag of another server."""
    return Stranger(fleet, SQL, type="Group", name="#sql", preferredUsername="tag.sql")


async def test_a_page_hangs_on_the_servers_subscription_as_readers_do(ana, sql):
    # When the page follows first, and a reader after it
    assert (await pages.subscribe("#SQL", SQL))["state"] == "requested"
    await follow(ana.viewer, SQL)
    [(kind, _, asked)] = await letters()
    assert (kind, asked["actor"]) == ("Follow", SERVER)
    await sql.do(answer("Accept", asked))

    # Then one answer lets both in, and the one who stays keeps it
    assert await states() == {PAGE: "accepted", ".instance": "accepted", "ana": "accepted"}
    await unfollow(ana.viewer, SQL)
    assert await states() == {PAGE: "accepted", ".instance": "accepted"}
    await pages.unsubscribe("sql", "#sql@marks.example")
    assert await states() == {}
    assert [(kind, document["actor"]) for kind, _, document in await letters()] == [
        ("Follow", SERVER),
        ("Undo", SERVER),
    ]


async def test_a_page_comes_to_what_is_subscribed_already(ana, sql):
    await follow(ana.viewer, SQL)
    [(_, _, asked)] = await letters()
    await sql.do(answer("Accept", asked))

    assert (await pages.subscribe("databases", SQL))["state"] == "accepted"

    [line] = await pages.subscriptions()
    assert (line["tag"], line["uri"], line["state"], line["readers"]) == ("databases", SQL, "accepted", 1)
    assert [kind for kind, _, _ in await letters()] == ["Follow"]


async def test_a_tag_nobody_had_here_gets_no_page_of_its_own_by_that(server, sql):
    await pages.subscribe("sql", SQL)

    answered = await server.client.get("/t/sql", headers={"Accept": "application/activity+json"})
    assert answered.status_code == 404
    assert await fetch_one("SELECT public_at FROM tag WHERE key = 'sql'") == {"public_at": None}


@pytest.mark.parametrize("tag", ["", "#", "a b", ".sql", "..."])
async def test_a_page_is_of_one_tag_that_is_not_private(server, sql, tag):
    with pytest.raises(Refused) as told:
        await pages.subscribe(tag, SQL)
    assert told.value.field == "tag"


async def test_a_page_follows_streams_of_others_only(ana, server, fleet):
    # Given what is here, people, a feed, and a stream that approves by hand
    await ana.save("https://one.example/", tags="rust")
    cleo = Stranger(fleet, "https://mastodon.example/users/cleo")
    shy = Stranger(fleet, "https://shy.example/groups/sql", type="Group", manuallyApprovesFollowers=True)

    for who in ("#rust", "ana", "@tag.rust@a.example", SERVER, "https://a.example/t/rust", cleo.uri, shy.uri):
        with pytest.raises((Refused, NotFound)):
            await pages.subscribe("sql", who)
    await domains.block_domain("blocked.example")
    with pytest.raises(Forbidden):
        await pages.subscribe("sql", "#sql@blocked.example")

    assert await amount("follow") == 0
    assert await letters() == []


async def test_what_is_not_followed_is_not_ended(server, sql):
    await pages.subscribe("sql", SQL)

    for tag, who in (("rust", SQL), ("sql", "https://marks.example/t/rust"), ("sql", "@tag.sql@other.example")):
        with pytest.raises(FedimarkError):
            await pages.unsubscribe(tag, who)
    assert len(await states()) == 2


async def test_a_page_goes_along_when_its_stream_moves_and_ends_where_the_new_one_is_none(server, sql, fleet):
    await pages.subscribe("sql", SQL)
    await sql.do(answer("Accept", (await letters())[0][2]))
    person = "https://sloth.example/users/sql"
    Stranger(fleet, person, alsoKnownAs=[SQL])

    move = {"id": f"{SQL}#move", "type": "Move", "actor": SQL, "object": SQL, "target": person, "to": ["as:Public"]}
    assert await sql.do(move) == "moved"

    assert await amount("follow") == 0
    assert [kind for kind, _, _ in await letters()] == ["Follow", "Undo"]


# --- doors ------------------------------------------------------------------------------------------------------------


async def test_admins_see_what_pages_show_and_add_and_end(ana, server, sql):
    sent = await ana.browser.post("/moderation/streams/add", data={"tag": "sql", "who": "@tag.sql@marks.example"})
    assert sent.headers["location"] == "/moderation/streams"

    drawn = (await ana.browser.get("/moderation/streams")).text
    assert "@tag.sql@marks.example · a tag stream · 0 people here follow it" in drawn
    assert "<span class=chip>requested</span>" in drawn
    await ana.browser.post("/moderation/streams/end", data={"tag": "sql", "who": SQL})
    assert "No page shows a stream" in (await ana.browser.get("/moderation/streams")).text


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ({"tag": "sql", "who": "#sql@nowhere.example"}, "who", "The other server did not answer"),
        ({"tag": "a b", "who": SQL}, "tag", "Give one tag"),
        ({"tag": "sql", "who": "@"}, "who", "Give a handle"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(ana, sql, sent, field, words):
    answered = await ana.browser.post("/moderation/streams/add", data=sent)

    assert answered.status_code >= 422
    assert words in answered.text.partition(f'id="{field}-wrong"')[2].partition("</p>")[0]


async def test_nobody_but_admins_comes_near(ana, server, sql):
    bo = await server.sign_up("bo")
    asked: list[Any] = [
        await bo.browser.get("/moderation/streams"),
        await bo.browser.post("/moderation/streams/add", data={"tag": "sql", "who": SQL}),
        await bo.browser.post("/moderation/streams/end", data={"tag": "sql", "who": SQL}),
    ]

    assert [each.status_code for each in asked] == [403] * 3
    assert await amount("follow") == 0


async def test_the_list_is_plain_rows(server, sql):
    await pages.subscribe("sql", SQL)

    [row] = await pages.subscriptions()
    assert json.dumps(row)
    assert row["name"] == "#sql"
