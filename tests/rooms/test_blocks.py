"""Blocks between people: follows end both ways, nobody is shown what they should not see, and only they are told."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.bookmarks import shares
from fedimark.database import execute, fetch_one, perform, write
from fedimark.errors import Forbidden, NotFound, Refused
from fedimark.follows.request import follow
from fedimark.here import now
from fedimark.moderation import people
from fedimark.outbox import publish
from fedimark.policy import blocks
from fedimark.remote.peers import inbox_ids
from tests.rooms.strangers import Stranger, amount, letters, told
from tests.support.counting import statements
from tests.support.invariants import disagreements

CLEO = "https://mastodon.example/users/cleo"
HERE = {"marks.example": "a.example"}
URL = "https://store.example/cache"


@pytest.fixture
async def cleo(server, fleet) -> Stranger:
    """Somebody of another server, known here."""
    stranger = Stranger(fleet, CLEO)
    await stranger.row()
    return stranger


@pytest.fixture
async def bo(server, ana) -> Any:
    """Somebody else of this server."""
    return await server.sign_up("bo")


async def befriended(wire: Any, person: Any, cleo: Stranger) -> None:
    """A person here and cleo follow each other, and nothing waits."""
    await follow(person.viewer, "@cleo@mastodon.example")
    asked = (await letters())[-1][2]
    await cleo.do({"id": f"{CLEO}#accept", "type": "Accept", "actor": CLEO, "object": asked})
    await cleo.do(wire("mastodon/follow", **HERE))
    assert (await fetch_one("SELECT count(*) AS n FROM follow WHERE state = 'accepted'"))["n"] == 2
    await execute("DELETE FROM delivery")


# --- of somebody elsewhere --------------------------------------------------------------------------------


async def test_blocking_somebody_elsewhere_ends_both_follows_and_tells_them_alone(ana, cleo, wire):
    await befriended(wire, ana, cleo)

    await people.block(ana.viewer, "@cleo@mastodon.example")

    told = await letters()
    assert [(kind, inbox) for kind, inbox, _ in told] == [
        ("Undo", f"{CLEO}/inbox"),
        ("Reject", f"{CLEO}/inbox"),
        ("Block", f"{CLEO}/inbox"),
    ]
    block = told[-1][2]
    assert (block["actor"], block["object"], block["to"]) == (ana.uri, CLEO, [CLEO])
    assert block["id"].startswith(f"{ana.uri}/blocks/")
    assert await amount("follow") == 0
    assert await disagreements() == []


async def test_blocking_twice_is_said_once(ana, cleo):
    await people.block(ana.viewer, CLEO)
    await people.block(ana.viewer, CLEO)

    assert [kind for kind, _, _ in await letters()] == ["Block"]


async def test_unblocking_undoes_the_block_that_was_said(ana, cleo):
    await people.block(ana.viewer, CLEO)
    await people.unblock(ana.viewer, "@cleo@mastodon.example")

    (_, _, block), (kind, inbox, undo) = await letters()
    assert (kind, inbox) == ("Undo", f"{CLEO}/inbox")
    assert undo["object"] == {key: value for key, value in block.items() if key != "@context"}
    assert await amount("block") == 0


async def test_somebody_whose_server_is_down_can_be_blocked_when_they_are_known(ana, cleo, fleet):
    fleet.network.down.add("mastodon.example")

    await people.block(ana.viewer, "@cleo@mastodon.example")

    assert await amount("block") == 1


async def test_a_follow_asked_by_who_is_blocked_is_rejected_at_once(ana, cleo, wire):
    await people.block(ana.viewer, CLEO)
    await execute("DELETE FROM delivery")

    assert await cleo.do(wire("mastodon/follow", **HERE)) == "refused"

    [(kind, _, document)] = await letters()
    assert (kind, document["object"]["actor"]) == ("Reject", CLEO)
    assert await amount("follow") == 0


async def test_a_request_that_waits_is_rejected_by_the_block(ana, cleo, wire):
    await execute("UPDATE actor SET approves_followers = ? WHERE local_name = 'ana'", True)
    assert await cleo.do(wire("mastodon/follow", **HERE)) == "requested"

    await people.block(ana.viewer, CLEO)

    assert [kind for kind, _, _ in await letters()] == ["Reject", "Block"]


async def test_an_accept_that_comes_after_the_block_changes_nothing(ana, cleo):
    await follow(ana.viewer, "@cleo@mastodon.example")
    [(_, _, asked)] = await letters()
    await people.block(ana.viewer, CLEO)

    accept = {"id": f"{CLEO}#accept", "type": "Accept", "actor": CLEO, "object": asked}

    assert await cleo.do(accept) == "ignored"
    assert await amount("follow") == 0


async def test_what_waits_for_them_alone_is_dropped_and_nothing_newer_is_sent(ana, cleo, wire):
    async with write():
        own = await perform(inbox_ids([f"{CLEO}/inbox"]))
        await execute("UPDATE actor SET shared_inbox = '', inbox_id = ? WHERE uri = ?", own[f"{CLEO}/inbox"], CLEO)
    await befriended(wire, ana, cleo)
    saved = await ana.save(URL)
    assert [kind for kind, _, _ in await letters()] == ["Create"]

    await people.block(ana.viewer, CLEO)
    await execute(
        "INSERT INTO reach (object_hash, inbox_hash, inbox) SELECT object_hash, inbox_hash, inbox FROM delivery"
    )
    await ana.edit(URL, title="another")

    assert "Create" not in [kind for kind, _, _ in await letters()]
    assert "Update" not in [kind for kind, _, _ in await letters()]
    assert saved.is_new


async def test_an_edit_does_not_reach_who_got_the_bookmark_and_is_blocked_since(ana, cleo, wire):
    from fedimark import addresses

    await befriended(wire, ana, cleo)
    saved = await ana.save(URL)
    shared = "https://mastodon.example/inbox"
    await execute("DELETE FROM delivery")
    note = addresses.uri_hash(addresses.absolute(saved.path))
    sql = "INSERT INTO reach (object_hash, inbox_hash, inbox) VALUES (?, ?, ?)"
    await execute(sql, note, addresses.uri_hash(shared), shared)

    await people.block(ana.viewer, CLEO)
    await ana.edit(URL, title="another")

    assert [kind for kind, _, _ in await letters()] == ["Undo", "Reject", "Block"]


# --- received --------------------------------------------------------------------------------


async def test_a_block_received_ends_both_follows_and_nothing_more_is_said(ana, cleo, wire):
    await befriended(wire, ana, cleo)

    assert await cleo.do(wire("mastodon/block", **HERE)) == "blocked"
    await ana.save(URL)

    assert await amount("follow") == 0
    assert await letters() == []
    assert await disagreements() == []


async def test_who_is_blocked_from_elsewhere_cannot_ask_to_follow(ana, cleo, wire):
    await cleo.do(wire("mastodon/block", **HERE))

    with pytest.raises(Forbidden):
        await follow(ana.viewer, "@cleo@mastodon.example")

    assert await letters() == []


@pytest.mark.parametrize("by_id", [False, True])
async def test_an_undo_of_a_block_brings_no_follow_back(ana, cleo, wire, by_id):
    await befriended(wire, ana, cleo)
    await cleo.do(wire("mastodon/block", **HERE))
    undo = wire("mastodon/undo_block", **HERE)

    assert await cleo.do(undo | ({"object": undo["object"]["id"]} if by_id else {})) == "unblocked"

    assert await amount("block") == 0
    assert await amount("follow") == 0
    await follow(ana.viewer, "@cleo@mastodon.example")


async def test_nobody_takes_back_the_block_of_another(ana, cleo, fleet, wire):
    eve = Stranger(fleet, "https://mastodon.example/users/eve")
    await cleo.do(wire("mastodon/block", **HERE))
    undo = wire("mastodon/undo_block", **HERE)

    by_id = undo | {"actor": eve.uri, "id": f"{eve.uri}#1", "object": undo["object"]["id"]}
    by_whom = undo | {"actor": eve.uri, "id": f"{eve.uri}#2", "object": {**undo["object"], "actor": eve.uri}}

    assert await eve.do(by_id) == "ignored"
    assert await eve.do(by_whom) == "ignored"
    with pytest.raises(Forbidden):
        await eve.say(undo | {"actor": eve.uri, "id": f"{eve.uri}#3"})
    assert await amount("block") == 1


@pytest.mark.parametrize(
    "target", ["https://a.example/u/nobody", "https://a.example/u/ana/b/x", "https://a.example/actor"]
)
async def test_a_block_of_nobody_here_is_ignored(ana, cleo, wire, target):
    assert await cleo.do(wire("mastodon/block", **HERE) | {"object": target}) == "ignored"
    assert await amount("block") == 0


async def test_a_block_by_them_does_not_become_one_of_ours(ana, cleo, wire):
    await cleo.do(wire("mastodon/block", **HERE))

    with pytest.raises(NotFound):
        await people.unblock(ana.viewer, CLEO)

    assert await amount("block") == 1


# --- of somebody here --------------------------------------------------------------------------------


async def test_people_here_do_not_follow_each_other_across_a_block(ana, bo):
    await ana.follow(bo)
    await bo.follow(ana)

    await people.block(ana.viewer, "bo")

    assert await amount("follow") == 0
    for one, other in ((ana, bo), (bo, ana)):
        with pytest.raises(Forbidden):
            await one.follow(other)
    assert await letters() == []
    assert await disagreements() == []


@pytest.mark.parametrize("who", ["ana", "https://a.example/u/ana", ".instance", "@a.example@a.example", "", "a b"])
async def test_one_cannot_block_oneself_nor_the_server_nor_nobody(ana, who):
    with pytest.raises((Refused, NotFound)):
        await people.block(ana.viewer, who)

    assert await amount("block") == 0


async def test_who_is_blocked_sees_what_a_stranger_sees(server, ana, bo):
    await bo.follow(ana)
    for word in ("public", "unlisted", "followers", "private"):
        await ana.save(f"https://example.org/{word}", title=f"it is {word}", visibility=word)
    assert "it is followers" in (await bo.browser.get("/u/ana")).text

    await people.block(ana.viewer, "bo")

    theirs, strangers = await bo.browser.get("/u/ana"), await server.client.get("/u/ana")
    for word, shown in (("public", True), ("unlisted", True), ("followers", False), ("private", False)):
        assert (f"it is {word}" in theirs.text) is (f"it is {word}" in strangers.text) is shown
    assert "it is followers" not in (await bo.browser.get("/network")).text
    assert "it is followers" not in (await bo.browser.get("/url/?url=https://example.org/followers")).text


async def test_what_a_blocked_person_saved_is_not_drawn_for_the_blocker(server, ana, bo):
    await bo.save(URL, title="only bo has it", tags="sql")
    await bo.save("https://sqlite.org/", title="of bo", tags="sql db")
    await ana.save("https://sqlite.org/", title="of ana", tags="sql db")
    paths = ("/recent", "/t/sql", "/t/sql,db", "/network", "/url/?url=https://sqlite.org/", "/u/ana", "/u/bo")

    await people.block(ana.viewer, "bo")

    for path in paths:
        text = (await ana.browser.get(path, follow_redirects=True)).text
        assert "only bo has it" not in text, path
        assert "of bo" not in text, path
        assert 'href="/u/bo"' not in text, path
        assert "2 savers" not in text, path
    assert (await ana.browser.get(f"/url/?url={URL}", follow_redirects=True)).status_code == 404
    assert "only bo has it" in (await server.client.get("/recent")).text
    assert "only bo has it" in (await bo.browser.get("/recent")).text


async def test_a_page_of_a_stream_is_full_however_many_are_hidden(server, ana, bo):
    for number in range(8):
        await bo.save(f"https://example.org/bo/{number}")
    cy = await server.sign_up("cy")
    for number in range(3):
        await cy.save(f"https://example.org/cy/{number}")
    await people.block(ana.viewer, "bo")

    recent = (await ana.browser.get("/recent")).text

    assert recent.count('class="entry') == 3


async def test_the_follow_of_somebody_else_still_brings_a_page_both_saved(server, ana, bo):
    cy = await server.sign_up("cy")
    await ana.follow(cy)
    await bo.save(URL, title="of bo")
    await cy.save(URL, title="of cy")

    await people.block(ana.viewer, "bo")

    assert [(seen.title, seen.savers) for seen in await ana.timeline()] == [("of cy", ["cy@a.example"])]


async def test_unblocking_shows_them_again(server, ana, bo):
    await bo.save(URL, title="of bo")
    await people.block(ana.viewer, "bo")
    await people.unblock(ana.viewer, "bo")

    assert "of bo" in (await ana.browser.get("/recent")).text
    assert "of bo" in (await ana.browser.get("/u/bo")).text


@pytest.mark.parametrize("first", ["block", "share"])
async def test_what_a_followed_person_shares_of_somebody_blocked_stays_out_of_the_network(ana, bo, cleo, wire, first):
    await befriended(wire, ana, cleo)
    await bo.save(URL, title="of bo")

    async def shared() -> None:
        bookmark = await fetch_one("SELECT * FROM bookmark")
        async with write():
            await shares.share(await cleo.row(), bookmark, f"{bo.uri}/b/{bookmark['public_id']}", None, now())

    if first == "share":
        await shared()
        assert [seen.url for seen in await ana.timeline()] == [URL]
    await people.block(ana.viewer, "bo")
    if first == "block":
        await shared()

    assert await ana.timeline() == []
    assert await amount("entry") == 3  # recent, of everybody and of this server, and bo’s own network
    assert await disagreements() == []
    await people.unblock(ana.viewer, "bo")
    assert [seen.url for seen in await ana.timeline()] == [URL]
    assert await disagreements() == []


@pytest.mark.parametrize("path", ["/recent", "/t/sql", "/t/sql,db", "/network", "/u/bo", "/people", "/people/blocked"])
async def test_a_block_costs_no_page_a_statement(server, ana, bo, path):
    await ana.save(URL, tags="sql db")
    await bo.save(URL, tags="sql db")
    cy = await server.sign_up("cy")
    await blocks.blocked_hosts()  # which a process reads once
    with statements() as before:
        await ana.browser.get(path)

    await people.block(ana.viewer, "cy")

    with statements() as after:
        await ana.browser.get(path)
    assert len(before) == len(after)
    assert cy.name == "cy"


async def test_whether_there_is_a_block_is_seen_from_both_sides(ana, bo):
    one, other = ana.viewer.actor_id, bo.viewer.actor_id
    assert not await blocks.between(one, other)

    await people.block(ana.viewer, "bo")

    assert await blocks.between(one, other)
    assert await blocks.between(other, one)


# --- pages --------------------------------------------------------------------------------


async def test_people_are_followed_blocked_and_unblocked_from_the_pages(server, ana, bo, cleo):
    await ana.browser.post("/network/follow", data={"who": "bo", "back": "/people"})
    assert 'href="/u/bo"' in (await ana.browser.get("/people")).text

    blocked = await ana.browser.post("/people/block", data={"who": "@bo@a.example", "back": "/people"})
    await ana.browser.post("/people/block", data={"who": "@cleo@mastodon.example"})
    page = await ana.browser.get("/people/blocked")

    assert (blocked.status_code, blocked.headers["location"]) == (303, "/people")
    assert 'href="/u/bo"' not in (await ana.browser.get("/people")).text
    assert 'href="/u/bo"' in page.text
    assert f'value="{CLEO}"' in page.text
    assert "unblock" in (await ana.browser.get("/u/bo")).text
    for who in ("bo", CLEO):
        assert (await ana.browser.post("/people/unblock", data={"who": who})).status_code == 303
    assert await amount("block") == 0


async def test_what_cannot_be_blocked_is_said_beside_the_field(ana):
    page = await ana.browser.post("/people/block", data={"who": "<nobody>"})

    assert page.status_code == 422
    assert "&lt;nobody&gt;" in page.text
    assert "class=wrong" in page.text


@pytest.mark.parametrize("path", ["/people", "/people/blocked"])
async def test_the_pages_are_for_who_is_signed_in(server, path):
    page = await server.client.get(path, headers={"accept": "text/html"})

    assert page.status_code == 303


async def test_following_somebody_across_a_block_says_why(ana, bo):
    await people.block(bo.viewer, "ana")

    page = await ana.browser.post("/network/follow", data={"who": "bo"})

    assert page.status_code == 403
    assert "block" in page.text


# --- a changed profile --------------------------------------------------------------------------------


def settings(**changed: str) -> dict[str, str]:
    """The form of the settings as it is at first."""
    return {"visibility": "public", "time_zone": "UTC", "theme": "auto", **changed}


async def test_a_changed_profile_reaches_followers_elsewhere_once(ana, cleo, wire):
    await befriended(wire, ana, cleo)

    await ana.browser.post("/settings", data=settings(name="Ana", bio="I save."))
    await ana.browser.post("/settings", data=settings(name="Ana B.", bio="I save."))
    await ana.browser.post("/settings", data=settings(name="Ana B.", bio="I save.", theme="dark"))

    [(kind, inbox, document)] = await letters()
    assert (kind, inbox) == ("Update", "https://mastodon.example/inbox")
    assert document["object"]["id"] == document["actor"] == ana.uri
    assert (document["object"]["name"], document["object"]["type"]) == ("Ana B.", "Person")
    assert "@context" not in document["object"]


async def test_approving_by_hand_is_told_too(ana, cleo, wire):
    await befriended(wire, ana, cleo)

    await ana.browser.post("/settings", data=settings(approve_followers="yes"))

    [(_, _, document)] = await letters()
    assert document["object"]["manuallyApprovesFollowers"] is True


async def test_a_change_nobody_follows_is_told_to_nobody(ana, cleo):
    await ana.browser.post("/settings", data=settings(name="Ana"))

    assert await letters() == []


async def test_an_older_update_of_a_bookmark_is_not_superseded_by_one_of_the_person(ana, cleo, wire):
    await befriended(wire, ana, cleo)
    await ana.save(URL)
    await told()
    actor = await fetch_one("SELECT * FROM actor WHERE local_name = 'ana'")

    async with write():
        await publish.person_changed(actor)

    assert [kind for kind, _, _ in await letters()] == ["Create", "Update"]
