"""Two servers and a third: ana's, which is one process, bo's and cy's, which is several, and one that writes down."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from pathlib import Path
from types import TracebackType

from tests.chaos import checks
from tests.chaos.cluster import Cluster
from tests.chaos.disk import Disk
from tests.chaos.model import Page
from tests.chaos.people import Person, Reader, Saver, Sender, Tally
from tests.chaos.recorder import Recorder
from tests.chaos.site import Part, Site
from tests.support.storage import SqliteTemplate

_LANES = 3  # of each saver, each with pages of its own
_PAGES = 3  # in a lane
_MEGABYTES = 48  # of each server's disk

Actor = Saver | Reader | Sender


class World:
    """`async with World(…)`: everything stands and follows each other; whatever was started is ended.

    Ana and bo follow each other, bo and the third server's person too, that one follows ana, and cy follows ana now
    and then. All save the same few pages, so that the entries of timelines have several savers.
    """

    def __init__(self, folder: Path, template: SqliteTemplate | None, seed: int) -> None:
        """Databases are copies of the template, or those of a PostgreSQL of its own where there is none."""
        self.folder, self.template, self.seed = folder, template, seed
        self.tally = Tally()
        self.cluster: Cluster | None = None
        self.joined: list[str] = []  # followers of ana who came while their server erred

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

    def workers_beside(self, victim: Part) -> list[Part]:
        """Those that share a process's work."""
        site = next(site for site in self.sites if victim in site.parts)
        return [each for each in site.workers if each is not victim]

    @property
    def actors(self) -> list[Actor]:
        """Everybody who does something."""
        return [*self.savers, self.cy, self.rec]

    def pages_of(self, person: Person) -> list[Page]:
        """All pages somebody deals with."""
        return [page for saver in self.savers if saver.person is person for page in saver.pages]

    def disk_of(self, site: Site) -> tuple[Disk, tuple[Site, ...]]:
        """The disk that a server's rows are on, and all whose rows are there."""
        return (self.cluster.disk, self.sites) if self.cluster else (site.disk, (site,))

    def trouble(self, *sites: Site) -> None:
        """From now on these may refuse, or not answer at all."""
        for site in sites:
            site.was_in_trouble = True
            site.is_sound.clear()

    def well(self, *sites: Site) -> None:
        """All who wait for these may ask them again."""
        for site in sites:
            site.is_sound.set()

    async def joins(self) -> None:
        """Let somebody whom ana's server never met ask to follow her."""
        number = len(self.joined) + 2
        self.joined.append(await self.recorder.join(self.ana.uri, number))

    async def _begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.template is None:
            self.cluster = Cluster(self.folder)
            await self.cluster.begin()
        # On PostgreSQL two processes share the work.
        a, b = await self._site("ana", 0), await self._site("bo", 2 if self.cluster else 1)
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

    async def _site(self, name: str, workers: int) -> Site:
        folder = self.folder / name
        folder.mkdir()
        disk = Disk(folder / "disk", _MEGABYTES)
        if self.cluster is not None:
            url = await self.cluster.new()
        else:
            assert self.template is not None
            url = f"sqlite:///{shutil.copyfile(self.template.file, disk.folder / 'fedimark.sqlite3')}"
        site = Site(name, folder, disk, url, workers)
        self.sites += (site,)
        return site

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
        if self.cluster:
            self.cluster.remove()


def chance_of(seed: int, number: int) -> random.Random:
    """The dice of one round."""
    return random.Random(f"{seed}/{number}")
