"""The inboxes' own door refuses cheaply, and the short way in believes no more than the long one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fedimark.activitypub.door import Inboxes
from fedimark.database import execute, fetch
from fedimark.here import MICROS, here, now
from fedimark.inbox import groups, senders
from fedimark.inbox.groups import ANYBODY, Kept, commit
from fedimark.moderation.domains import block_domain
from fedimark.signatures.message import Message
from tests.rooms.doors import WAYS, knock, signed, with_headers
from tests.rooms.peers import AS2
from tests.rooms.strangers import Stranger, amount, key_of
from tests.support.counting import statements

CLEO = "https://mastodon.example/users/cleo"


@pytest.fixture
async def cleo(server, fleet) -> Stranger:
    """Somebody of another server, known here."""
    stranger = Stranger(fleet, CLEO)
    await stranger.row()
    return stranger


def create(number: int = 1, **said: Any) -> dict[str, Any]:
    """A Create of cleo's in its usual shape."""
    note = {"id": f"{CLEO}/statuses/{number}", "type": "Note", "attributedTo": CLEO, "content": "<p>Hi</p>", **said}
    return {"id": f"{CLEO}#create/{number}", "type": "Create", "actor": CLEO, "to": ["as:Public"], "object": note}


@pytest.fixture
async def met(cleo, server) -> Stranger:
    """Cleo, whose key held once."""
    assert await knock(server.asgi, signed(cleo, create(0))) == 202
    assert senders.known(cleo.key_id) is not None
    return cleo


# --- the short way -------------------------------------------------------------------------------------------------


async def test_who_is_known_is_taken_in_with_one_statement(met, server):
    with statements() as count:
        assert await knock(server.asgi, signed(met, create(1))) == 202

    assert len(count) == 1, count
    assert await amount("received_activity") == 2


async def test_the_same_again_is_taken_and_stored_once(met, server):
    message = signed(met, create(1))

    assert [await knock(server.asgi, message) for _ in range(3)] == [202, 202, 202]
    assert await amount("received_activity") == 2


async def test_whoever_is_suspended_by_any_process_is_refused_at_once(met, server):
    await execute("UPDATE actor SET suspended_at = ? WHERE uri = ?", now(), CLEO)

    assert await knock(server.asgi, signed(met, create(1))) == 403
    assert await amount("received_activity") == 1


async def test_whoever_is_gone_is_asked_for_again(met, server):
    await execute("UPDATE actor SET gone_at = ?, fetched_at = 0 WHERE uri = ?", now(), CLEO)

    await knock(server.asgi, signed(met, create(1)))

    assert [request for request in met.peer.asked if "cleo" in str(request)]


async def test_whoever_comes_from_a_domain_blocked_since_is_refused_at_once(met, server):
    await block_domain("mastodon.example")

    assert await knock(server.asgi, signed(met, create(1))) == 403


async def test_a_key_that_was_changed_since_proves_nothing_any_more(met, server):
    old = signed(met, create(1))
    met.key = key_of(CLEO, 2)
    met.show()
    server.clock.forward(seconds=1)
    assert await knock(server.asgi, signed(met, create(2))) == 202

    server.clock.forward(seconds=400)
    assert await knock(server.asgi, old) == 401


async def test_a_forged_body_host_date_and_digest_are_refused_of_who_is_known(met, server):
    good = signed(met, create(1))

    forged = [
        Message("POST", "/inbox", good.headers, good.body.replace(b"Hi", b"Ho")),
        Message("POST", "/inbox?x=1", good.headers, good.body),
        with_headers(good, {"host": "b.example"}),
        signed(met, create(1), at=now() - 13 * 3_600 * MICROS),
        signed(met, create(1), at=now() + 2 * 3_600 * MICROS),
        with_headers(good, {"digest": "SHA-256=AAAA"}),
        Message("POST", "/inbox", {name: v for name, v in good.headers.items() if name != "signature"}, good.body),
        Message("POST", "/inbox", good.headers | {"signature": good.headers["signature"] * 2}, good.body),
        Message("POST", "/inbox", good.headers | {"date": good.headers["date"] * 2}, good.body),
        Message("POST", "/inbox", good.headers | {"host": ("a.example", "a.example")}, good.body),
    ]

    assert {await knock(server.asgi, each) for each in forged} == {401}
    assert await amount("received_activity") == 1


async def test_nobody_speaks_for_another_by_being_known(met, server, fleet):
    eve = Stranger(fleet, "https://mastodon.example/users/eve")
    assert await knock(server.asgi, signed(eve, {**create(5), "actor": eve.uri, "object": eve.uri})) in (202, 403)

    assert await knock(server.asgi, signed(eve, create(6))) == 401


# --- the door ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "status"),
    [
        *((each, 202) for each in ("/inbox", "/actor/inbox", "/u/ana/inbox", "/u/%61na/inbox", "/inbox?page=1")),
        *((each, 404) for each in ("/u/nobody/inbox", "//inbox", "/u//inbox", "/u/ana//inbox", "/inbox/", "/INBOX")),
        *((each, 400) for each in ("/u/%zz/inbox", "/inbox?a=%00", "/u/ana/inbox?a=%00")),
    ],
)
async def test_each_spelling_of_an_inbox_leads_where_it_led(met, ana, server, target, status):
    assert await knock(server.asgi, signed(met, create(1), to=target)) == status


