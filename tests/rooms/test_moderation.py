"""Blocked domains stay outside every door; who is suspended is shut out, falls silent, and can be restored."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.accounts.credentials import sign_in
from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_bookmark
from fedimark.database import execute, fetch_one
from fedimark.delivery.claim import claim, give_back
from fedimark.delivery.enqueue import say
from fedimark.delivery.send import drain
from fedimark.errors import Forbidden, Gone, NotFound, Refused, Untrustworthy
from fedimark.follows.request import follow
from fedimark.here import here
from fedimark.inbox.apply import apply_waiting
from fedimark.moderation import domains, suspension
from fedimark.policy import blocks, hosts
from fedimark.remote import client
from fedimark.remote.actors import find_actor
from fedimark.worker import settle
from tests.rooms.strangers import Stranger, amount, letters, outcome, told
from tests.support.counting import statements
from tests.support.invariants import disagreements
from tests.support.people import PASSWORD

CLEO = "https://mastodon.example/users/cleo"
HERE = {"marks.example": "a.example"}
URL = "https://store.example/cache"


@pytest.fixture
async def cleo(server, fleet) -> Stranger:
    """Somebody of another server."""
    return Stranger(fleet, CLEO)


@pytest.fixture
async def bo(server, ana) -> Any:
    """Somebody of this server who is no admin."""
    return await server.sign_up("bo")


async def let_in(wire: Any, person: Any, cleo: Stranger) -> None:
    """A person here and cleo follow each other."""
    await follow(person.viewer, "@cleo@mastodon.example")
    asked = (await letters())[-1][2]
    await cleo.do({"id": f"{CLEO}#accept", "type": "Accept", "actor": CLEO, "object": asked})
    assert await cleo.do(wire("mastodon/follow", **HERE)) == "accepted"
    await execute("DELETE FROM delivery")


def note_of(cleo: Stranger, wire: Any) -> dict[str, Any]:
    """A bookmark of cleo's, as a bookmark server sends it."""
    document = wire(
        "fedimark/create_note", **{"https://marks.example/u/ana": CLEO, "marks.example": "mastodon.example"}
    )
    return document | {"actor": CLEO}


# --- what a block covers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("bad.example", "bad.example"),
        (" BAD.Example. ", "bad.example"),
        ("https://bad.example:443/users/x?y", "bad.example"),
        ("bad.example:8443", "bad.example:8443"),
        ("bäd.example", "xn--bd-via.example"),
        ("BÄD.example", "xn--bd-via.example"),
        ("b%61d.example", "bad.example"),
        ("ｂａｄ.example", "bad.example"),
        ("127.1:8000", "127.0.0.1:8000"),
        ("[::1]:8000", "[::1]:8000"),
        ("", ""),
        ("a b", ""),
        ("ftp://bad.example", ""),
    ],
)
def test_a_host_has_one_spelling(typed, host):
    assert hosts.normal(typed) == host


@pytest.mark.parametrize(
    ("blocked", "host", "is_blocked"),
    [
        ("bad.example", "bad.example", True),
        ("bad.example", "deep.sub.bad.example", True),
        ("bad.example", "bad.example:8443", True),
        ("bad.example", "notbad.example", False),
        ("bad.example", "example", False),
        ("sub.bad.example", "bad.example", False),
        ("127.0.0.1:8001", "127.0.0.1:8001", True),
        ("127.0.0.1:8001", "127.0.0.1:8002", False),
        ("0.0.1", "127.0.0.1", False),
        ("[::1]:8000", "[::1]:8000", True),
        ("bad.example", "", False),
    ],
)
def test_a_block_covers_what_lies_below_and_nothing_beside(blocked, host, is_blocked):
    assert hosts.covers({blocked}, host) is is_blocked


@pytest.mark.parametrize("typed", ["", "a b", "@cleo@mastodon.example", "A.example", "https://a.example:443/"])
async def test_a_server_does_not_block_itself_nor_what_is_no_domain(server, typed):
    with pytest.raises(Refused):
        await domains.block_domain(typed)

    assert await amount("blocked_domain") == 0


# --- the doors --------------------------------------------------------------------------------


@pytest.mark.parametrize("blocked", ["mastodon.example", "MASTODON.example.", "https://mastodon.example/about"])
async def test_nothing_is_taken_from_a_blocked_domain_and_nobody_is_asked(ana, cleo, wire, blocked):
    await domains.block_domain(blocked)

    with pytest.raises(Forbidden):
        await cleo.say(wire("mastodon/follow", **HERE))

    assert await amount("received_activity") == 0
    assert await amount("actor") == 2  # the instance and ana
    assert cleo.peer.asked == []


