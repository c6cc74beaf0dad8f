"""Whose words of other servers stand where strangers read, search and subscribe: whoever says so, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import execute
from fedimark.remote.actors import find_actor
from fedimark.search.indexing import index_some
from fedimark.worker import do_a_job
from tests.rooms.peers import Says
from tests.rooms.provers import Prover
from tests.rooms.test_incoming import followed

CLEO = "https://mastodon.example/users/cleo"
WORD = "zygomorphic"
FOR_STRANGERS = (
    "/recent",
    "/t/sql",
    "/url/?url=https://example.org/1",
    f"/search?in=here&q={WORD}",
    "/recent/feed.atom",
    "/t/sql/feed.rss",
    "/t/sql/feed.json",
    f"/search/feed.atom?q={WORD}",
)


def bookmark(cleo: Prover, **said: Any) -> dict[str, Any]:
    """A Create of a public bookmark as others than fedimarks write it; `said` is of the Note."""
    create = cleo.create()
    create["object"] |= {"name": f"{WORD} flowers", "tag": [{"type": "Hashtag", "name": "#sql"}], **said}
    return create


async def shows(browser: Any, path: str) -> bool:
    """Whether somebody finds it there."""
    answer = await browser.get(path, follow_redirects=True)
    assert answer.status_code in (200, 404), path
    # What was searched for is marked.
    return f"{WORD} flowers" in answer.text.replace("<mark>", "").replace("</mark>", "")


@pytest.mark.parametrize(
    ("said", "software", "is_open"),
    [
        ({}, "mastodon", False),
        ({"indexable": False}, "mastodon", False),
        ({"indexable": "yes, please"}, "mastodon", False),
        ({"indexable": True}, "mastodon", True),
        ({}, "betula", True),
    ],
)
async def test_remote_words_are_for_strangers_only_where_their_author_or_a_bookmark_server_says_so(
    ana, fleet, said, software, is_open
):
    # Given somebody elsewhere whom ana follows, and what their server runs
    cleo = await followed(ana, Prover(fleet, CLEO, **said))
    await execute("UPDATE peer SET software = ? WHERE host = 'mastodon.example'", software)
    while await do_a_job():
        pass

    # When they say something to everybody
    assert await cleo.do(bookmark(cleo)) == "saved"
    while await index_some():
        pass

    # Then strangers find it on every page, in every search and feed, or in none; whoever follows them does
    bo = await ana.server.sign_up("bo")
    for browser in (ana.server.browser(), bo.browser):
        found = {path: await shows(browser, path) for path in FOR_STRANGERS}
        assert found == dict.fromkeys(FOR_STRANGERS, is_open)
    for path in ("/network", f"/search?in=network&q={WORD}"):
        assert await shows(ana.browser, path)


async def test_a_tag_that_gives_a_link_is_no_such_thing_in_the_notes_of_others(ana, server, fleet):
    # Given a bookmark of somebody followed that is tagged as people here give links
    cleo = await followed(ana, Prover(fleet, CLEO, indexable=True))
    named = {"fedimark:tags": ["for:ana", "for:@ana@a.example", "sql"]}

    # When it comes
    assert await cleo.do(bookmark(cleo, **named)) == "saved"
    await server.settle()

    # Then it is a bookmark in the network, and nobody is given a link nor told of one
    assert await shows(ana.browser, "/network")
    for path in ("/for-you", "/notifications"):
        page = (await ana.browser.get(path)).text
        assert WORD not in page
    for path in ("/network", "/recent", "/u/cleo@mastodon.example"):
        assert "for:" not in (await ana.browser.get(path)).text


async def test_who_lets_other_servers_find_what_they_save_says_so_to_them(ana, server, fleet):
    # Given somebody elsewhere who follows ana, of whom nothing of that kind is said at first
    cleo = Prover(fleet, CLEO)
    cleo.peer.answers |= {"/inbox": Says(202), "/users/cleo/inbox": Says(202)}
    await cleo.do({"id": f"{CLEO}#f", "type": "Follow", "actor": CLEO, "object": ana.uri})
    await server.settle()
    as2 = {"Accept": "application/activity+json"}
    assert (await server.client.get("/u/ana", headers=as2)).json()["indexable"] is False

    # When she ticks the box, and unticks it
    told = []
    for said in ({"searchable": "yes"}, {}):
        cleo.peer.asked.clear()
        form = {"visibility": "public", "time_zone": "UTC", **said}
        assert (await ana.browser.post("/settings", data=form)).status_code == 303
        await server.settle()
        [update] = cleo.peer.bodies()
        shown = (await server.client.get("/u/ana", headers=as2)).json()["indexable"]
        told.append((update["type"], update["object"]["indexable"], shown))

    # Then her followers' servers hear of both
    assert told == [("Update", True, True), ("Update", False, False)]


@pytest.mark.parametrize("end", [{"indexable": False}, {"indexable": True, "summary": "<p>#NoBots</p>"}])
async def test_what_is_learned_by_asking_anew_holds_for_what_is_known_already(ana, server, fleet, clock, end):
    # Given somebody who lets everybody see what they save
    cleo = await followed(ana, Prover(fleet, CLEO, indexable=True))
    await server.settle()
    assert await cleo.do(bookmark(cleo)) == "saved"
    seen = [await shows(server.client, "/recent")]

    # When they say otherwise, and then again, and never tell us: their server is asked a day later
    for said in (end, {"indexable": True, "summary": ""}):
        cleo.said = said
        cleo.show()
        clock.forward(days=2)
        await find_actor(CLEO)
        await server.settle()
        seen.append(await shows(server.client, "/recent"))

    # Then strangers see it as they allow
    assert seen == [True, False, True]
