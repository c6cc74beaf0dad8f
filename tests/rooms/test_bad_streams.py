"""What a hostile stream may announce: each is contained, leaves nothing, and the next good word is heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from structlog.testing import capture_logs

from fedimark.bookmarks.shares import bookmark_of
from fedimark.errors import Forbidden
from fedimark.here import now
from fedimark.logs import INBOX_APPLIED
from fedimark.moderation import domains, suspension
from tests.rooms.peers import AS2, Says, stand
from tests.rooms.provers import PUBLIC, Prover, proof_key_of
from tests.rooms.strangers import Stranger, applied
from tests.rooms.test_announced import CLEO, HOUR, SQL, announces, gets, saves, shows
from tests.rooms.test_incoming import followed
from tests.support.savers import assert_agreement
from tests.support.traces import no_trace

FAR = "https://far.example/u/fay"
BANK = "https://bank.example"


class World:
    """A stream that ana follows, cleo and eve of its server, whose keys are known, and fay, of whom nothing is."""

    def __init__(self, fleet: Any, stream: Stranger, cleo: Prover, eve: Prover) -> None:
        self.fleet, self.stream, self.cleo, self.eve = fleet, stream, cleo, eve
        self.bank = stand(fleet, "bank.example")

    def fay(self, **said: Any) -> Prover:
        """Somebody of a server of her own."""
        return Prover(self.fleet, FAR, **said)


@pytest.fixture
async def world(server, fleet, ana) -> World:
    """Everybody is met, and what a server does by itself is done."""
    stream = await followed(ana, Stranger(fleet, SQL, type="Group", preferredUsername="tag.sql"))
    cleo, eve = Prover(fleet, CLEO), Prover(fleet, "https://marks.example/u/eve")
    for each in (cleo, eve):
        await each.row()
    await server.settle()
    return World(fleet, stream, cleo, eve)


def stale(world: World) -> Any:
    """A proof of the day before yesterday."""
    return world.cleo.proves(saves(world.cleo), at=now() - 25 * HOUR)


def expired(world: World) -> Any:
    """One that says itself that it is over."""
    return world.cleo.proves(saves(world.cleo), expires="2020-01-01T00:00:00Z")


def other_bytes(world: World) -> Any:
    """A proof over other words."""
    return world.cleo.proves(saves(world.cleo)) | {"object": saves(world.cleo, name="Forged")["object"]}


def wrong_key(world: World) -> Any:
    """A key that is not hers."""
    world.cleo.proof_key = proof_key_of(CLEO, 2)
    return world.cleo.proves(saves(world.cleo))


def key_of_another(world: World) -> Any:
    """The key of her neighbour."""
    return world.eve.proves(saves(world.cleo))


def anothers_note(world: World) -> Any:
    """A Create of eve's whose Note is of another host."""
    return world.eve.proves({**world.eve.create(), "object": saves(world.fay())["object"]})


def forged(world: World) -> Any:
    """A Note of another host, by the stream's word alone."""
    return saves(world.fay())


def victim(world: World) -> Any:
    """Somebody whose inbox is a bank's."""
    fay = world.fay(inbox=f"{BANK}/inbox", endpoints={"sharedInbox": f"{BANK}/inbox"})
    return fay.proves(saves(fay))


def elsewhere(world: World) -> Any:
    """A Note that its server says is somebody's of another."""
    fay = world.fay()
    note = saves(fay)["object"] | {"attributedTo": CLEO}
    fay.peer.document("/u/fay/b/1", note)
    return note["id"]


def redirected(world: World) -> Any:
    """An address that leads to a bank's."""
    fay = world.fay()
    fay.peer.answers["/u/fay/b/1"] = Says(302, b"", {"location": f"{BANK}/u/fay/b/1"})
    world.bank.document("/u/fay/b/1", saves(fay)["object"])
    return f"{FAR}/b/1"


def private(world: World) -> Any:
    """A Note for followers, shown to whoever signs."""
    fay = world.fay()
    shows(fay, saves(fay, to=[f"{FAR}/followers"]))
    return f"{FAR}/b/1"


def private_and_proven(world: World) -> Any:
    """The same inside a public Create."""
    return world.cleo.proves(saves(world.cleo, to=[f"{CLEO}/followers"]))


def untagged(world: World) -> Any:
    """A Note without the stream's tag."""
    return world.cleo.proves(saves(world.cleo, tags=("rust",)))


def itself(world: World) -> Any:
    """The stream."""
    return SQL


def its_word(world: World) -> Any:
    """Its own announcement."""
    return f"{SQL}/announce/1"


