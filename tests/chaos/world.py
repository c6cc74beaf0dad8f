"""Two servers and a third: ana's, which is one process, bo's and cy's, which is two, and one that writes down."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from types import TracebackType

from tests.chaos import checks
from tests.chaos.model import Page
from tests.chaos.people import Person, Reader, Saver, Sender, Tally
from tests.chaos.recorder import Recorder
from tests.chaos.site import Part, Site
from tests.support.storage import Storage

_LANES = 3  # of each saver, each with pages of its own
_PAGES = 3  # in a lane

Actor = Saver | Reader | Sender


class World:
    """`async with World(…)`: everything stands and follows each other; whatever was started is ended.

    Ana and bo follow each other, bo and the third server's person too, that one follows ana, and cy follows ana now
    and then. All save the same few pages, so that the entries of timelines have several savers.
    """

    def __init__(self, folder: Path, storage: Storage, seed: int) -> None:
        self.folder, self.storage, self.seed = folder, storage, seed
        self.tally = Tally()

    async def __aenter__(self) -> World:
        self.recorder = Recorder(self.seed)
        self.people: list[Person] = []
        self.sites: tuple[Site, ...] = ()
        try:
            await self._begin()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    @property
    def parts(self) -> dict[str, Part]:
        """Every process, by name."""
        return {part.name: part for site in self.sites for part in site.parts}

    @property
    def actors(self) -> list[Actor]:
        """Everybody who does something."""
        return [*self.savers, self.cy, self.rec]

    def pages_of(self, person: Person) -> list[Page]:
        """All pages somebody deals with."""
        return [page for saver in self.savers if saver.person is person for page in saver.pages]

    async def _begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        a = Site("ana", self.folder / "a", await self.storage.new(), apart=False)
        b = Site("bo", self.folder / "b", await self.storage.new(), apart=True)
        self.sites = (a, b)
        cookies = [*await a.sign_up("ana"), *await b.sign_up("bo", "cy")]
        named = zip((a, b, b), ("ana", "bo", "cy"), cookies, strict=True)
        self.people = [Person(site, name, cookie, self.tally) for site, name, cookie in named]
        self.ana, self.bo, cy = self.people
        lanes = [[f"https://page{lane}-{n}.example/" for n in range(_PAGES)] for lane in range(_LANES)]
        self.savers = [Saver(who, [Page(url) for url in lane]) for who in (self.ana, self.bo) for lane in lanes]
        self.cy = Reader(cy, self.ana.uri)
        self.rec = Sender(self.recorder, self.bo.uri, [Page(url) for url in lanes[0]])
        await asyncio.gather(*(site.start() for site in self.sites))
        await self._follow()

    async def _follow(self) -> None:
        for who, whom in ((self.ana, self.bo.uri), (self.bo, self.ana.uri), (self.bo, self.recorder.uri)):
            answer = await who.send("/network/follow", who=whom)
            assert answer is not None
            assert answer.status_code == 303, answer.text
        await self.recorder.follow(self.ana.uri, 1)
        asked = await checks.until(self._asked, "bo's Follow arrives")
        await self.recorder.accept(asked)
        await checks.quiet(self)
        await checks.followed(self)

    async def _asked(self) -> dict[str, str] | None:
        documents = [json.loads(body) for body in self.recorder.letters]
        return next((each for each in documents if each["type"] == "Follow"), None)

    async def _end(self) -> None:
        for site in self.sites:
            site.stop()
        for person in self.people:
            await person.close()
        await self.recorder.close()
        await self.storage.drop()


def chance_of(seed: int, number: int) -> random.Random:
    """The dice of one round."""
    return random.Random(f"{seed}/{number}")