@pytest.mark.parametrize(
    ("target", "status"),
    [
        *((each, 202) for each in ("/t/sql/inbox", "/u/ana/t/sql/inbox", "/t/SQL/inbox", "/u/ana/t/s%71l/inbox")),
        *((each, 404) for each in ("/t/unheard/inbox", "/u/ana/t/unheard/inbox", "/u/nobody/t/sql/inbox")),
        *((each, 404) for each in ("/u/ana/digest/inbox", "/t/sql,db/inbox")),
    ],
)
async def test_tags_and_digests_have_inboxes_where_they_are_here(met, ana, server, target, status):
    await ana.save("https://x.example/1", tags="sql")

    assert await knock(server.asgi, signed(met, create(1), to=target)) == status


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "post"])
async def test_only_what_is_posted_is_taken(met, server, method):
    good = signed(met, create(1))

    assert await knock(server.asgi, Message(method, "/inbox", good.headers, good.body)) == 405


async def test_whoever_left_has_no_inbox_any_more(met, ana, server):
    await execute("UPDATE actor SET gone_at = ? WHERE local_name = 'ana'", now())

    assert await knock(server.asgi, signed(met, create(1), to="/u/ana/inbox")) == 410


@pytest.mark.parametrize("kind", ["application/json", "application/ld+json", "text/html", "", AS2 + ", text/html"])
async def test_other_kinds_of_content_are_refused_unread(server, kind):
    async def never():
        raise AssertionError("the body was read")
        yield b""

    message = Message("POST", "/inbox", {"host": ("a.example",), "content-type": (kind,)}, b"")

    assert await knock(server.asgi, message, body=never()) == 415


async def test_what_nobody_signed_is_refused_unread(server):
    async def never():
        raise AssertionError("the body was read")
        yield b""

    message = Message("POST", "/inbox", {"host": ("a.example",), "content-type": (AS2,)}, b"")

    assert await knock(server.asgi, message, body=never()) == 401


@pytest.mark.parametrize("way", WAYS)
async def test_where_no_signature_can_hold_the_rest_of_the_body_is_not_waited_for(met, server, way):
    async def beginning():
        yield b"{"
        raise AssertionError("the rest was waited for")

    old = signed(met, create(1), way, at=now() - 13 * 3_600 * MICROS)
    for message in (old, with_headers(signed(met, create(1), way), {"host": "b.example"})):
        long = with_headers(message, {"content-length": "1000"})
        assert await knock(server.asgi, long, body=beginning()) == 401


async def test_a_length_beyond_the_limit_is_refused_unread_and_a_lie_where_it_shows(met, server):
    async def endless():
        while True:
            yield b" " * 65_536

    for said in ("2000000", "9" * 30, "10", "-1", "x"):
        message = with_headers(signed(met, create(1)), {"content-length": said})
        assert await knock(server.asgi, message, body=endless()) == 413


def posted() -> dict[str, Any]:
    """The head of what is posted to the inbox of all."""
    headers = [(b"host", b"a.example"), (b"content-type", AS2.encode()), (b"signature", b"of somebody")]
    place = {"path": "/inbox", "raw_path": b"/inbox", "query_string": b""}
    return {"type": "http", "method": "POST", **place, "headers": headers}


async def test_a_body_that_dawdles_is_not_waited_for(server):
    said: list[dict[str, Any]] = []
    parts = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await Inboxes(server.asgi, body_s=0.01)(posted(), receive, send)

    assert said[0]["status"] == 408


async def test_whoever_hangs_up_is_not_answered(server):
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        raise AssertionError(message)

    await Inboxes(server.asgi)(posted(), receive, send)


async def test_refusals_are_problem_documents_that_no_browser_takes_for_a_page(server):
    reply = await server.client.post("https://a.example/inbox", content=b"{}", headers={"content-type": AS2})

    assert reply.status_code in (400, 401)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.json()["status"] == reply.status_code


# --- groups --------------------------------------------------------------------------------------------------------


def row(name: str, body: str = "{}", met: int = ANYBODY) -> Kept:
    """Something to keep."""
    return Kept(name, 1, "Create", body, 1, 1, met)


async def test_what_comes_at_one_time_is_written_in_one_statement_in_its_order(server, database):
    rows = [row(f"row {number}") for number in range(300)]

    with statements() as count:
        outcomes = await asyncio.gather(*map(commit, rows))

    assert set(outcomes) == {"new"}
    assert len(count) <= 4
    found = await fetch("SELECT uri_hash FROM received_activity ORDER BY id")
    assert [each["uri_hash"] for each in found] == [each.uri_hash for each in rows]


async def test_one_that_cannot_be_written_fails_alone(server):
    bad = row("bad", body="\ud800")

    outcomes = await asyncio.gather(commit(row("a")), commit(bad), commit(row("b")), return_exceptions=True)

    assert [outcomes[0], outcomes[2]] == ["new", "new"]
    assert isinstance(outcomes[1], Exception)
    assert await amount("received_activity") == 2


async def test_the_same_twice_in_a_group_is_written_once(server):
    outcomes = await asyncio.gather(commit(row("a")), commit(row("a")))
    again = await commit(row("a"))

    assert set(outcomes) == {"new"}
    assert again == "known"
    assert await amount("received_activity") == 1


async def test_whoever_stops_waiting_stops_nobody_else(server):
    waits, leaves = asyncio.create_task(commit(row("a"))), asyncio.create_task(commit(row("b")))
    await asyncio.sleep(0)
    leaves.cancel()

    assert await waits == "new"
    assert here().caches[groups.WRITER].waiting == []
