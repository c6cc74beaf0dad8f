"""Lists, feeds, mutes and digests between servers, by the forms that people send."""

from __future__ import annotations

import re
from typing import Any

from tests.stories.reading import Reading


async def a_list(reader: Any, *who: Any) -> str:
    """Make a list by its forms, and put people on it; returns its path."""
    made = await reader.browser.post("/network/lists", data={"name": "<b>News</b>"})
    path = str(made.headers["location"]).removesuffix("/edit")
    for each in who:
        assert (await reader.browser.post(f"{path}/put", data={"who": each.handle})).status_code == 303
    return path


async def test_a_list_of_people_elsewhere_has_a_page_and_a_feed_for_whoever_has_its_key(fleet):
    # Given somebody who follows two people of two servers, and has one of them on a list with a feed
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example")
    await ana.follow(bo)
    await ana.follow(cy)
    await fleet.settle()
    path = await a_list(ana, bo)
    await ana.browser.post(f"{path}/key")

    # When both save pages
    await bo.save("https://one.example/", title="One & only")
    await bo.save("https://two.example/", title="For followers", visibility="followers")
    await cy.save("https://three.example/", title="Three")
    await fleet.settle()

    # Then the page shows what the one saved, and the feed of it what is not for followers
    page = (await ana.browser.get(path)).text
    assert ("One &amp; only" in page, "For followers" in page, "Three" in page) == (True, True, False)
    assert "&lt;b&gt;News" in page
    edit = (await ana.browser.get(f"{path}/edit")).text
    feed = re.search(r"https://a\.example(/feeds/lists/[a-z2-7]+/[a-z2-7]+\.atom)", edit)
    assert feed is not None
    stranger = ana.server.browser()
    told = (await stranger.get(feed[1])).text
    assert ("One &amp; only" in told, "For followers" in told, "Three" in told) == (True, False, False)

    # And a new key ends the old one; nobody else finds the list
    await ana.browser.post(f"{path}/key")
    assert (await stranger.get(feed[1])).status_code == 404
    assert (await stranger.get(path)).status_code in (303, 401)
    other = await ana.server.sign_up("otto")
    assert (await other.browser.get(path)).status_code == 404


async def test_what_is_chosen_is_shown_the_next_time_and_looking_changes_nothing(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await ana.follow(bo)
    await fleet.settle()
    await bo.save("https://one.example/", title="One", tags="sql")
    await bo.save("https://two.example/", title="Two", tags="ml")
    await fleet.settle()

    only = (await ana.browser.get("/network?tag=sql")).text
    after = (await ana.browser.get("/network")).text
    await ana.browser.post("/network/show", data={"list": "", "tag": "#SQL"})
    remembered = (await ana.browser.get("/network")).text

    assert (">One<" in only, ">Two<" in only) == (True, False)
    assert (">One<" in after, ">Two<" in after) == (True, True)
    assert (">One<" in remembered, ">Two<" in remembered) == (True, False)
    assert (await ana.browser.get("/network?from=nobody@nowhere.example")).status_code == 404
    refused = await ana.browser.post("/network/show", data={"from": "nobody@nowhere.example"})
    assert refused.status_code == 422
    assert Reading(refused.text).wrong


async def test_mutes_by_form_say_what_is_wrong_and_end_by_themselves(fleet, clock):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await ana.follow(bo)
    await fleet.settle()
    await bo.save("https://one.example/", title="World Cup")
    await fleet.settle()

    past = await ana.browser.post("/people/muted/add", data={"kind": "word", "value": "cup", "until": "2001-01-01"})
    odd = await ana.browser.post("/people/mute", data={"who": bo.handle, "until": "tomorrow"})
    assert (past.status_code, odd.status_code) == (422, 422)
    assert Reading(past.text).wrong
    assert Reading(odd.text).wrong
    await ana.browser.post("/people/muted/add", data={"kind": "word", "value": "cup", "until": "2026-03-08"})

    assert "World Cup" not in (await ana.browser.get("/network")).text
    clock.forward(days=10)
    assert "World Cup" in (await ana.browser.get("/network")).text
