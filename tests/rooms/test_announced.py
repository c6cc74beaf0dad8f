"""What streams announce with its author's proof inside: believed offline where it may be, looked at where not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fedimark.bookmarks.shares import bookmark_of
from fedimark.database import fetch_one
from fedimark.here import MICROS, entered, here, now
from fedimark.inbox import announced
from fedimark.inbox.announced import MOST_DOUBTS, MOST_WAITING
from fedimark.inbox.apply import apply_waiting
from fedimark.remote.actors import known_actor
from fedimark.timelines.queries import find, page
from fedimark.timelines.stream import NetworkStream
from fedimark.vocab.moments import rfc3339
from tests.rooms.peers import Says
from tests.rooms.provers import PUBLIC, Prover, proof_key_of
from tests.rooms.strangers import Stranger, amount, applied, outcome
from tests.rooms.test_incoming import followed
from tests.support.savers import assert_agreement

SQL = "https://marks.example/t/sql"
CLEO = "https://marks.example/u/cleo"
FAR = "https://far.example/u/fay"
HOUR = 3_600 * MICROS


@pytest.fixture
async def stream(server, fleet, ana) -> Stranger:
    """A tag of another fedimark, which ana follows."""
    return await followed(ana, Stranger(fleet, SQL, type="Group", preferredUsername="tag.sql"))


@pytest.fixture
async def cleo(stream, fleet) -> Prover:
    """Somebody of that server, whose key is known here."""
    cleo = Prover(fleet, CLEO)
    await cleo.row()
    return cleo


def saves(who: Prover, number: int = 1, tags: tuple[str, ...] = ("sql",), **said: Any) -> dict[str, Any]:
    """A Create of a bookmark with tags; `said` is of the Note."""
    create = who.create(number)
    create["object"] |= {"fedimark:tags": list(tags), **said}
    return create


def shows(who: Prover, create: dict[str, Any]) -> None:
    """Let the Note stand at its own address."""
    who.peer.document(create["object"]["id"].removeprefix(f"https://{who.host}"), create["object"])


def announces(stream: Stranger, inside: Any, number: int = 1, **said: Any) -> dict[str, Any]:
    """An Announce, of a whole activity or of an id."""
    known = {"id": f"{stream.uri}/announce/{number}", "type": "Announce", "actor": stream.uri, "to": [PUBLIC]}
    return {**known, "cc": [f"{stream.uri}/followers"], "object": inside, **said}


def gets(*peers: Stranger) -> list[str]:
    """What these servers were asked for."""
    return [asked.target for peer in {id(each.peer): each.peer for each in peers}.values() for asked in peer.asked]


async def seen(person: Any) -> list[str]:
    """The pages in somebody's network."""
    return [entry.url for entry in (await page(await find(NetworkStream(), person.viewer), None, 50)).entries]


async def doubts(who: Stranger) -> int:
    """How often an announcer was wrong."""
    row = await known_actor(who.uri)
    assert row is not None
    return int(row["doubts"])


# --- believed offline -------------------------------------------------------------------------------------------------


async def test_a_proven_create_of_somebody_known_is_taken_in_and_nobody_is_asked(stream, cleo, ana):
    before = len(gets(stream, cleo))

    assert await stream.do(announces(stream, cleo.proves(saves(cleo)))) == "shared"

    assert await seen(ana) == ["https://example.org/1"]
    row = await bookmark_of(f"{CLEO}/b/1")
    assert row is not None
    assert (row["title"], row["tags"], row["actor_id"]) == ("A page", "sql", (await cleo.row())["id"])
    assert len(gets(stream, cleo)) == before
    await assert_agreement()


async def test_whoever_is_not_known_is_asked_for_once_and_their_bookmarks_never(stream, fleet, ana):
    fay = Prover(fleet, FAR)
    for number in range(1, 6):
        await stream.say(announces(stream, fay.proves(saves(fay, number)), number))
    await applied()

    await stream.do(announces(stream, fay.proves(saves(fay, 6)), 6))

    assert len(await seen(ana)) == 6
    assert gets(fay).count("/u/fay") == 1
    assert not [target for target in gets(fay) if "/b/" in target]


async def test_of_what_could_be_believed_chance_picks_some_to_be_looked_at(stream, cleo, fleet, ana):
    fleet.chance.seed(7)
    for number in range(1, 61):
        shows(cleo, saves(cleo, number))
        await stream.say(announces(stream, cleo.proves(saves(cleo, number)), number))
    await applied()

    looked_at = {target for target in gets(cleo) if "/b/" in target}
    assert len(await seen(ana)) == 50
    assert await amount("bookmark") == 60
    assert 0 < len(looked_at) < 12


