"""Peers in trouble, or with a mind of their own: one signature only, silence, wrong clocks, keys that change."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fedimark.accounts.keys import rotate
from fedimark.accounts.leave import leave
from fedimark.accounts.profile import change_profile, profile_of
from fedimark.accounts.queries import actor_by_name
from fedimark.database import fetch, fetch_one
from fedimark.delivery.queries import Counts, counts
from fedimark.follows.answer import remove_follower
from fedimark.follows.queries import followers
from fedimark.here import entered
from fedimark.moderation.people import block, unblock
from tests.support.peers.peer import FakePeer
from tests.support.peers.quirks import PEERS, Quirks
from tests.support.peers.signing import CAVAGE, RFC9421, Knock, NotProven
from tests.support.peers.story import PAGE, TITLE, Meeting, meet
from tests.support.peers.table import patience_s
from tests.support.peers.voice import Voice
from tests.support.people import PASSWORD

MASTODON = PEERS["Mastodon 4.4"]
HOURS = 3_600

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what no database could do otherwise than another."""


async def followed(fleet, quirks: Quirks, **chosen: str) -> Meeting:
    """A peer whose person follows ana."""
    meeting = await meet(fleet, quirks, **chosen)
    await meeting.peer.follow(meeting.ana.handle)
    await meeting.settle()
    assert await meeting.follow_states() == ["accepted"]
    return meeting


async def left(meeting: Meeting) -> Counts:
    """The letters that our server has yet to send, and those it gave up."""
    async with entered(meeting.ana.server.here):
        return await counts()


def heard(peer: FakePeer, kind: str = "Create") -> list[tuple[str, int]]:
    """What came of this kind: how it was signed and what the peer answered."""
    return [(each.scheme, each.status) for each in peer.arrivals if each.kind == kind]


# One signature only


@on_sqlite
@pytest.mark.parametrize(
    ("takes", "sends", "knocks"),
    [
        # It says that it knows the old one, by using it, and takes it.
        (CAVAGE, CAVAGE, [(CAVAGE, 202)]),
        (RFC9421, CAVAGE, [(CAVAGE, 401), (RFC9421, 202)]),
        (RFC9421, RFC9421, [(RFC9421, 202)]),
        # It says that it knows the new one, by using it, and does not take it.
        (CAVAGE, RFC9421, [(RFC9421, 401), (CAVAGE, 202)]),
    ],
)
async def test_a_server_that_takes_one_scheme_gets_it_by_the_second_knock_and_then_by_the_first(
    fleet, takes, sends, knocks
):
    meeting = await followed(fleet, replace(MASTODON, takes=(takes,), sends=(sends,)))

    await meeting.ana.save(PAGE, title=TITLE)
    await meeting.settle()

    assert heard(meeting.peer, "Accept") == knocks
    assert heard(meeting.peer) == [(takes, 202)]
    assert len(meeting.peer.shown) == 1


@on_sqlite
@pytest.mark.parametrize("change", ["body", "host", "target", "date"])
@pytest.mark.parametrize("scheme", [CAVAGE, RFC9421])
async def test_the_verifiers_of_the_peers_are_no_ornaments(fleet, scheme, change):
    meeting = await meet(fleet, replace(PEERS["Mastodon 4.7"], takes=(scheme,), sends=(CAVAGE,)))
    caught: list[Knock] = []
    prove = meeting.peer.prove

    async def proving(knock: Knock) -> str:
        caught.append(knock)
        return await prove(knock)

    meeting.peer.prove = proving
    await meeting.ana.follow(meeting.peer.handle)
    await meeting.settle()
    good = next(knock for knock in caught if knock.scheme == scheme)
    assert await prove(good) == meeting.ana.uri

    forged = {
        "body": replace(good, body=good.body.replace(b"Follow", b"Reject")),
        "host": replace(good, url=good.url.replace("//", "//not."), headers=good.headers | {"host": "not.example"}),
        "target": replace(good, url=f"{good.url}/x"),
        "date": replace(good, headers={name: text.replace("2026", "2025") for name, text in good.headers.items()}),
    }[change]
    if (scheme, change) == (RFC9421, "date"):
        meeting.fleet.clock.forward(days=2)
        forged = good

    with pytest.raises(NotProven):
        await prove(forged)


# Silence


