"""Following, being followed, and answers that only the right person can give."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import Row, execute, fetch_one
from fedimark.errors import Forbidden, Gone, NotFound, NotProven, Refused, Unreachable
from fedimark.follows import answer, queries
from fedimark.follows.healing import ask_again
from fedimark.follows.request import follow, unfollow
from fedimark.follows.resolve import Who, read_who
from tests.rooms.strangers import Stranger, amount, letters

CLEO = "https://mastodon.example/users/cleo"
HERE = {"marks.example": "a.example"}


@pytest.fixture
def cleo(server, fleet) -> Stranger:
    """Somebody of another server."""
    return Stranger(fleet, CLEO)


@pytest.fixture
def eve(cleo, fleet) -> Stranger:
    """Somebody else of that server."""
    return Stranger(fleet, "https://mastodon.example/users/eve")


async def state() -> str:
    """The state of the only follow there is, empty without one."""
    row = await fetch_one("SELECT state FROM follow")
    return row["state"] if row else ""


def answered(kind: str, by: str, asked: dict[str, Any]) -> dict[str, Any]:
    """An Accept or Reject of a Follow of ours."""
    return {"id": f"{by}#{kind}-{asked['id'][-13:]}", "type": kind, "actor": by, "object": asked}


async def by_hand(person: Any) -> None:
    """Let somebody here approve their followers themselves."""
    await execute("UPDATE actor SET approves_followers = ? WHERE local_name = ?", True, person.name)


# --- whom one means -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("@cleo@mastodon.example", Who(name="cleo", host="mastodon.example")),
        (" Cleo@Mastodon.Example ", Who(name="Cleo", host="mastodon.example")),
        ("acct:cleo@mastodon.example:8443", Who(name="cleo", host="mastodon.example:8443")),
        ("@bo", Who(name="bo")),
        ("Bo", Who(name="bo")),
        ("bo@a.example", Who(name="bo")),
        ("https://a.example/u/bo", Who(name="bo")),
        (f"{CLEO}", Who(uri=CLEO)),
        ("#SQL", Who(uri="https://a.example/t/sql")),
        (" #c++@A.example", Who(uri="https://a.example/t/c++")),
        ("https://a.example/t/c%2B%2B", Who(uri="https://a.example/t/c++")),
        ("https://a.example/u/bo/t/SQL", Who(uri="https://a.example/u/bo/t/sql")),
        ("@tag.sql@a.example", Who(name="tag.sql")),
    ],
)
async def test_people_are_named_in_every_usual_way(server, typed, read):
    assert read_who(typed) == read


@pytest.mark.parametrize(
    "typed",
    ["", "@", "cleo@", "@@", "a b", "#", "#a b", "#.sql@marks.example", "mailto:cleo@mastodon.example", "x" * 31],
)
async def test_what_names_nobody_is_refused(server, typed):
    with pytest.raises(Refused):
        read_who(typed)


# --- asking ---------------------------------------------------------------------------------------------------------


async def test_a_follow_by_handle_is_asked_for_and_stands_once_it_is_accepted(ana, cleo):
    asked = await follow(ana.viewer, "@cleo@mastodon.example")

    [(kind, inbox, document)] = await letters()
    assert (asked["state"], kind, inbox) == ("requested", "Follow", f"{CLEO}/inbox")
    assert (document["actor"], document["object"], document["to"]) == (ana.uri, CLEO, [CLEO])
    assert await cleo.do(answered("Accept", CLEO, document)) == "accepted"
    assert await state() == "accepted"
    assert await queries.counts_by_state() == {"requested": 0, "accepted": 1, "rejected": 0}


async def test_asking_twice_asks_once(ana, cleo):
    await follow(ana.viewer, CLEO)
    await follow(ana.viewer, "cleo@mastodon.example")

    assert await amount("follow") == 1
    assert len(await letters()) == 1


async def test_nobody_follows_themselves_or_the_server(ana):
    for who in ("ana", "@ana@a.example", ana.uri, "https://a.example/actor"):
        with pytest.raises(Refused):
            await follow(ana.viewer, who)


async def test_who_is_unknown_or_out_of_reach_cannot_be_followed(ana, cleo, fleet):
    with pytest.raises(NotFound):
        await follow(ana.viewer, "nobody")
    fleet.network.down.add("mastodon.example")
    with pytest.raises(Unreachable):
        await follow(ana.viewer, CLEO)
    assert await amount("follow") == 0


async def test_an_accept_of_somebody_else_does_nothing(ana, cleo, eve):
    await follow(ana.viewer, CLEO)
    [(_, _, asked)] = await letters()

    with pytest.raises(Forbidden):
        await eve.say(answered("Accept", eve.uri, asked))
    by_id = {"id": f"{eve.uri}#2", "type": "Accept", "actor": eve.uri, "object": asked["id"]}
    assert await eve.do(by_id) == "ignored"
    with pytest.raises(NotProven):
        await eve.say(answered("Accept", CLEO, asked))

    assert await state() == "requested"


async def test_an_accept_of_what_was_never_asked_does_nothing(ana, cleo):
    never = {"id": f"{ana.uri}/follows/aaaaaaaaaaaaa", "type": "Follow", "actor": ana.uri, "object": CLEO}

    assert await cleo.do(answered("Accept", CLEO, never)) == "ignored"

    assert await amount("follow") == 0


async def test_an_accept_finds_its_follow_by_id_alone_or_by_who_and_whom(ana, cleo):
    await follow(ana.viewer, CLEO)
    [(_, _, asked)] = await letters()

    assert await cleo.do({"id": f"{CLEO}#1", "type": "Accept", "actor": CLEO, "object": asked["id"]}) == "accepted"
    await execute("UPDATE follow SET state = 'requested'")
    nameless = {key: value for key, value in asked.items() if key != "id"}
    assert await cleo.do({"id": f"{CLEO}#2", "type": "Accept", "actor": CLEO, "object": nameless}) == "accepted"


async def test_after_a_rejection_one_may_ask_again_with_a_new_follow(ana, cleo):
    await follow(ana.viewer, CLEO)
    [(_, _, first)] = await letters()
    assert await cleo.do(answered("Reject", CLEO, first)) == "rejected"

    again = await follow(ana.viewer, CLEO)

    _, (kind, _, second) = await letters()
    assert (again["state"], kind) == ("requested", "Follow")
    assert first["id"] != second["id"]
    assert await cleo.do(answered("Accept", CLEO, first)) == "ignored"


async def test_an_end_by_the_followed_takes_them_out(ana, cleo):
    await follow(ana.viewer, CLEO)
    [(_, _, asked)] = await letters()
    await cleo.do(answered("Accept", CLEO, asked))

    assert await cleo.do(answered("Reject", CLEO, asked)) == "rejected"

    assert await queries.following(ana.viewer.actor_id) == []


async def test_following_no_more_is_told_with_the_whole_follow(ana, cleo, fleet):
    await follow(ana.viewer, CLEO)
    fleet.network.down.add("mastodon.example")

    await unfollow(ana.viewer, "@cleo@mastodon.example")

    (_, _, asked), (kind, inbox, undo) = await letters()
    assert (kind, inbox) == ("Undo", f"{CLEO}/inbox")
    assert undo["object"] == {key: value for key, value in asked.items() if key != "@context"}
    assert await amount("follow") == 0
    with pytest.raises(NotFound):
        await unfollow(ana.viewer, "@cleo@mastodon.example")


async def test_what_nobody_answers_is_asked_again_after_a_day_and_after_a_week(ana, cleo, clock):
    await follow(ana.viewer, CLEO)
    asked = []
    for days in (0, 0.5, 0.6, 3, 5, 7, 30):
        clock.forward(days=days)
        asked.append(await ask_again())

    assert asked == [0, 0, 1, 0, 1, 0, 0]
    letter, *again = await letters()
    assert [(kind, document["id"]) for kind, _, document in again] == [("Follow", letter[2]["id"])] * 2
    assert await state() == "requested"
    assert await cleo.do(answered("Accept", CLEO, again[1][2])) == "accepted"


async def test_what_was_answered_is_not_asked_again(ana, cleo, clock):
    await follow(ana.viewer, CLEO)
    [(_, _, asked)] = await letters()
    await cleo.do(answered("Reject", CLEO, asked))

    clock.forward(days=2)

    assert await ask_again() == 0


# --- people of one server ---------------------------------------------------------------------------------------------


async def test_people_here_follow_at_once_and_without_a_letter(server, ana):
    bo = await server.sign_up("bo")

    followed = await follow(bo.viewer, "ana")

    assert followed["state"] == "accepted"
    assert [row["username"] for row in await queries.followers(ana.viewer.actor_id)] == ["bo"]
    assert await letters() == []


async def test_who_approves_by_hand_is_asked(server, ana):
    bo = await server.sign_up("bo")
    await by_hand(ana)

    await follow(bo.viewer, "@ana@a.example")

    [asked] = await queries.requests(ana.viewer.actor_id)
    with pytest.raises(NotFound):
        await answer.accept(bo.viewer, str(asked["id"]))
    await answer.accept(ana.viewer, str(asked["id"]))
    assert await state() == "accepted"
    await answer.remove_follower(ana.viewer, str(asked["id"]))
    assert await state() == "rejected"


# --- being asked -----------------------------------------------------------------------------------------------------


async def test_a_follow_from_elsewhere_is_accepted_with_the_whole_follow(ana, cleo, wire):
    asked = wire("mastodon/follow", **HERE)

    assert await cleo.do(asked) == "accepted"

    [(kind, inbox, document)] = await letters()
    assert (kind, inbox, document["actor"]) == ("Accept", f"{CLEO}/inbox", ana.uri)
    about = {name: document["object"][name] for name in ("id", "type", "actor", "object")}
    assert about == {name: asked[name] for name in ("id", "type", "actor", "object")}


async def test_a_follow_asked_again_is_accepted_again_under_its_new_id(ana, cleo, wire):
    await cleo.do(wire("mastodon/follow", **HERE))
    again = wire("mastodon/follow", **HERE) | {"id": "https://mastodon.example/second"}

    await cleo.do(again)

    assert await amount("follow") == 1
    assert [document["object"]["id"] for _, _, document in await letters()][1] == "https://mastodon.example/second"


async def test_a_request_waits_for_a_hand_and_is_answered_once(ana, cleo, wire):
    await by_hand(ana)
    assert await cleo.do(wire("mastodon/follow", **HERE)) == "requested"
    assert await letters() == []

    [asked] = await queries.requests(ana.viewer.actor_id)
    await answer.accept(ana.viewer, str(asked["id"]))
    await answer.accept(ana.viewer, str(asked["id"]))
    await answer.reject(ana.viewer, str(asked["id"]))

    assert [kind for kind, _, _ in await letters()] == ["Accept", "Reject"]
    assert await state() == "rejected"


@pytest.mark.parametrize("who", ["nobody", ".instance"])
async def test_who_is_not_here_cannot_be_followed(ana, cleo, wire, who):
    asked = wire("mastodon/follow", **HERE) | {"object": f"https://a.example/u/{who}"}

    assert await cleo.do(asked) == "ignored"

    assert await letters() == []


async def test_an_undo_ends_a_follow_and_one_of_somebody_else_does_not(ana, cleo, eve, wire):
    await cleo.do(wire("mastodon/follow", **HERE))
    undo = wire("mastodon/undo_follow", **HERE)

    with pytest.raises(Forbidden):
        await eve.say(undo | {"actor": eve.uri, "id": f"{eve.uri}#1"})
    theirs = {**undo["object"], "actor": eve.uri}
    assert await eve.do(undo | {"actor": eve.uri, "id": f"{eve.uri}#2", "object": theirs}) == "ignored"
    by_id = undo | {"actor": eve.uri, "id": f"{eve.uri}#3", "object": undo["object"]["id"]}
    assert await eve.do(by_id) == "ignored"
    assert await state() == "accepted"

    assert await cleo.do(undo) == "withdrawn"
    assert await amount("follow") == 0


async def test_an_undo_finds_its_follow_by_id_alone(ana, cleo, wire):
    await cleo.do(wire("mastodon/follow", **HERE))
    undo = wire("mastodon/undo_follow", **HERE)

    assert await cleo.do(undo | {"object": undo["object"]["id"]}) == "withdrawn"


async def test_somebody_who_left_is_followed_by_nobody_and_answers_gone(ana, server, cleo, wire):
    await cleo.do(wire("mastodon/follow", **HERE))
    await execute("UPDATE actor SET gone_at = 1 WHERE local_name = 'ana'")

    row: Row | None = await fetch_one("SELECT id FROM actor WHERE local_name = 'ana'")
    assert row is not None
    bo = await server.sign_up("bo")
    with pytest.raises((NotFound, Gone)):
        await follow(bo.viewer, "ana")
