"""The gate: nothing comes in that its sender has not signed, and nothing is applied that failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fedimark.database import execute, fetch, fetch_one
from fedimark.errors import Forbidden, Malformed, NotProven, TooLarge, Unreachable, WrongType
from fedimark.here import MICROS, now
from fedimark.inbox.apply import AT_ONCE, PAUSES_S, apply_asked, apply_waiting
from fedimark.inbox.dispatch import HANDLERS
from fedimark.inbox.receive import receive
from fedimark.signatures.message import Message
from tests.rooms.peers import AS2, Says
from tests.rooms.strangers import Stranger, amount, chunks, deliver, key_of, outcome

CLEO = "https://mastodon.example/users/cleo"
HERE = {"marks.example": "a.example"}


@pytest.fixture
async def cleo(server, fleet) -> Stranger:
    """Somebody of another server, known here."""
    stranger = Stranger(fleet, CLEO)
    await stranger.row()
    return stranger


@pytest.fixture
def eve(cleo, fleet) -> Stranger:
    """Somebody of the same server, who means no good."""
    return Stranger(fleet, "https://mastodon.example/users/eve")


@pytest.fixture
def note(wire) -> dict[str, Any]:
    """A Create of cleo's."""
    return wire("mastodon/create_note", **HERE)


# --- forged ------------------------------------------------------------------------------------------------------


async def test_an_unsigned_create_is_refused(cleo, note):
    headers = {"host": ("a.example",), "content-type": (AS2,)}

    with pytest.raises(NotProven, match="unsigned"):
        await deliver(Message("POST", "/inbox", headers, json.dumps(note).encode()))

    assert await amount("received_activity") == 0


async def test_a_create_signed_by_somebody_else_is_refused(cleo, eve, note):
    with pytest.raises(NotProven, match="key-owner"):
        await eve.say(note)

    assert await amount("received_activity") == 0


async def test_a_create_forged_in_anothers_name_is_refused(cleo, eve, note):
    eve.key_id = cleo.key_id

    with pytest.raises(NotProven, match="wrong-signature"):
        await eve.say(note)

    assert await amount("received_activity") == 0


async def test_a_key_of_another_server_proves_nothing_and_is_not_fetched(cleo, note, fleet):
    mallory = Stranger(fleet, "https://mallory.example/users/cleo")

    with pytest.raises(NotProven, match="key-host"):
        await mallory.say(note)

    assert mallory.peer.asked == []


async def test_a_body_changed_on_the_way_is_refused(cleo, note):
    signed = cleo.signed(note)
    note["object"]["content"] = "<p>something else</p>"

    with pytest.raises(NotProven, match="wrong-digest"):
        await deliver(Message("POST", "/inbox", signed.headers, json.dumps(note).encode()))


async def test_a_request_for_another_server_or_inbox_cannot_be_replayed_here(cleo, note):
    with pytest.raises(NotProven, match="wrong-host"):
        await cleo.say(note, host="b.example")

    signed = cleo.signed(note, to="/u/ana/inbox")
    with pytest.raises(NotProven, match="wrong-signature"):
        await deliver(Message("POST", "/inbox", signed.headers, signed.body))


async def test_an_old_request_is_refused(cleo, note):
    with pytest.raises(NotProven, match="stale"):
        await cleo.say(note, at=now() - 13 * 3600 * MICROS)


async def test_nobody_speaks_through_the_inbox_as_somebody_of_this_server(cleo, ana, note):
    note |= {"actor": ana.uri, "id": f"{ana.uri}/1"}

    with pytest.raises(NotProven, match="own-host"):
        await cleo.say(note)


async def test_what_is_not_theirs_to_say_is_forbidden(cleo, note):
    note["object"]["id"] = "https://other.example/statuses/1"

    with pytest.raises(Forbidden):
        await cleo.say(note)

    assert await amount("received_activity") == 0


# --- the shape of a request ----------------------------------------------------------------------------------------