async def test_postmarks_which_never_answers_has_what_it_got(fleet):
    meeting = await followed(fleet, PEERS["Postmarks"], delivery_total_s="0.5")

    await meeting.ana.save(PAGE, title=TITLE)
    await meeting.settle()

    assert [each.kind for each in meeting.peer.arrivals] == ["Accept", "Create"]
    assert await left(meeting) == Counts(waiting=0, dead=0)
    async with entered(meeting.ana.server.here):
        row = await fetch_one("SELECT fails, open_until FROM peer WHERE host = ?", meeting.peer.host)
    assert row == {"fails": 0, "open_until": 0}


@on_sqlite
async def test_postmarks_that_cannot_be_reached_has_nothing_yet(fleet):
    meeting = await followed(fleet, PEERS["Postmarks"], delivery_total_s="0.5")
    fleet.network.down.add(meeting.peer.host)

    await meeting.ana.save(PAGE, title=TITLE)
    await meeting.settle()

    assert heard(meeting.peer) == []
    assert await left(meeting) == Counts(waiting=1, dead=0)


@on_sqlite
async def test_silence_of_any_other_server_is_a_failure_and_tried_again(fleet):
    meeting = await followed(fleet, MASTODON, delivery_total_s="1")
    meeting.peer.gate.clear()
    await meeting.ana.save(PAGE, title=TITLE)
    await meeting.fleet.settle()
    assert await left(meeting) == Counts(waiting=1, dead=0)

    meeting.peer.gate.set()
    meeting.fleet.clock.forward(seconds=20)
    await meeting.settle()

    assert [each.title or each.text.split("\n")[0] for each in meeting.peer.shown.values()] == [TITLE]
    assert await left(meeting) == Counts(waiting=0, dead=0)


@on_sqlite
async def test_a_slow_server_does_not_delay_another(fleet):
    slow = await followed(fleet, MASTODON)
    quick = await meet(fleet, PEERS["Mastodon 4.7"])
    await quick.peer.follow(quick.ana.handle)
    await quick.settle()
    slow.peer.gate.clear()
    await slow.ana.save(PAGE, title=TITLE)

    sending = asyncio.create_task(fleet.settle())
    async with asyncio.timeout(60):
        while not quick.peer.shown:
            await asyncio.sleep(0.01)
    shown_meanwhile = dict(slow.peer.shown)
    slow.peer.gate.set()
    await sending

    assert shown_meanwhile == {}
    assert slow.peer.shown.keys() == quick.peer.shown.keys()


# Ends


@pytest.mark.parametrize("has_shared_inbox", [False, True])
async def test_somebody_whose_server_says_410_follows_nobody_any_more(fleet, has_shared_inbox):
    ghost = await followed(fleet, replace(MASTODON, has_shared_inbox=has_shared_inbox))
    other = await meet(fleet, PEERS["Mastodon 4.7"])
    await other.peer.follow(other.ana.handle)
    await other.settle()
    ghost.peer.is_gone = True
    fleet.clock.forward(days=2)  # where a shared inbox is gone, whoever it was for is asked anew once a day

    for number in range(2):
        await ghost.ana.save(f"https://page.example/{number}")
        await other.settle()

    assert [status for _, status in heard(ghost.peer)] == [410]
    assert len(other.peer.shown) == 2
    async with entered(ghost.ana.server.here):
        rows = await followers((await actor_by_name("ana"))["id"])
    assert [row["uri"] for row in rows] == [other.peer.id]


@on_sqlite
async def test_tags_pub_says_400_to_what_it_has_and_that_is_an_arrival(fleet):
    meeting = await meet(fleet, PEERS["tags.pub"])
    meeting.peer.documents.accept = lambda _: {"id": "https://tagspub.example/lost", "type": "Accept", "actor": "x"}
    await meeting.ana.follow(meeting.peer.handle)
    await meeting.fleet.settle()

    fleet.clock.forward(days=1.5)  # nobody answered: it is asked again, under the same id
    await meeting.fleet.settle()

    assert heard(meeting.peer, "Follow") == [(CAVAGE, 202), (CAVAGE, 400)]
    assert await left(meeting) == Counts(waiting=0, dead=0)


# Clocks


