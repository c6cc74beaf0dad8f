"""A stream of another server is followed once by this one, however many people here follow it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fedimark.accounts.leave import leave
from fedimark.database import execute, fetch
from fedimark.errors import Forbidden
from fedimark.follows import queries, subscriptions
from fedimark.follows.healing import ask_again
from fedimark.follows.request import follow, unfollow
from fedimark.jobs import queue
from fedimark.moderation import domains, people, suspension
from tests.rooms.strangers import Stranger, amount, letters
from tests.support.people import PASSWORD, Person
from tests.support.savers import assert_agreement

SQL = "https://marks.example/t/sql"
SERVER = "https://a.example/actor"
PEOPLE = ("bo", "cy", "di")


@pytest.fixture
def sql(server, fleet) -> Stranger:
    """A tag of another server, as fedimark has them."""
    return Stranger(fleet, SQL, type="Group", name="#sql")


@pytest.fixture
async def bo(server) -> Person:
    """A second reader."""
    return await server.sign_up("bo")


def answer(kind: str, asked: Any, by: str = SQL) -> dict[str, Any]:
    """An Accept or Reject of a Follow of ours, the Follow inside."""
    of = asked["id"] if isinstance(asked, dict) else asked
    return {"id": f"{by}#{kind}-{of[-13:]}", "type": kind, "actor": by, "object": asked}


async def states(uri: str = SQL) -> dict[str, str]:
    """Who follows a stream from here, and how it stands; the server itself is `.instance`, a page its address."""
    sql = """
    SELECT COALESCE(a.local_name, a.url) AS name, f.state FROM follow f JOIN actor a ON a.id = f.follower_id
    JOIN actor t ON t.id = f.target_id WHERE t.uri = ? ORDER BY f.id
    """
    return {row["name"]: row["state"] for row in await fetch(sql, uri)}


async def subscribed(sql: Stranger, *readers: Person) -> Any:
    """Let people follow a stream, and it accept; the Follow."""
    for each in readers:
        await follow(each.viewer, sql.uri)
    asked = (await letters())[-1][2]
    assert await sql.do(answer("Accept", asked, sql.uri)) == "accepted"
    return asked


async def test_two_readers_make_one_follow_of_the_servers_own_actor(ana, bo, sql):
    # When two people follow one stream
    first, second = await follow(ana.viewer, SQL), await follow(bo.viewer, SQL)

    # Then the server asks once, in its own name
    [(kind, inbox, asked)] = await letters()
    assert (kind, inbox, asked["actor"], asked["object"]) == ("Follow", f"{SQL}/inbox", SERVER, SQL)
    assert asked["id"].startswith(f"{SERVER}/follows/")
    assert (first["state"], second["state"]) == ("requested", "requested")

    # And what it is answered holds for both
    assert await sql.do(answer("Accept", asked)) == "accepted"
    assert await states() == {"ana": "accepted", ".instance": "accepted", "bo": "accepted"}
    assert await amount("job WHERE kind = 'backfill'") == 1


@pytest.mark.parametrize("how", ["whole", "id", "nameless"])
async def test_an_accept_names_the_follow_as_it_likes(ana, sql, how):
    await follow(ana.viewer, SQL)
    [(_, _, asked)] = await letters()
    said = {
        "whole": asked,
        "id": asked["id"],  # tags.pub
        "nameless": {"type": "Follow", "actor": SERVER, "object": SQL},
    }

    await sql.say({"id": f"{SQL}#1", "type": "Accept", "actor": SQL, "object": said[how]})
    await sql.do({"id": f"{SQL}#2", "type": "Accept", "actor": SQL, "object": said[how]})

    assert set((await states()).values()) == {"accepted"}


async def test_an_accept_that_bears_the_id_of_our_own_follow_is_taken(ana, sql):
    # buzzrelay gives its Accept the id of the Follow.
    await follow(ana.viewer, SQL)
    [(_, _, asked)] = await letters()

    assert await sql.do({"id": asked["id"], "type": "Accept", "actor": SQL, "object": asked}) == "accepted"


async def test_nobody_but_the_stream_answers_for_it(ana, sql, fleet):
    await follow(ana.viewer, SQL)
    [(_, _, asked)] = await letters()
    eve = Stranger(fleet, "https://marks.example/u/eve")

    with pytest.raises(Forbidden):
        await eve.say(answer("Accept", asked, eve.uri))
    assert await eve.do(answer("Accept", asked["id"], eve.uri)) == "ignored"
    with pytest.raises(Forbidden):
        await eve.say({"id": asked["id"], "type": "Accept", "actor": eve.uri, "object": f"{SERVER}/follows/other"})

    assert set((await states()).values()) == {"requested"}


async def test_who_comes_later_follows_at_once_and_without_a_letter(ana, bo, sql):
    await subscribed(sql, ana)

    followed = await follow(bo.viewer, SQL)

    assert followed["state"] == "accepted"
    assert [kind for kind, _, _ in await letters()] == ["Follow"]


async def test_only_the_last_to_leave_takes_the_follow_back(ana, bo, sql):
    asked = await subscribed(sql, ana, bo)

    await unfollow(ana.viewer, SQL)
    assert [kind for kind, _, _ in await letters()] == ["Follow"]
    await unfollow(bo.viewer, SQL)

    (_, _, _), (kind, inbox, undo) = await letters()
    assert (kind, inbox, undo["actor"]) == ("Undo", f"{SQL}/inbox", SERVER)
    assert undo["object"] == {name: value for name, value in asked.items() if name != "@context"}
    assert await states() == {}


async def test_a_request_is_withdrawn_by_the_last_one(ana, bo, sql):
    for each in (ana, bo):
        await follow(each.viewer, SQL)
    for each in (ana, bo):
        await unfollow(each.viewer, SQL)

    assert [kind for kind, _, _ in await letters()] == ["Follow", "Undo"]


async def test_a_rejection_holds_for_all_and_one_may_ask_again(ana, bo, sql):
    # Given a stream that lets nobody follow any more
    asked = await subscribed(sql, ana, bo)
    assert await sql.do(answer("Reject", asked)) == "rejected"
    assert set((await states()).values()) == {"rejected"}

    # When one asks again
    again = await follow(bo.viewer, SQL)

    # Then it is a new Follow, and old answers mean nothing to it
    (_, _, first), (kind, _, second) = await letters()
    assert (again["state"], kind) == ("requested", "Follow")
    assert first["id"] != second["id"]
    assert await sql.do(answer("Accept", first) | {"id": f"{SQL}#late"}) == "ignored"
    assert await states() == {"ana": "rejected", ".instance": "requested", "bo": "requested"}

    # And who did not ask again is not brought back
    assert await sql.do(answer("Accept", second)) == "accepted"
    assert await states() == {"ana": "rejected", ".instance": "accepted", "bo": "accepted"}
    await unfollow(bo.viewer, SQL)
    assert [kind for kind, _, _ in await letters()][-1] == "Undo"


@pytest.mark.parametrize(
    ("said", "is_shared"),
    [
        ({"type": "Group"}, True),
        ({"type": "Application"}, True),
        ({"type": "Service", "attributedTo": "https://marks.example/u/eve"}, True),
        ({"type": "Service"}, False),
        ({"type": "Service", "attributedTo": "https://elsewhere.example/u/eve"}, False),
        ({"type": "Organization"}, False),
        ({"type": "Person", "attributedTo": "https://marks.example/u/eve"}, False),
        ({"type": "Group", "manuallyApprovesFollowers": True}, False),
        ({"type": "Service", "attributedTo": "https://marks.example/u/eve", "manuallyApprovesFollowers": True}, False),
    ],
)
async def test_people_and_who_approves_by_hand_are_followed_by_each_reader(ana, fleet, said, is_shared):
    Stranger(fleet, SQL, **said)

    await follow(ana.viewer, SQL)

    [(_, _, asked)] = await letters()
    assert asked["actor"] == (SERVER if is_shared else ana.uri)


@pytest.mark.parametrize(
    ("service", "is_shared"),
    [
        (("tags.pub", "", "#sql"), True),
        (("relay.fedi.buzz", "", "#sql"), True),
        (("tags.example", "buzzrelay", "sql"), True),
        (("bots.example", "activitypub-dot-bot", "#sql"), True),
        (("bots.example", "activitypub-dot-bot", "OK"), False),
        (("bots.example", "mastodon", "#sql"), False),
    ],
)
async def test_services_of_servers_that_have_nothing_but_tags_are_streams(ana, fleet, service, is_shared):
    host, software, name = service
    tag = Stranger(fleet, f"https://{host}/user/sql", type="Service", name=name)
    await tag.row()
    await execute("UPDATE peer SET software = ? WHERE host = ?", software, host)

    await follow(ana.viewer, tag.uri)

    [(_, _, asked)] = await letters()
    assert asked["actor"] == (SERVER if is_shared else ana.uri)


async def test_what_is_unanswered_is_asked_again_once(ana, bo, sql, clock):
    for each in (ana, bo):
        await follow(each.viewer, SQL)
    clock.forward(days=1.1)

    assert await ask_again() == 1

    assert [document["actor"] for _, _, document in await letters()] == [SERVER, SERVER]


async def test_readers_who_ask_at_one_moment_make_one_follow(server, ana, bo, sql):
    others = [await server.sign_up(name) for name in ("cy", "di")]
    await sql.row()

    await asyncio.gather(*(follow(each.viewer, SQL) for each in (ana, bo, *others)))

    assert [kind for kind, _, _ in await letters()] == ["Follow"]
    assert set((await states()).values()) == {"requested"}
    assert len(await states()) == 5


async def test_who_comes_while_the_last_one_leaves_does_not_lose_the_stream(server, ana, bo, sql):
    await subscribed(sql, ana)

    for _ in range(4):
        await asyncio.gather(unfollow(ana.viewer, SQL), follow(bo.viewer, SQL))
        ana, bo = bo, ana

        # Whoever came second: one follows, and the server's last word to the stream is a Follow
        assert len([name for name in await states() if name != ".instance"]) == 1
        assert ".instance" in await states()
        assert [kind for kind, _, _ in await letters()][-1] == "Follow"


async def test_an_accept_while_somebody_asks_leaves_nobody_waiting(server, ana, bo, sql):
    await follow(ana.viewer, SQL)
    [(_, _, asked)] = await letters()

    await asyncio.gather(sql.do(answer("Accept", asked)), follow(bo.viewer, SQL))

    assert set((await states()).values()) == {"accepted"}


async def test_a_crowd_of_readers_is_let_in_by_a_job(server, ana, sql, clock):
    # Given more readers than fit into one transaction
    await follow(ana.viewer, SQL)
    [(_, _, asked)] = await letters()
    crowd = subscriptions.BATCH + 30
    await _crowd(crowd)

    # When the stream accepts
    assert await sql.do(answer("Accept", asked)) == "accepted"
    assert "requested" in (await states()).values()

    # Then a worker lets in the others, also if the one before was killed over it
    assert await queue.claim((subscriptions.JOB,)) is not None
    await server.settle()
    assert "requested" in (await states()).values()
    clock.forward(seconds=61)
    await server.settle()
    assert set((await states()).values()) == {"accepted"}
    assert len(await states()) == crowd + 2


async def test_the_job_goes_by_what_was_answered_last(server, ana, sql):
    await follow(ana.viewer, SQL)
    [(_, _, asked)] = await letters()
    await _crowd(subscriptions.BATCH + 30)
    await sql.do(answer("Accept", asked))

    await sql.do(answer("Reject", asked))
    await server.settle()

    assert set((await states()).values()) == {"rejected"}


async def _crowd(many: int) -> None:
    """Readers who wait for an answer."""
    await execute(
        f"""INSERT INTO actor (local_name, kind, username, created_at, host, name, summary, url, icon, fields, inbox,
        shared_inbox, outbox, followers_uri, key_id, public_key, private_key, approves_followers, indexable, fetched_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})
        SELECT 'reader' || i, 'Person', 'reader' || i, 0, '', '', '', '', '', '[]', '', '', '', '', '', '', '', FALSE,
        FALSE, 0 FROM n"""
    )
    await execute(
        """INSERT INTO follow (follower_id, target_id, state, created_at)
        SELECT a.id, t.id, 'requested', 0 FROM actor a JOIN actor t ON t.uri = ? WHERE a.local_name LIKE 'reader%'""",
        SQL,
    )


# --- ends -------------------------------------------------------------------------------------------------------------


async def test_who_leaves_this_server_leaves_its_streams(ana, bo, sql):
    await subscribed(sql, ana, bo)

    await leave(ana.viewer, "ana", PASSWORD)
    assert "Undo" not in [kind for kind, _, _ in await letters()]
    await leave(bo.viewer, "bo", PASSWORD)

    assert [document["actor"] for kind, _, document in await letters() if kind == "Undo"] == [SERVER]
    assert await states() == {}


async def test_a_reader_who_blocks_a_stream_leaves_it_and_others_stay(ana, bo, sql):
    await subscribed(sql, ana, bo)

    await people.block(ana.viewer, SQL)
    assert await states() == {".instance": "accepted", "bo": "accepted"}
    with pytest.raises(Forbidden):
        await follow(ana.viewer, SQL)
    await people.block(bo.viewer, SQL)

    assert await states() == {}
    assert [document["actor"] for kind, _, document in await letters() if kind == "Undo"] == [SERVER]


async def test_a_stream_that_blocks_a_reader_keeps_the_others(ana, bo, sql):
    await subscribed(sql, ana, bo)

    assert await sql.do({"id": f"{SQL}#b", "type": "Block", "actor": SQL, "object": ana.uri}) == "blocked"

    assert await states() == {".instance": "accepted", "bo": "accepted"}


async def test_a_blocked_domain_ends_all_of_it(ana, bo, sql, server):
    await subscribed(sql, ana, bo)

    await domains.block_domain("marks.example")
    await server.settle()

    assert await states() == {}
    with pytest.raises(Forbidden):
        await follow(ana.viewer, SQL)


async def test_a_stream_that_is_gone_is_followed_by_nobody(ana, bo, sql):
    await subscribed(sql, ana, bo)

    await sql.do({"id": f"{SQL}#delete", "type": "Delete", "actor": SQL, "object": SQL, "to": ["as:Public"]})

    assert await states() == {}


async def test_a_suspended_stream_comes_back_as_it_was(ana, bo, sql):
    await subscribed(sql, ana, bo)

    await suspension.suspend(SQL)
    await suspension.restore(SQL)

    assert set((await states()).values()) == {"accepted"}
    assert await amount("entry") == 0
    await assert_agreement()


async def test_a_stream_that_moves_takes_its_readers_along(ana, bo, sql, fleet):
    await subscribed(sql, ana, bo)
    new = "https://sloth.example/t/sql"
    Stranger(fleet, new, type="Group", alsoKnownAs=[SQL])

    move = {"id": f"{SQL}#move", "type": "Move", "actor": SQL, "object": SQL, "target": new, "to": ["as:Public"]}
    assert await sql.do(move) == "moved"

    assert await states() == {}
    assert await states(new) == {"ana": "requested", ".instance": "requested", "bo": "requested"}
    said = [(kind, inbox, document["actor"]) for kind, inbox, document in await letters()][1:]
    assert said == [("Follow", f"{new}/inbox", SERVER), ("Undo", f"{SQL}/inbox", SERVER)]


# --- who follows what is nobody's business ----------------------------------------------------------------------------


async def test_streams_are_counted_nowhere_in_public(ana, sql, fleet, server):
    tags_pub = Stranger(fleet, "https://tags.pub/user/sql", type="Service", name="#sql")
    await subscribed(sql, ana)
    await subscribed(tags_pub, ana)
    await subscribed(Stranger(fleet, "https://mastodon.example/users/cleo"), ana)

    assert await queries.following_count(ana.viewer.actor_id) == 1
    told = await ana.browser.get("/u/ana/following", headers={"Accept": "application/activity+json"})
    assert told.json()["totalItems"] == 1
    assert [row["is_stream"] for row in await queries.following(ana.viewer.actor_id)] == [0, 1, 1]
    nothing = await ana.browser.get("/actor/following", headers={"Accept": "application/activity+json"})
    assert nothing.status_code == 404


async def test_lemmy_is_told_that_the_server_is_a_bot(server):
    # Lemmy and PieFed take no Application for somebody who follows.
    told = {}
    for agent in ("Lemmy/0.19.5; +https://lemmy.example", "PieFed/1.2", "http.rb/5 (Mastodon/4.4; +https://m/)", "x"):
        headers = {"Accept": "application/activity+json", "User-Agent": agent}
        answered = await server.client.get("/actor", headers=headers)
        told[agent.partition("/")[0]] = answered.json()["type"]
        assert "User-Agent" in answered.headers["vary"]

    assert told == {"Lemmy": "Service", "PieFed": "Service", "http.rb": "Application", "x": "Application"}


async def test_readers_from_before_keep_their_own_follow(ana, bo, sql):
    # Given somebody who followed the stream in their own name, as everybody did once
    await sql.row()
    await execute(
        """INSERT INTO follow (follower_id, target_id, state, public_id, created_at)
        SELECT ?, id, 'accepted', 'f3v7q2mzt5xha', 0 FROM actor WHERE uri = ?""",
        ana.viewer.actor_id,
        SQL,
    )

    # When others come and they leave
    await follow(ana.viewer, SQL)
    await subscribed(sql, bo)
    await unfollow(ana.viewer, SQL)
    await unfollow(bo.viewer, SQL)

    # Then each is taken back as it was asked
    assert [(kind, document["actor"]) for kind, _, document in await letters()] == [
        ("Follow", SERVER),
        ("Undo", ana.uri),
        ("Undo", SERVER),
    ]