async def test_what_chance_picked_is_not_believed_while_its_server_is_silent(stream, cleo, fleet, ana, clock):
    fleet.chance.always()
    create = saves(cleo)
    shows(cleo, create | {"object": create["object"] | {"name": "As it is there"}})
    fleet.network.down.add("marks.example")
    await stream.do(announces(stream, cleo.proves(create)))
    assert await seen(ana) == []

    fleet.chance.number = 1.0
    fleet.network.down.clear()
    clock.forward(seconds=61)
    await applied()

    row = await bookmark_of(f"{CLEO}/b/1")
    assert row is not None
    assert row["title"] == "As it is there"


# --- not believed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["stale", "other bytes", "wrong key", "key of another", "no proof", "another's Note"])
async def test_where_the_proof_does_not_do_the_origin_is_asked_and_only_that_counts(stream, cleo, fleet, ana, how):
    # Given a bookmark that stands at its origin, and an announcement that says something else of it
    shows(cleo, saves(cleo, name="The truth"))
    forged = saves(cleo, name="Forged")
    eve = Prover(fleet, "https://marks.example/u/eve")
    await eve.row()
    if how == "stale":
        inside = cleo.proves(forged, at=now() - 25 * HOUR)
    elif how == "other bytes":
        inside = cleo.proves(saves(cleo)) | {"object": forged["object"]}
    elif how == "wrong key":
        cleo.proof_key = proof_key_of(CLEO, 2)
        inside = cleo.proves(forged)
    elif how == "key of another":
        inside = eve.proves(forged)
    elif how == "no proof":
        inside = forged
    else:
        inside = eve.proves({**eve.create(), "object": forged["object"]})

    # When it comes
    assert await stream.do(announces(stream, inside)) == "shared"

    # Then what its own server shows is what is kept
    row = await bookmark_of(f"{CLEO}/b/1")
    assert row is not None
    assert (row["title"], row["actor_id"]) == ("The truth", (await cleo.row())["id"])
    assert "/u/cleo/b/1" in gets(cleo)


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_not_there_is_not_kept_and_who_announced_it_is_doubted(stream, cleo, fleet, ana, status):
    fleet.chance.always()
    cleo.peer.answers["/u/cleo/b/1"] = Says(status)

    assert await stream.do(announces(stream, cleo.proves(saves(cleo)))) == "ignored"

    assert (await amount("bookmark"), await amount("share"), await seen(ana)) == (0, 0, [])
    assert await doubts(stream) == 1
    # And what ended does not come back once chance looks elsewhere
    fleet.chance.number = 1.0
    await stream.do(announces(stream, cleo.proves(saves(cleo)), 2))
    assert await amount("bookmark") == 0


async def test_whoever_was_wrong_too_often_is_believed_by_the_origin_alone(stream, cleo, fleet, ana):
    fleet.chance.always()
    for number in range(1, MOST_DOUBTS + 2):
        await stream.do(announces(stream, cleo.proves(saves(cleo, number)), number))
    fleet.chance.number = 1.0
    assert await doubts(stream) == MOST_DOUBTS + 1

    shows(cleo, saves(cleo, 99))
    assert await stream.do(announces(stream, cleo.proves(saves(cleo, 99)), 99)) == "shared"

    assert gets(cleo).count("/u/cleo/b/99") == 1


async def test_a_create_deleted_since_is_not_brought_back(stream, cleo, ana):
    # Given a bookmark that came and ended
    await stream.do(announces(stream, cleo.proves(saves(cleo))))
    assert await cleo.do(cleo.delete()) == "deleted"

    # When a stream announces it again, with its proof still good
    before = len(gets(cleo))
    assert await stream.do(announces(stream, cleo.proves(saves(cleo)), 2)) == "ignored"

    # Then it stays away, and nobody was asked
    assert (await amount("bookmark"), await seen(ana), len(gets(cleo))) == (0, [], before)
    await assert_agreement()


async def test_what_is_for_few_is_not_a_streams_to_show(stream, cleo, ana):
    private = saves(cleo, to=[f"{CLEO}/followers"])
    shows(cleo, private)

    assert await stream.do(announces(stream, cleo.proves(private))) == "ignored"
    assert await stream.do(announces(stream, private["object"]["id"], 2)) == "ignored"

    assert (await amount("bookmark"), await amount("share")) == (0, 0)
    assert len([target for target in gets(cleo) if "/b/" in target]) <= 1