@on_sqlite
@pytest.mark.parametrize(
    ("behind_s", "status"), [(11 * HOURS, 202), (13 * HOURS, 401), (-HOURS // 2, 202), (-2 * HOURS, 401)]
)
async def test_a_server_whose_clock_is_wrong_is_heard_within_twelve_hours_back_and_one_ahead(fleet, behind_s, status):
    meeting = await meet(fleet, MASTODON)
    meeting.peer.voice.behind_s = behind_s

    await meeting.peer.follow(meeting.ana.handle)

    await meeting.settle()
    assert meeting.peer.said == [status]
    assert await meeting.follow_states() == (["accepted"] if status == 202 else [])


@on_sqlite
async def test_what_a_server_refuses_because_of_its_clock_is_sent_again(fleet):
    meeting = await followed(fleet, MASTODON)
    meeting.peer.voice.behind_s = 13 * HOURS
    await meeting.ana.save(PAGE, title=TITLE)
    await meeting.settle()
    assert {status for _, status in heard(meeting.peer)} == {401}

    meeting.peer.voice.behind_s = 0
    fleet.clock.forward(seconds=20)
    await meeting.settle()

    assert len(meeting.peer.shown) == 1
    assert await left(meeting) == Counts(waiting=0, dead=0)


# Keys


@on_sqlite
@pytest.mark.parametrize("change", [Voice.rotate_key, Voice.exchange_key])
async def test_a_server_that_changes_its_key_is_believed_with_the_new_one(fleet, change):
    meeting = await followed(fleet, MASTODON)
    change(meeting.peer.voice)

    await meeting.peer.unfollow(meeting.ana.uri)
    await meeting.settle()

    assert meeting.peer.said == [202, 202]
    assert await meeting.follow_states() == []


@on_sqlite
@pytest.mark.parametrize("name", ["Mastodon 4.4", "Mastodon 4.7", "GoToSocial", "Misskey", "Betula", "Omnom"])
async def test_our_new_key_is_believed_there(fleet, name):
    meeting = await followed(fleet, PEERS[name])
    async with entered(meeting.ana.server.here):
        await rotate(await actor_by_name("ana"))

    await meeting.ana.save(PAGE, title=TITLE)
    await meeting.settle()

    assert len(meeting.peer.shown) == 1
    assert meeting.peer.known[meeting.ana.uri].key_id != f"{meeting.ana.uri}#main-key"


# What else we say


@on_sqlite
@pytest.mark.parametrize("name", [name for name, quirks in PEERS.items() if quirks.follows])
async def test_changes_blocks_refusals_and_a_persons_end_are_read_there(fleet, name):
    quirks = PEERS[name]
    meeting = await followed(fleet, quirks, delivery_total_s=patience_s(quirks))
    peer, ana = meeting.peer, meeting.ana
    await ana.save(PAGE)  # whoever heard of her hears of her end
    await meeting.settle()
    async with entered(ana.server.here):
        await change_profile(ana.viewer, replace(await profile_of(ana.viewer), bio="Other words."))
        [row] = await fetch("SELECT id FROM follow")
        await remove_follower(ana.viewer, str(row["id"]))
    await meeting.settle()
    async with entered(ana.server.here):
        await block(ana.viewer, peer.handle)
        await unblock(ana.viewer, peer.handle)
    await meeting.settle()
    async with entered(ana.server.here):
        await leave(ana.viewer, ana.name, PASSWORD)
    await meeting.settle()

    kinds = ("Accept", "Update Person", "Reject", "Block", "Undo Block", "Delete Person")
    first = {kind: next(each.status for each in peer.arrivals if each.kind == kind) for kind in kinds}
    assert first == {kind: quirks.refuses.get(kind, quirks.answers) for kind in kinds}
    assert [each for each in peer.arrivals if each.trouble and each.kind not in quirks.refuses] == []


@on_sqlite
@pytest.mark.parametrize(("name", "kept"), [("Misskey", 30_000), ("indielinks", 800)])
async def test_the_longest_bookmark_fits_into_the_smallest_inbox(fleet, name, kept):
    meeting = await followed(fleet, PEERS[name])

    await meeting.ana.save(PAGE, title=TITLE, description="Word after word. " * 3_500, tags="one two three four")
    await meeting.settle()

    [shown] = meeting.peer.shown.values()
    assert "Read on" in shown.text
    assert len(shown.text) > kept
