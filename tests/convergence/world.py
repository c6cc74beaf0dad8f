"""One real server with two readers, and the servers of a history around it, showing what they have at that moment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fedimark.database import execute, fetch, write
from fedimark.follows.queries import following
from fedimark.here import entered
from fedimark.vocab.terms import Doc
from tests.convergence.documents import HOSTS, URIS, document, present, uri_of
from tests.convergence.histories import BEGAN, PAGES, TAG, Arrival, History, Note, Plan
from tests.convergence.seen import Seen, differences, mistakes, seen
from tests.rooms.peers import AS2, Asked, Says
from tests.rooms.provers import Prover
from tests.rooms.strangers import applied
from tests.support.fleet import Fleet
from tests.support.people import Person

HOME = "a.example"
_SOFTWARE = {"ana": "fedimark", "bo": "mastodon", "cy": "fedimark"}
# All that a history leaves behind; people, tags and who follows whom stay.
_LEFT = (
    "bookmark",
    "bookmark_tag",
    "tally",
    "link",
    "entry",
    "share",
    "reaction",
    "remark",
    "tombstone",
    "withheld",
    "received_activity",
    "activity",
    "activity_body",
    "delivery",
    "announcement",
    "passed_on",
    "reach",
)


class World:
    """Rita follows ana and bo; sam follows bo, cy's tag, and the tag of this server. Nobody follows cy."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.history, self.step = History(), 0
        self.shown: dict[str, Says] = {}
        self.documents: dict[Any, Doc] = {}

    async def begin(self) -> World:
        """Make the server, everybody, and the follows."""
        self.fleet.chance.seed(1)  # some of what bears a proof is looked at where it is from, some is not
        self.rita, self.sam = await self.fleet.people(f"rita@{HOME}", f"sam@{HOME}")
        self.home = self.rita.server
        async with entered(self.home.here):
            self.speakers = {name: Prover(self.fleet, uri) for name, uri in URIS.items() if name != TAG}
            self.speakers["ana"].said = self.speakers["cy"].said = {"indexable": True}
            self.speakers["bo"].said = {"indexable": True}
            self.speakers[TAG] = Prover(self.fleet, URIS[TAG], type="Group", attributedTo=None)
            for name, speaker in self.speakers.items():
                speaker.show()
                if name in HOSTS:
                    self._stand(name, speaker)
            for reader, names in ((self.rita, ("ana", "bo")), (self.sam, ("bo", TAG))):
                for name in names:
                    await self._follow(reader, self.speakers[name])
            await self.speakers["cy"].row()
        await self.rita.save(PAGES[0][0], title="Rita’s", tags="sql")
        await self.sam.follow("#sql")
        await self.fleet.settle()
        return self

    async def judge(self, plan: Plan) -> list[str]:
        """What is not as it should be in the end, and what can be seen in another way after another order."""
        straight = [Arrival(letter) for letter in plan.history.letters]
        first = await self._live(plan.history, straight, is_late=False)
        other = await self._live(plan.history, plan.arrivals, is_late=plan.late)
        return [*mistakes(first, plan.history), *mistakes(other, plan.history), *differences(first, other)]

    async def _live(self, history: History, arrivals: Sequence[Arrival], *, is_late: bool) -> Seen:
        async with entered(self.home.here):
            await self._forget()
            await self._write_down(history)
            self.step = history.letters[-1].step if is_late and history.letters else 0
            come: set[int] = set()
            for arrival in arrivals:
                letter = arrival.letter
                self.step = max(self.step, letter.step)
                self.fleet.clock.micros = max(self.fleet.clock.micros, history.moment(self.step))
                key = id(letter)
                if key in come:
                    # As after a month: what is in the inbox twice is taken once, so the inbox forgets it.
                    await applied()
                    await execute("DELETE FROM received_activity WHERE applied_at IS NOT NULL")
                come.add(key)
                await self.speakers[letter.who].say(await self._document(arrival))
                if arrival.rests:
                    await applied()
            await self.home.settle()
            await self._assert_calm()
            return await seen([None, self.rita.viewer, self.sam.viewer])

    async def _forget(self) -> None:
        async with write():
            for table in _LEFT:
                await execute(f"DELETE FROM {table}")
        self.home.here.caches.clear()
        self.fleet.clock.micros = BEGAN
        await self.rita.save(PAGES[0][0], title="Rita’s", tags="sql")

    async def _assert_calm(self) -> None:
        """Nothing waits, and nothing was set aside."""
        rows = await fetch("SELECT kind, outcome, tries, applied_at FROM received_activity")
        wrong = [row for row in rows if row["applied_at"] is None or row["tries"]]
        assert not wrong, wrong

    async def _write_down(self, history: History) -> None:
        if history is self.history:
            return
        self.history, self.documents, self.shown = history, {}, {}
        for which, states in history.states.items():
            for step, version in states:
                if version is not None and version.reach != "followers":
                    body = json.dumps(await present(which, version)).encode()
                    self.shown[f"{uri_of(which)} {step}"] = Says(200, body, {"content-type": AS2})

    async def _document(self, arrival: Arrival) -> Doc:
        key = (id(arrival.letter), arrival.shape)
        if key not in self.documents:
            speaker = self.speakers["cy" if arrival.letter.who == TAG else arrival.letter.who]
            self.documents[key] = await document(arrival.letter, arrival.shape, speaker)
        return self.documents[key]

    def _stand(self, name: str, speaker: Prover) -> None:
        """Let a server tell what it runs, and show its Notes as they are at the moment."""
        host, peer = HOSTS[name], speaker.peer
        schema = "http://nodeinfo.diaspora.software/ns/schema/2.0"
        links = {"links": [{"rel": schema, "href": f"https://{host}/nodeinfo/2.0"}]}
        peer.document("/.well-known/nodeinfo", links, "application/json")
        peer.document("/nodeinfo/2.0", {"software": {"name": _SOFTWARE[name]}}, "application/json")

        def answer(asked: Asked) -> Says:
            path = asked.target.partition("?")[0]
            known = {uri_of(note): note for note in self.history.states}
            note = known.get(f"https://{host}{path}")
            if asked.method == "POST":
                return Says(202)
            return peer.answers.get(path, Says(404)) if note is None else self._present(note)

        peer.rule = answer

    def _present(self, note: Note) -> Says:
        if self.history.ended(note, self.step):
            return Says(404 if note[1] % 2 else 410)
        states = [step for step, _ in self.history.states[note] if step <= self.step]
        return self.shown.get(f"{uri_of(note)} {states[-1]}", Says(404)) if states else Says(404)

    async def _follow(self, reader: Person, speaker: Prover) -> None:
        await reader.follow(speaker.uri)
        await self.home.settle()
        asked = [said for said in speaker.peer.bodies() if said["type"] == "Follow" and said["object"] == speaker.uri]
        accept = {"id": f"{speaker.uri}#accept", "type": "Accept", "actor": speaker.uri, "object": asked[-1]}
        await speaker.do({**accept, "id": f"{accept['id']}-{len(speaker.peer.asked)}"})
        assert {row["state"] for row in await following(reader.viewer.actor_id)} == {"accepted"}