async def test_a_body_over_the_limit_is_refused_however_long_it_says_it_is(cleo):
    async def endless():
        while True:
            yield b" " * 65_536

    for said in ({}, {"content-length": ("10",)}, {"content-length": ("9" * 30,)}):
        with pytest.raises(TooLarge):
            await receive("POST", "/inbox", {"content-type": (AS2,), "signature": ("x",), **said}, endless())


@pytest.mark.parametrize("kind", ["application/json", "application/ld+json", "text/html", ""])
async def test_other_content_types_are_refused(cleo, kind):
    with pytest.raises(WrongType):
        await receive("POST", "/inbox", {"content-type": (kind,)}, chunks(b"{}"))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type":"Create"}', b"\xff", b'{"a":1,"a":2}', b"[" * 1_000])
async def test_what_cannot_be_read_is_malformed(cleo, body):
    with pytest.raises(Malformed):
        await cleo.say(body)


# --- once ----------------------------------------------------------------------------------------------------------


async def test_an_exact_repeat_is_taken_and_stored_once(cleo, note):
    message = cleo.signed(note)

    await deliver(message)
    await deliver(message)
    await cleo.say(note)

    assert await amount("received_activity") == 1


async def test_nobody_can_use_up_anothers_id(cleo, eve, note):
    await eve.say({"id": note["id"], "type": "Like", "actor": eve.uri, "object": "https://a.example/u/ana"})

    await cleo.say(note)

    assert await amount("received_activity") == 2


async def test_activities_without_an_id_are_told_apart_by_what_they_say(cleo, note):
    del note["id"]

    await cleo.say(note)
    await cleo.say(note)
    note["object"]["updated"] = "2026-08-21T00:00:00Z"
    await cleo.say(note)

    assert await amount("received_activity") == 2


async def test_somebody_unknown_who_deletes_themselves_is_believed_without_asking(server, fleet, wire):
    stranger = Stranger(fleet, CLEO)

    await stranger.say(wire("mastodon/delete_actor"))

    assert await amount("received_activity") == 0
    assert stranger.peer.asked == []


# --- keys ----------------------------------------------------------------------------------------------------------


async def test_a_key_not_yet_known_is_fetched(server, fleet, note):
    stranger = Stranger(fleet, CLEO)

    await stranger.say(note)

    assert await amount("received_activity") == 1


async def test_a_new_key_is_fetched_once_and_every_bad_signature_after_that_is_not(cleo, note):
    cleo.key = key_of(CLEO, 2)
    cleo.show()
    await cleo.say(note)
    asked = len(cleo.peer.asked)

    cleo.key = key_of(CLEO, 3)
    for number in range(3):
        with pytest.raises(NotProven):
            await cleo.say({**note, "id": f"{CLEO}/{number}"})

    assert await amount("received_activity") == 1
    assert len(cleo.peer.asked) == asked


async def test_while_a_key_cannot_be_had_the_sender_shall_come_again(server, fleet, note):
    stranger = Stranger(fleet, CLEO)
    fleet.network.down.add("mastodon.example")

    with pytest.raises(Unreachable):
        await stranger.say(note)

    assert await amount("received_activity") == 0


async def test_an_actor_that_is_gone_can_still_say_so(cleo, wire):
    cleo.peer.answers[cleo.path] = Says(410)
    cleo.key = key_of(CLEO, 2)

    await cleo.say(wire("mastodon/delete_actor"))
    await apply_waiting()

    row = await fetch_one("SELECT gone_at FROM actor WHERE uri = ?", CLEO)
    assert row is not None
    assert row["gone_at"] is not None


async def test_a_neighbour_whose_key_is_gone_ends_nobody(cleo, eve, wire):
    eve.peer.answers[eve.path] = Says(410)

    for _ in range(2):
        with pytest.raises((NotProven, Unreachable)):
            await eve.say(wire("mastodon/delete_actor"))

    row = await fetch_one("SELECT gone_at FROM actor WHERE uri = ?", CLEO)
    assert row is not None
    assert row["gone_at"] is None
    assert await amount("received_activity") == 0


# --- applying ------------------------------------------------------------------------------------------------------


async def test_what_we_do_not_know_is_taken_counted_and_ignored(cleo):
    came_to = await cleo.do({"id": f"{CLEO}/1", "type": "Listen", "actor": CLEO, "object": "https://a.example/"})

    assert came_to == "ignored"
    row = await fetch_one("SELECT kind, applied_at FROM received_activity")
    assert row is not None
    assert row["kind"] == "Listen"
    assert row["applied_at"] is not None


async def test_a_row_that_fails_lets_the_others_pass_and_is_set_aside_after_five_tries(cleo, note, clock):
    await cleo.say(note)
    await execute("UPDATE received_activity SET body = ?", '{"type": "Create"}')

    came_to = await cleo.do({"id": f"{CLEO}/2", "type": "Listen", "actor": CLEO, "object": "https://a.example/"})
    tries = 1
    for pause in PAUSES_S:
        assert await apply_waiting() == 0
        clock.forward(seconds=pause + 1)
        tries += await apply_waiting()

    assert came_to == "ignored"
    assert tries == 5
    row = await fetch_one("SELECT outcome, applied_at FROM received_activity ORDER BY id LIMIT 1")
    assert row is not None
    assert row["outcome"] == "poison: Unreadable"
    assert row["applied_at"] is not None
    clock.forward(days=1)
    assert await apply_waiting() == 0


async def test_questions_about_one_server_leave_room_for_another(cleo, fleet):
    bo = Stranger(fleet, "https://new.example/users/bo")
    await bo.row()
    for stranger, times in ((cleo, AT_ONCE + 1), (bo, 1)):
        for number in range(times):
            update = {"id": f"{stranger.uri}/{number}", "type": "Update", "actor": stranger.uri}
            await stranger.say(update | {"object": stranger.uri})
    await apply_waiting()

    await apply_asked()

    rows = await fetch(
        "SELECT a.uri FROM received_activity r JOIN actor a ON a.id = r.actor_id WHERE applied_at IS NULL"
    )
    assert [row["uri"] for row in rows] == [cleo.uri] * 2


async def test_applying_again_changes_nothing(cleo, ana, wire):
    follow = wire("mastodon/follow", **HERE)
    assert await cleo.do(follow) == "accepted"

    await execute("UPDATE received_activity SET applied_at = NULL")
    await apply_waiting()

    assert await outcome() == "accepted"
    assert await amount("follow") == 1


# --- the door ------------------------------------------------------------------------------------------------------


async def test_the_door_answers_with_the_status_of_each_case(cleo, server, ana, note, fleet):
    async def post(message: Message, path: str = "/inbox") -> int:
        headers = [(name, value) for name, values in message.headers.items() for value in values]
        answer = await server.browser().post(path, content=message.body, headers=headers)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
        return answer.status_code

    plain = Message("POST", "/inbox", {"content-type": (AS2,)}, json.dumps(note).encode())
    unknown = Stranger(fleet, "https://new.example/users/new")
    fleet.network.down.add("new.example")
    like = {"id": f"{unknown.uri}/1", "type": "Like", "actor": unknown.uri, "object": ana.uri}

    assert await post(cleo.signed(note)) == 202
    assert await post(cleo.signed(note, to="/u/ana/inbox"), "/u/ana/inbox") == 202
    assert await post(plain) == 401
    assert await post(cleo.signed(b"{")) == 400
    assert await post(Message("POST", "/inbox", {"content-type": ("text/plain",)}, b"{}")) == 415
    assert await post(cleo.signed(b" " * 1_048_577)) == 413
    assert await post(cleo.signed(note, to="/u/nobody/inbox"), "/u/nobody/inbox") == 404
    assert await post(unknown.signed(like)) == 503


def test_federation_md_names_every_activity_received():
    page = (Path(__file__).parents[2] / "FEDERATION.md").read_text("utf-8")
    received = page.partition("## What is received")[2].partition("\n## ")[0]

    for kind in HANDLERS:
        assert f"| `{kind.__name__}`" in received