async def test_nobody_who_is_not_followed_is_heard_whatever_is_inside(server, fleet, ana):
    stranger = Stranger(fleet, SQL, type="Group")
    fay = Prover(fleet, FAR)

    assert await stranger.do(announces(stranger, fay.proves(saves(fay)))) == "ignored"

    assert gets(fay) == []
    assert await amount("bookmark") == 0


async def test_an_author_whose_inbox_is_anothers_is_not_met(stream, fleet, ana):
    fay = Prover(fleet, FAR, inbox="https://bank.example/inbox", endpoints={})
    shows(fay, saves(fay))

    assert await stream.do(announces(stream, fay.proves(saves(fay)))) == "ignored"
    assert await stream.do(announces(stream, f"{FAR}/b/1", 2)) == "ignored"

    assert await known_actor(FAR) is None
    assert (await amount("bookmark"), await amount("share")) == (0, 0)


async def test_nothing_goes_round(stream, cleo, ana):
    before = len(gets(stream, cleo))
    itself = announces(stream, stream.uri, 1)
    its_own = announces(stream, f"{stream.uri}/announce/2", 2)
    nested = announces(stream, announces(stream, cleo.proves(saves(cleo)), 4), 3)
    for said in (itself, its_own, nested):
        assert await stream.do(said) == "ignored"

    assert len(gets(stream, cleo)) == before
    assert (await amount("bookmark"), await amount("share"), await doubts(stream)) == (0, 0, 0)


# --- the tag ----------------------------------------------------------------------------------------------------------


async def test_what_does_not_carry_the_tag_is_dropped_proven_or_not(stream, cleo, ana):
    shows(cleo, saves(cleo, 2, tags=("rust",)))

    assert await stream.do(announces(stream, cleo.proves(saves(cleo, 1, tags=("rust",))))) == "ignored"
    assert await stream.do(announces(stream, f"{CLEO}/b/2", 2)) == "ignored"

    assert (await amount("bookmark"), await amount("share")) == (0, 0)


async def test_a_tag_added_since_is_found_at_the_origin(stream, cleo, fleet, ana, clock):
    # Given a bookmark that is known with another tag
    rust = await followed(ana, Stranger(fleet, "https://marks.example/t/rust", type="Group"))
    await rust.do(announces(rust, cleo.proves(saves(cleo, 1, tags=("rust",)))))
    shows(cleo, saves(cleo, 1, tags=("rust",)))
    assert await stream.do(announces(stream, f"{CLEO}/b/1", 1)) == "ignored"

    # When it gets the tag, and the stream announces it
    clock.forward(seconds=60)
    later = saves(cleo, 1, tags=("rust", "SQL"), updated=rfc3339(now()))
    shows(cleo, later)
    assert await stream.do(announces(stream, cleo.proves(later), 2)) == "shared"

    row = await bookmark_of(f"{CLEO}/b/1")
    assert row is not None
    assert row["tags"] == "rust SQL"
    await assert_agreement()


async def test_a_persons_tag_passes_on_what_that_person_saved(server, fleet, ana):
    cleo, eve = Prover(fleet, CLEO), Prover(fleet, "https://marks.example/u/eve")
    for each in (cleo, eve):
        await each.row()
    stream = await followed(ana, Stranger(fleet, f"{CLEO}/t/sql", type="Service"))

    assert await stream.do(announces(stream, eve.proves(saves(eve)))) == "ignored"
    assert await stream.do(announces(stream, cleo.proves(saves(cleo)), 2)) == "shared"


async def test_streams_of_others_are_held_to_their_tags_as_they_fold_them(server, fleet, ana):
    cleo = Prover(fleet, CLEO)
    await cleo.row()
    pub = await followed(ana, Stranger(fleet, "https://tags.pub/user/neuralnet", type="Service"))
    said = {"preferredUsername": "tag-sql"}
    buzz = await followed(ana, Stranger(fleet, "https://relay.example/tag/sql", type="Service", **said))
    community = await followed(ana, Stranger(fleet, "https://lemmy.example/c/sql", type="Group"))
    shows(cleo, saves(cleo, 1, tags=("neural-net", "SQL 2")))
    shows(cleo, saves(cleo, 2, tags=("rust",)))

    one, two = f"{CLEO}/b/1", f"{CLEO}/b/2"
    assert [await each.do(announces(each, one, 1)) for each in (pub, buzz, community)] == ["shared"] * 3
    assert [await each.do(announces(each, two, 2)) for each in (pub, buzz)] == ["ignored"] * 2
    assert await community.do(announces(community, two, 2)) == "shared"