async def test_a_blocked_domain_gets_403_at_the_door(server, ana, cleo, wire):
    await domains.block_domain("mastodon.example")
    message = cleo.signed(wire("mastodon/follow", **HERE))

    answer = await server.client.post(
        "/inbox", content=message.body, headers={name: values[0] for name, values in message.headers.items()}
    )

    assert answer.status_code == 403


async def test_nothing_is_taken_from_below_a_blocked_domain(fleet, ana, wire):
    deep = Stranger(fleet, "https://social.mastodon.example/users/cleo")
    await domains.block_domain("mastodon.example")

    with pytest.raises(Forbidden):
        await deep.say({**wire("mastodon/follow", **HERE), "actor": deep.uri, "id": f"{deep.uri}#1"})


async def test_somebody_whose_handle_is_of_a_blocked_domain_is_refused_too(fleet, ana, cleo, wire):
    await cleo.row()
    await execute("UPDATE actor SET host = 'bad.example' WHERE uri = ?", CLEO)
    await domains.block_domain("bad.example")

    with pytest.raises(Forbidden):
        await cleo.say(wire("mastodon/follow", **HERE))

    assert await amount("received_activity") == 0


async def test_nothing_is_asked_of_a_blocked_domain(server, cleo):
    await domains.block_domain("mastodon.example")

    with pytest.raises(Untrustworthy):
        await find_actor(CLEO)

    assert cleo.peer.asked == []


async def test_a_redirect_does_not_lead_to_a_blocked_domain(server, fleet, cleo):
    from tests.rooms.peers import Says, stand

    other = stand(fleet, "other.example")
    other.answers["/"] = Says(302, headers={"location": CLEO})
    await domains.block_domain("mastodon.example")

    with pytest.raises(Untrustworthy):
        await client.get("https://other.example/", accept="*/*", signer=None)

    assert cleo.peer.asked == []


async def test_nobody_of_a_blocked_domain_can_be_followed(ana, cleo):
    await cleo.row()
    await domains.block_domain("mastodon.example")

    for who in ("@cleo@mastodon.example", CLEO):
        with pytest.raises(Forbidden):
            await follow(ana.viewer, who)

    assert await amount("follow") == 0
    assert await letters() == []


async def test_nothing_is_said_to_a_blocked_domain(ana, cleo):
    await domains.block_domain("mastodon.example")

    await say(ana.viewer.actor_id, "Create", "https://a.example/u/ana/b/x", {}, [f"{CLEO}/inbox"], "a" * 13)

    assert await letters() == []


async def test_another_process_agrees_within_a_second(server, ana, cleo, clock, wire):
    assert not await blocks.is_blocked(CLEO)
    mine = here().caches["policy.blocked_domains"]
    await domains.block_domain("mastodon.example")
    here().caches["policy.blocked_domains"] = mine  # as a process that was not told

    before = await blocks.is_blocked(CLEO)
    clock.forward(seconds=1)
    after = await blocks.is_blocked(CLEO)

    assert (before, after) == (False, True)


async def test_asking_whether_somebody_is_blocked_costs_no_statement(server, clock):
    await domains.block_domain("bad.example")
    await blocks.is_blocked(CLEO)

    with statements() as known:
        for _ in range(100):
            await blocks.is_blocked(CLEO)
    clock.forward(seconds=1)
    with statements() as again:
        await blocks.is_blocked(CLEO)

    assert (len(known), len(again)) == (0, 1)


# --- what was there before --------------------------------------------------------------------------------


async def test_a_block_ends_follows_drops_bookmarks_and_what_waits_to_be_sent(server, ana, cleo, wire):
    await let_in(wire, ana, cleo)
    assert await cleo.do(note_of(cleo, wire)) == "saved"
    await ana.save(URL)
    assert len(await letters()) == 1

    await domains.block_domain("mastodon.example", "spam")
    await settle(here())

    assert await amount("follow") == 0
    assert await letters() == []
    assert (await fetch_one("SELECT count(*) AS n FROM bookmark WHERE NOT is_local"))["n"] == 0
    assert [seen.savers for seen in await ana.timeline()] == [["ana@a.example"]]
    assert await disagreements() == []


async def test_what_was_taken_in_before_the_block_is_not_applied_after_it(server, ana, cleo, wire):
    await cleo.say(wire("mastodon/follow", **HERE))
    await domains.block_domain("mastodon.example")

    await apply_waiting()

    assert await outcome() == "blocked"
    assert await amount("follow") == 0


async def test_after_unblocking_only_what_arrives_anew_is_there(server, ana, cleo, wire):
    await let_in(wire, ana, cleo)
    await cleo.do(note_of(cleo, wire))
    await domains.block_domain("mastodon.example")
    await settle(here())

    await domains.unblock_domain("Mastodon.Example")
    await settle(here())

    assert await amount("bookmark") == 0
    assert await amount("follow") == 0
    assert await cleo.do(wire("mastodon/follow", **HERE) | {"id": f"{CLEO}#again"}) == "accepted"