def nested(world: World) -> Any:
    """An announcement of an announcement."""
    return announces(world.stream, world.cleo.proves(saves(world.cleo)), 9)


def somebody(world: World) -> Any:
    """A person."""
    return CLEO


def secret(world: World) -> Any:
    """A page whose address holds a key."""
    link = [{"type": "Link", "href": "https://example.org/?token=abcdefghijkl"}]
    return world.cleo.proves(saves(world.cleo, attachment=link))


def huge(world: World) -> Any:
    """A Note of two megabytes."""
    fay = world.fay()
    fay.peer.answers["/u/fay/b/1"] = Says(200, b'{"a":"' + b"x" * 2_000_000 + b'"}', {"content-type": AS2})
    return f"{FAR}/b/1"


def uploaded(world: World) -> Any:
    """A file that somebody put on a server, which says it is a Note of hers."""
    fay = world.fay()
    fay.peer.document("/media/1.json", saves(fay)["object"])
    return "https://far.example/media/1.json"


def nobody(world: World) -> Any:
    """A host that is none."""
    return "https://192.168.0.1/note"


def deep(world: World) -> Any:
    """A Create in a Create."""
    return {**saves(world.cleo), "object": world.cleo.proves(saves(world.cleo))}


BAD: Mapping[str, Callable[[World], Any]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            *(stale, expired, other_bytes, wrong_key, key_of_another, anothers_note, forged, victim, elsewhere),
            *(redirected, private, private_and_proven, untagged, itself, its_word, nested, somebody, secret),
            *(huge, uploaded, nobody, deep),
        )
    }
)
# Whoever is asked for is met; what somebody says may be withheld; a stream that was wrong is remembered for it.
REMEMBERED = ("actor", "actor_key", "inbox", "peer", "received_activity", "withheld")


@pytest.mark.parametrize("name", BAD)
async def test_it_leaves_nothing_and_the_next_good_word_is_heard(world, ana, name):
    # Given what its own servers do not bear out
    stream, inside = world.stream, BAD[name](world)

    # When the stream announces it, and once more
    with capture_logs() as logs:
        async with no_trace(but=REMEMBERED):
            for number in (1, 2):
                await stream.do(announces(stream, inside, number))

    # Then the log says of each what became of it, and of the stream, and no word of it
    row = await stream.row()
    told = [line for line in logs if line["event"] == INBOX_APPLIED and line["actor_id"] == row["id"]]
    assert [(line["kind"].split()[0], line["outcome"]) for line in told] == [("Announce", "ignored")] * 2
    assert "Forged" not in str(logs)

    # And nobody who has nothing to do with it was asked for anything, and what is good is heard
    assert not [asked for asked in world.bank.asked if asked.method == "POST" or "inbox" in asked.target]
    eve = world.eve
    assert await stream.do(announces(stream, eve.proves(saves(eve, 77)), 77)) == "shared"
    assert await bookmark_of(f"{eve.uri}/b/77") is not None
    await assert_agreement()


@pytest.mark.parametrize("how", ["blocked domain", "suspended"])
async def test_nobody_shut_out_comes_in_by_a_stream(world, how):
    fay = world.fay()
    await fay.row()
    shows(fay, saves(fay))
    if how == "suspended":
        await suspension.suspend(FAR)
    else:
        await domains.block_domain("far.example")
    before = len(gets(fay))

    async with no_trace(but=REMEMBERED):
        await world.stream.do(announces(world.stream, fay.proves(saves(fay)), 1))
        await world.stream.do(announces(world.stream, f"{FAR}/b/2", 2))

    assert how == "suspended" or len(gets(fay)) == before


async def test_a_stream_that_is_shut_out_is_heard_no_more(world):
    await suspension.suspend(SQL)
    said = announces(world.stream, world.cleo.proves(saves(world.cleo)))

    async with no_trace(but=REMEMBERED):
        with pytest.raises(Forbidden):
            await world.stream.say(said)
        await applied()


async def test_nobody_takes_back_what_a_stream_passed_on_but_the_stream(world, ana):
    stream, cleo, eve = world.stream, world.cleo, world.eve
    await stream.do(announces(stream, cleo.proves(saves(cleo))))

    undo = {"id": f"{eve.uri}#undo", "type": "Undo", "actor": eve.uri, "to": [PUBLIC], "object": f"{SQL}/announce/1"}
    # What she takes back of her own is remembered as hers.
    async with no_trace(but=(*REMEMBERED, "tombstone")):
        await eve.do(undo)

    assert await bookmark_of(f"{CLEO}/b/1") is not None