# --- what it costs ----------------------------------------------------------------------------------------------------


async def test_an_origin_is_asked_so_often_a_minute_and_the_rest_waits(stream, cleo, ana, clock):
    for number in range(1, 41):
        shows(cleo, saves(cleo, number))
        await stream.say(announces(stream, f"{CLEO}/b/{number}", number))
    await applied()
    assert len(gets(cleo)) - len([target for target in gets(cleo) if "/b/" not in target]) <= 30
    assert await amount("share") <= 30

    clock.forward(seconds=61)
    await applied()

    assert await amount("share") == 40
    await assert_agreement()


async def test_what_failed_is_not_asked_for_again_within_the_hour(stream, cleo, ana, clock):
    for number in range(1, 4):
        await stream.do(announces(stream, f"{CLEO}/b/1", number))
    assert gets(cleo).count("/u/cleo/b/1") == 1

    clock.forward(seconds=3_601)
    shows(cleo, saves(cleo))
    assert await stream.do(announces(stream, f"{CLEO}/b/1", 9)) == "shared"


async def test_a_server_that_does_not_answer_is_left_alone(stream, fleet, ana, clock):
    stand = Stranger(fleet, "https://slow.example/u/sam")
    stand.peer.rule = lambda asked: Says(500)
    for number in range(1, 21):
        await stream.say(announces(stream, f"https://slow.example/u/sam/b/{number}", number))
    await applied()
    asked = len(gets(stand))

    await stream.do(announces(stream, "https://slow.example/u/sam/b/99", 99))

    assert asked <= 8
    assert len(gets(stand)) == asked
    row = await fetch_one("SELECT fails FROM peer WHERE host = ?", "slow.example")
    assert row is None or not row["fails"]


async def test_a_stream_of_very_many_costs_so_much_and_no_more(stream, cleo, fleet, ana, clock):
    # Given a stream that may be heard ten times a minute
    settings = replace(here().settings, announcements_a_minute_per_actor=10)
    async with entered(replace(here(), settings=settings)):
        # When it announces hundreds of things at once, all well proven, and somebody else says something
        for number in range(1, MOST_WAITING + 61):
            await stream.say(announces(stream, cleo.proves(saves(cleo, number)), number))
        await cleo.say({"id": f"{CLEO}#like", "type": "Like", "actor": CLEO, "object": ana.uri})
        while await apply_waiting():
            pass

        # Then so many are taken in and so many wait, the oldest are forgotten, and the other was heard
        assert await amount("bookmark") == 10
        assert await amount("received_activity WHERE applied_at IS NULL") == MOST_WAITING
        assert await outcome() == "ignored"
        assert await amount("received_activity WHERE kind = 'Like' AND applied_at IS NOT NULL") == 1
        await applied()
        assert await amount("bookmark") == 10
        clock.forward(seconds=61)
        await applied()
        assert await amount("bookmark") == 20


# --- afterwards -------------------------------------------------------------------------------------------------------


async def test_an_undo_takes_what_was_believed_away_again(stream, cleo, ana):
    said = announces(stream, cleo.proves(saves(cleo)))
    await stream.do(said)

    undo = {"id": f"{SQL}#undo", "type": "Undo", "actor": SQL, "to": [PUBLIC], "object": said["id"]}
    assert await stream.do(undo) == "unshared"

    assert (await amount("bookmark"), await seen(ana)) == (0, [])
    await assert_agreement()


async def test_that_something_changed_or_ended_is_a_reason_to_look(stream, cleo, ana):
    await stream.do(announces(stream, cleo.proves(saves(cleo))))
    shows(cleo, saves(cleo, name="Better", updated="2026-02-28T10:00:00Z"))
    update = {"id": f"{CLEO}/b/1/u", "type": "Update", "actor": CLEO, "object": saves(cleo, name="Forged")["object"]}
    await stream.do(announces(stream, update, 2))
    row = await bookmark_of(f"{CLEO}/b/1")
    assert row is not None
    assert row["title"] == "Better"

    await stream.do(announces(stream, cleo.delete(), 3))
    assert await amount("bookmark") == 1  # it stands there still
    cleo.peer.answers["/u/cleo/b/1"] = Says(410)
    assert await stream.do(announces(stream, cleo.delete(), 4)) == "deleted"

    assert (await amount("bookmark"), await seen(ana)) == (0, [])
    await assert_agreement()


def test_chance_is_one_in_twenty() -> None:
    assert announced.CHECKED == 1 / 20