async def test_unblocking_what_is_not_blocked_says_so(server):
    with pytest.raises(NotFound):
        await domains.unblock_domain("bad.example")


# --- suspended --------------------------------------------------------------------------------


async def test_who_is_suspended_is_signed_out_and_cannot_sign_in(server, bo):
    await suspension.suspend("bo")

    page = await bo.browser.get("/network")
    with pytest.raises(Refused, match="suspended"):
        await sign_in("bo", PASSWORD)
    with pytest.raises(Refused, match="not right"):
        await sign_in("bo", "something else entirely")

    assert page.status_code == 303
    assert page.headers["location"].startswith("/sign-in")
    assert await amount("session") == 1  # ana's


async def test_a_session_opened_while_they_were_suspended_does_not_hold(server, bo):
    from fedimark.accounts.sessions import open_session, token_hash, viewer_of

    await suspension.suspend("bo")

    token = await open_session(bo.viewer.account_id)

    assert await viewer_of(token_hash(token)) is None


@pytest.mark.parametrize("path", ["/u/bo", "/u/bo/t/sql", "/u/bo/public", "/u/bo/b/{id}"])
async def test_the_pages_of_who_is_suspended_are_gone_and_come_back(server, ana, bo, path):
    saved = await bo.save(URL, tags="sql")
    path = path.format(id=saved.public_id)
    await suspension.suspend("bo")
    await settle(here())

    for browser in (server.client, ana.browser):
        page = await browser.get(path, headers={"accept": "text/html"})
        assert page.status_code == 410
        assert "suspended" in page.text
    await suspension.restore("bo")
    await settle(here())

    assert (await server.client.get(path, headers={"accept": "text/html"})).status_code == 200


@pytest.mark.parametrize("word", ["public", "unlisted", "followers"])
async def test_the_bookmarks_of_who_is_suspended_leave_every_stream_and_come_back(server, ana, bo, word):
    await ana.follow(bo)
    await bo.save(URL, tags="sql", visibility=word)
    await ana.save("https://sqlite.org/", tags="sql")
    await bo.save("https://sqlite.org/", tags="sql db", visibility=word)
    paths = ("/recent", "/t/sql", "/network", f"/url/?url={URL}", "/url/?url=https://sqlite.org/", "/")

    async def drawn() -> list[str]:
        pages = [await ana.browser.get(path, follow_redirects=True) for path in paths]
        return [page.text for page in pages]

    before = await drawn()
    assert any('href="/u/bo"' in text for text in before)
    await suspension.suspend("bo")
    await settle(here())

    assert not any('href="/u/bo"' in text.partition("You follow")[0] for text in await drawn())
    assert [seen.savers for seen in await ana.timeline()] == [["ana@a.example"]]
    assert await disagreements() == []
    await suspension.restore("bo")
    await settle(here())

    assert await drawn() == before
    assert await disagreements() == []


async def test_nothing_is_saved_or_imported_for_who_is_suspended(server, bo):
    saved = await bo.save(URL)
    await suspension.suspend("bo")

    with pytest.raises(Forbidden):
        await save_bookmark(Owner.of(bo.viewer), read_draft(url="https://example.org/"))
    with pytest.raises(Forbidden):
        await bo.remove(URL)

    assert await amount("bookmark") == 1
    assert saved.is_new


async def test_an_invitation_of_who_is_suspended_opens_nothing(server, ana, bo):
    from fedimark.accounts.invites import make_invite
    from fedimark.accounts.registration import choose_mode, sign_up
    from fedimark.policy.visibility import Visibility

    await choose_mode(ana.viewer, "invite")
    code = await make_invite(bo.viewer, "invite")
    await suspension.suspend("bo")

    with pytest.raises(Refused):
        await sign_up("cy", PASSWORD, Visibility.PUBLIC, code)


async def test_other_servers_find_a_suspended_actor_and_nothing_else(server, bo, cleo, wire):
    await execute("UPDATE actor SET name = 'Bo', summary = 'words' WHERE local_name = 'bo'")
    saved = await bo.save(URL)
    await suspension.suspend("bo")
    as_server = {"accept": "application/activity+json"}

    actor = await server.client.get("/u/bo", headers=as_server)
    rest = [
        (await server.client.get(path, headers=as_server)).status_code
        for path in (saved.path, "/u/bo/outbox", "/u/bo/followers", "/u/bo/following")
    ]
    finger = await server.client.get("/.well-known/webfinger?resource=acct:bo@a.example")

    assert actor.status_code == 200
    assert actor.json()["suspended"] is True
    assert (actor.json()["name"], actor.json()["summary"]) == ("bo", "")
    assert rest == [403, 403, 403, 403]
    assert finger.status_code == 200
    follow_bo = wire("mastodon/follow", **{"marks.example/u/ana": "a.example/u/bo"})
    assert await cleo.do(follow_bo) == "ignored"


