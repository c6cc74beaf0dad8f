"""Both directions with one peer, from the first look to the last: what came of each step makes a row of the table."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import astuple, dataclass, fields

from fedimark.database import Row, fetch, fetch_one
from fedimark.here import entered
from fedimark.remote.signing import Way, signed
from fedimark.signatures.message import Message
from tests.support.fleet import Fleet
from tests.support.peers.documents import AS2
from tests.support.peers.peer import FakePeer
from tests.support.peers.quirks import PEERS, Quirks, When
from tests.support.peers.signing import CAVAGE, RFC9421, Knock, NotProven
from tests.support.peers.strict import many
from tests.support.people import Person

HERE = "marks.example"
PAGE = "https://store.example/cache?page=2"
TITLE, EDITED_TITLE = "How the page cache works", "How the page cache really works"
WORDS, TAGS = "Read it twice.", "page-cache c++ 2024"
NO, NONE = "no", "–"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table in FEDERATION.md; the names of the fields are its head."""

    server: str
    signatures: str
    follows_us: str
    title: str
    page: str
    tags: str
    warning: str
    edit: str
    removal: str
    followed: str
    saves_are: str
    its_edit: str
    its_removal: str

    def __str__(self) -> str:
        return f"| {' | '.join(astuple(self))} |"


HEAD = (
    "server",
    "signatures taken",
    "follows us",
    "title",
    "page",
    "tags",
    "warning",
    "our edit",
    "our removal",
    "we follow it",
    "what it publishes is here",
    "its edit",
    "its removal",
)
assert len(HEAD) == len(fields(Line))


@dataclass(slots=True)
class Meeting:
    """Ana here, and a peer."""

    fleet: Fleet
    ana: Person
    peer: FakePeer
    origin: FakePeer | None = None

    async def settle(self) -> None:
        """Let everybody work until nobody has anything to do."""
        for _ in range(20):
            await self.fleet.settle()
            if not [each for each in (self.peer, self.origin) if each and await each.work()]:
                return
        raise AssertionError("they do not come to rest")

    async def copies(self) -> list[Row]:
        """What our server holds of others."""
        async with entered(self.ana.server.here):
            return await fetch("SELECT * FROM bookmark WHERE NOT is_local ORDER BY id")

    async def follow_states(self) -> list[str]:
        """How follows stand on our server."""
        async with entered(self.ana.server.here):
            return [row["state"] for row in await fetch("SELECT state FROM follow ORDER BY id")]


async def meet(fleet: Fleet, quirks: Quirks, **chosen: str) -> Meeting:
    """Ana's server and a peer in one network, on a day on which the documents of tests/wire are new."""
    fleet.clock.set("2026-08-22T12:00:00Z")
    server = await fleet.server(HERE, **chosen)
    ana = server.people.get("ana") or await server.sign_up("ana")
    peer = FakePeer(quirks, fleet.network, fleet.clock)
    # tags.pub announces what others said.
    origin = FakePeer(PEERS["Betula"], fleet.network, fleet.clock) if quirks.removes == "undo" else None
    if origin is not None:
        peer.documents.created |= {"object": origin.documents.note["id"]}
    return Meeting(fleet, ana, peer, origin)


async def both_ways(meeting: Meeting) -> Line:
    """Play it all and say what came of it; what must hold for every peer is asserted on the way."""
    taken = await schemes_taken(meeting)
    theirs = await they_follow(meeting)
    ours = await we_follow(meeting)
    return Line(meeting.peer.quirks.name, taken, *theirs, *ours)


async def schemes_taken(meeting: Meeting) -> str:
    """Which signatures of ours it proves, each given to it alone, with its own verifier and our key fetched."""
    peer, found = meeting.peer, []
    if peer.quirks.verifies is When.NEVER:
        return "not looked at"
    for way, name in ((Way.CAVAGE, CAVAGE), (Way.RFC9421, RFC9421)):
        with suppress(NotProven):
            assert await peer.prove(await _signed_by(meeting, way)) == meeting.ana.uri
            found.append(name)
    return ", ".join(found)


async def _signed_by(meeting: Meeting, way: Way) -> Knock:
    body, url = b'{"type": "View"}', f"https://{meeting.peer.host}/inbox"
    headers = {"host": meeting.peer.host, "content-type": AS2}
    message = Message("POST", "/inbox", {name: (value,) for name, value in headers.items()}, body)
    async with entered(meeting.ana.server.here):
        ana = await fetch_one("SELECT * FROM actor WHERE local_name = 'ana'")
        assert ana is not None
        added = await signed(ana, message, way, url)
    return Knock("POST", url, headers | {name.lower(): value for name, value in added.items()}, body)