async def test_who_is_suspended_falls_silent_until_they_are_restored(server, bo, cleo, wire):
    assert await cleo.do(wire("mastodon/follow", **{"marks.example/u/ana": "a.example/u/bo"})) == "accepted"
    await drain()
    await bo.save(URL)
    cleo.peer.asked.clear()

    await suspension.suspend("bo")
    await settle(here())
    silent = cleo.peer.bodies()
    await suspension.restore("bo")
    await settle(here())

    assert silent == []
    assert [body["type"] for body in cleo.peer.bodies()] == ["Create"]


async def test_what_is_being_sent_when_they_are_suspended_is_held_back_too(server, bo, cleo, wire):
    await cleo.do(wire("mastodon/follow", **{"marks.example/u/ana": "a.example/u/bo"}))
    await drain()
    await bo.save(URL)
    await told()
    [visit] = await claim()
    [[delivery]] = visit.inboxes
    await suspension.suspend("bo")
    from fedimark.delivery import settle as settling

    await settling.failed(delivery, "unreachable", jitter=0)
    await give_back([visit])

    assert await claim() == []
    await suspension.restore("bo")
    assert len(await claim()) == 1


async def test_a_held_letter_stops_nobody_elses(server, ana, bo, cleo, wire):
    for name in ("ana", "bo"):
        asked = wire("mastodon/follow", **{"marks.example/u/ana": f"a.example/u/{name}"})
        await cleo.do(asked | {"id": f"{CLEO}#{name}"})
    await drain()
    await bo.save(URL)
    await suspension.suspend("bo")
    await ana.save(URL)
    cleo.peer.asked.clear()

    await settle(here())

    assert [body["actor"] for body in cleo.peer.bodies()] == ["https://a.example/u/ana"]


async def test_suspending_twice_and_restoring_who_is_not_are_refused(server, bo):
    with pytest.raises(Refused):
        await suspension.restore("bo")
    await suspension.suspend("bo")

    with pytest.raises(Refused):
        await suspension.suspend("bo")
    with pytest.raises(NotFound):
        await suspension.suspend("nobody")
    with pytest.raises(NotFound):
        await suspension.suspend(".instance")


async def test_who_is_suspended_cannot_be_followed(server, ana, bo):
    await suspension.suspend("bo")

    with pytest.raises((NotFound, Gone)):
        await ana.follow(bo)


# --- the page --------------------------------------------------------------------------------


async def test_only_admins_see_to_the_server(server, ana, bo):
    assert (await bo.browser.get("/moderation")).status_code == 403
    assert (await server.client.get("/moderation", headers={"accept": "text/html"})).status_code in (303, 401)
    for path, form in (
        ("/moderation/domains/block", {"host": "bad.example"}),
        ("/moderation/domains/unblock", {"host": "bad.example"}),
        ("/moderation/accounts/suspend", {"name": "ana"}),
        ("/moderation/accounts/restore", {"name": "ana"}),
    ):
        assert (await bo.browser.post(path, data=form)).status_code == 403

    assert await amount("blocked_domain") == 0


async def test_an_admin_blocks_and_suspends_from_the_page(server, ana, bo):
    blocked = await ana.browser.post("/moderation/domains/block", data={"host": "Bad.Example", "reason": "spam & co"})
    suspended = await ana.browser.post("/moderation/accounts/suspend", data={"name": "bo"})

    page = await ana.browser.get("/moderation")

    assert (blocked.status_code, suspended.status_code) == (303, 303)
    assert "bad.example" in page.text
    assert "spam &amp; co" in page.text
    assert ">bo<" in page.text
    await ana.browser.post("/moderation/domains/unblock", data={"host": "bad.example"})
    await ana.browser.post("/moderation/accounts/restore", data={"name": "bo"})
    assert await amount("blocked_domain") == 0
    assert (await bo.browser.get("/u/bo")).status_code == 200


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/moderation/domains/block", {"host": "a b"}, 422),
        ("/moderation/accounts/suspend", {"name": "ana"}, 422),
        ("/moderation/accounts/suspend", {"name": "nobody"}, 404),
    ],
)
async def test_what_cannot_be_done_is_said_beside_its_field(ana, path, form, status):
    page = await ana.browser.post(path, data=form)

    assert page.status_code == status
    assert "class=wrong" in page.text


async def test_the_admin_chooses_who_may_sign_up_on_the_page_of_invitations(server, ana, bo):
    page = await ana.browser.get("/settings/invites")
    others = await bo.browser.get("/settings/invites")

    await ana.browser.post("/settings/registration", data={"registration": "open"})
    after = await ana.browser.get("/settings/invites")

    assert page.text.count('name="registration"') == 3
    assert 'name="registration"' not in others.text
    assert 'value="open" checked' in after.text