async def they_follow(meeting: Meeting) -> tuple[str, ...]:
    """Their person follows ana, reads, and leaves: seven cells."""
    peer, ana = meeting.peer, meeting.ana
    await look_around(meeting)
    if not peer.quirks.follows:
        return (NONE,) * 7
    await peer.follow(ana.handle)
    await meeting.settle()
    assert await meeting.follow_states() == ["accepted"]
    assert peer.said == [202]
    assert peer.following[ana.uri] == ("asked" if "Accept" in peer.quirks.refuses else "accepted")
    await ana.save(PAGE, title=TITLE, description=WORDS, tags=TAGS)
    await meeting.settle()
    cells = seen_there(peer)
    await ana.edit(PAGE, title=EDITED_TITLE)
    await meeting.settle()
    edited = [each for each in peer.shown.values() if EDITED_TITLE in (each.title, *each.text.split("\n"))]
    had = bool(peer.shown)
    await ana.remove(PAGE)
    meeting.fleet.clock.forward(seconds=31)
    await meeting.settle()
    ends = ("yes" if edited else NO, NO if peer.shown else "yes") if had else (NONE, NONE)
    await peer.unfollow(ana.uri)
    await meeting.settle()
    assert await meeting.follow_states() == []
    return ("yes", *cells, *ends)


def seen_there(peer: FakePeer) -> tuple[str, str, str, str]:
    """Title, page, tags and content warning as their person sees them."""
    if not peer.shown:
        return ("not shown",) + (NONE,) * 3
    [shown] = peer.shown.values()
    lines = shown.text.split("\n")
    assert WORDS in shown.text
    title = "its own" if shown.title == TITLE else "in the text" if lines.count(TITLE) == 1 else NO
    page = "its own" if shown.page == PAGE else "in the text" if PAGE in shown.links else NO
    tags = " ".join(f"`{tag}`" for tag in shown.tags) or NO
    return title, page, tags, shown.warning or NO


async def look_around(meeting: Meeting) -> None:
    """Whatever ana's actor leads to is asked for and read strictly, with something in it."""
    peer, ana = meeting.peer, meeting.ana
    saved = await ana.save("https://before.example/", title="Before", tags="old")
    actor = await peer.voice.get(ana.uri)
    for name in ("outbox", "followers", "following", "featured", "featuredTags"):
        collection = await peer.voice.get(actor[name])
        peer.quirks.reader.read(collection)
        if "first" in collection:
            peer.quirks.reader.read(await peer.voice.get(collection["first"]))
        for note in [each for each in many(collection.get("orderedItems")) if peer.quirks.follows]:
            await peer.voice.get(note["id"])
    await ana.remove("https://before.example/")
    meeting.fleet.clock.forward(seconds=31)
    await meeting.settle()
    assert (await ana.server.client.get(saved.path, headers={"Accept": "application/activity+json"})).status_code == 410


async def we_follow(meeting: Meeting) -> tuple[str, ...]:
    """Ana follows their person, gets what they publish, and leaves: four cells."""
    peer, ana = meeting.peer, meeting.ana
    await ana.follow(peer.handle)
    await meeting.settle()
    # Streams are followed by the server itself, for all of its people.
    is_stream = peer.quirks.kind in ("Group", "Service")
    follower = f"{ana.server.here.settings.base_url}/actor" if is_stream else ana.uri
    assert await meeting.follow_states() == ["accepted"] * (2 if is_stream else 1)
    assert peer.followers == {follower}
    await peer.tell([peer.documents.created])
    await meeting.settle()
    kept = await meeting.copies()
    is_what = ("a bookmark" if kept[0]["is_save"] else "a mention") if kept else "nothing"
    ends = (await _their_edit(meeting), await _their_removal(meeting)) if kept else (NONE, NONE)
    await ana.unfollow(peer.handle)
    await meeting.settle()
    assert peer.followers == ({follower} if "Undo Follow" in peer.quirks.ignores else set())
    assert set(peer.said) == {202}
    return ("yes", is_what, *ends)


async def _their_edit(meeting: Meeting) -> str:
    peer = meeting.peer
    if not peer.quirks.edits:
        return NONE
    meeting.fleet.clock.forward(seconds=7_200)
    await peer.tell(peer.documents.edited())
    await meeting.settle()
    [kept] = await meeting.copies()
    return "yes" if peer.quirks.words[1] in f"{kept['title']} {kept['description']}" else NO


async def _their_removal(meeting: Meeting) -> str:
    peer = meeting.peer
    if not peer.quirks.removes:
        return NONE
    await peer.tell(peer.documents.removed())
    await meeting.settle()
    return NO if await meeting.copies() else "yes"
