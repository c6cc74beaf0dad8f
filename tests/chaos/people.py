"""Who does what while servers die: people at their forms, and the third server, which sends."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import httpx

from fedimark.database import Row, fetch
from fedimark.policy.visibility import Visibility
from tests.chaos.model import Page, State, Words, removed
from tests.chaos.recorder import Recorder
from tests.chaos.site import Site

_REFUSED = 503
_OWN = """
SELECT b.*, a.local_name FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE a.local_name = ? AND b.url = ?
"""
_FOLLOW = """
SELECT f.id FROM follow f JOIN actor r ON r.id = f.follower_id JOIN actor t ON t.id = f.target_id
WHERE r.local_name = ? AND t.uri = ?
"""


@dataclass(slots=True)
class Tally:
    """How many requests were answered, how many never were, and how many could not be kept."""

    answered: int = 0
    unanswered: int = 0
    refused: int = 0


class Person:
    """Somebody signed in, whose session outlives every death."""

    def __init__(self, site: Site, name: str, cookies: Mapping[str, str], tally: Tally) -> None:
        self.site, self.name, self.tally = site, name, tally
        self.uri = f"{site.url}/u/{name}"
        self.handle = f"{name}@{site.url.removeprefix('http://')}"
        # A connection for each request: one that was kept breaks without telling whether anybody read what was sent.
        self._browser = httpx.AsyncClient(
            base_url=site.url,
            cookies=dict(cookies),
            headers={"Sec-Fetch-Site": "same-origin"},
            timeout=60,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close the browser."""
        await self._browser.aclose()

    async def send(self, path: str, **typed: str) -> httpx.Response | None:
        """Send a form; None when nobody answered, 503 from a server in trouble, which cannot keep anything.

        Both are told once the server is there again, and well.
        """
        births = self.site.web.births
        try:
            answer = await self._browser.post(path, data=typed)
        except httpx.HTTPError:
            self.tally.unanswered += 1
            if self.site.is_sound.is_set():
                await self.site.web.reborn(births)
            await self.site.is_sound.wait()
            return None
        if self.is_refused(answer):
            self.tally.refused += 1
            await self.site.is_sound.wait()
            return answer
        self.tally.answered += 1
        return answer

    def is_refused(self, answer: httpx.Response) -> bool:
        """Whether a server in trouble said that it cannot keep anything; one that is well has no right to."""
        return answer.status_code == _REFUSED and self.site.was_in_trouble


@dataclass(slots=True)
class Saver:
    """Somebody who saves, changes and removes a few pages, one after the other."""

    person: Person
    pages: list[Page]

    async def act(self, chance: random.Random) -> bool:
        """Do one thing to one page, and return whether it was answered: then it is a promise."""
        page = chance.choice(self.pages)
        state = page.state
        if state.words is None:
            act = self._save
        elif state.removed:
            act = chance.choice((self._undo, self._save))
        else:
            act = chance.choice((self._save, self._edit, self._edit, self._remove, self._remove, self._star))
        return await act(page, chance)

    async def _save(self, page: Page, chance: random.Random) -> bool:
        words = page.next_words(chance)
        return await self._ask(page, State(words), "/add", **_typed(page, words))

    async def _edit(self, page: Page, chance: random.Random) -> bool:
        words = page.next_words(chance)
        return await self._ask(page, State(words), f"{self._path(page)}/edit", **_typed(page, words))

    async def _remove(self, page: Page, chance: random.Random) -> bool:
        return await self._ask(page, removed(page.state), f"{self._path(page)}/remove")

    async def _undo(self, page: Page, chance: random.Random) -> bool:
        return await self._ask(page, replace(page.state, removed=False), f"{self._path(page)}/undo")

    async def _star(self, page: Page, chance: random.Random) -> bool:
        assert page.state.words is not None
        starred = replace(page.state.words, starred=True)
        return await self._ask(page, State(starred), "/press", starred=page.bookmark_id)

    async def _ask(self, page: Page, wanted: State, path: str, **typed: str) -> bool:
        page.perhaps = wanted
        answer = await self.person.send(path, **typed)
        if answer is None or self.person.is_refused(answer):
            if answer is not None and self.person.site.settings.is_sqlite:
                page.perhaps = None  # what could not be written was not; PostgreSQL may have died in its last word
            async with self.person.site.inside():
                found = await fetch(_OWN, self.person.name, page.url)
            page.bookmark_id = found[0]["public_id"] if found else ""
            page.seen(state_of(found))
            return False
        if path.endswith("/undo") and answer.status_code == 404:
            page.answered(State())
        else:
            assert answer.status_code == 303, f"{path}: {answer.status_code} {answer.text[:400]}"
            page.answered(wanted)
            if path == "/add" or path.endswith("/edit"):
                page.bookmark_id = answer.headers["location"].rpartition("/")[2]
        return True

    def _path(self, page: Page) -> str:
        return f"/u/{self.person.name}/b/{page.bookmark_id}"


@dataclass(slots=True)
class Reader:
    """Somebody who cannot decide whether to follow."""

    person: Person
    target: str  # an actor's id
    follows: bool = False

    async def act(self, chance: random.Random) -> bool:
        """Follow, or follow no more; returns whether it was answered."""
        wanted = not self.follows
        answer = await self.person.send(f"/network/{'follow' if wanted else 'leave'}", who=self.target)
        if answer is None or self.person.is_refused(answer):
            async with self.person.site.inside():
                self.follows = bool(await fetch(_FOLLOW, self.person.name, self.target))
            return False
        assert answer.status_code == 303, f"{answer.status_code} {answer.text[:400]}"
        self.follows = wanted
        return True


@dataclass(slots=True)
class Sender:
    """The third server's person, whose letters to one server are sent until they are taken."""

    recorder: Recorder
    to: str  # somebody's id
    pages: list[Page]
    said: int = field(default=0)

    async def act(self, chance: random.Random) -> bool:
        """Save, change or remove one page; returns once it was taken in with 202, for then it is a promise."""
        page = chance.choice(self.pages)
        self.said += 1
        activity_id = f"{self.recorder.uri}/said/{self.said}"
        if page.state.words is not None and chance.random() < 0.4:
            note = f"{self.recorder.uri}/notes/{page.bookmark_id}"
            await self.recorder.say(self.to, {"id": activity_id, "type": "Delete", "object": note})
            page.answered(State())
            return True
        kind = "Update" if page.state.words else "Create"
        page.bookmark_id = page.bookmark_id if page.state.words else str(self.said)
        words = replace(page.next_words(chance), visibility="public")
        note = self.recorder.note(page.url, page.bookmark_id, words)
        await self.recorder.say(self.to, {"id": activity_id, "type": kind, "object": note})
        page.answered(State(words))
        return True


def state_of(found: list[Row]) -> State:
    """What the rows of one person's bookmarks of one address say; raises AssertionError for half a bookmark."""
    assert len(found) < 2, f"{len(found)} bookmarks of one address: {found}"
    return State(words_of(found[0], own=True), found[0]["removed_at"] is not None) if found else State()


def words_of(row: Row, *, own: bool) -> Words:
    """The one version whose words a row holds, all of them; what never leaves stands in the saver's `own` alone."""
    version = int(row["title"].removeprefix("Version "))
    words = Words(version, Visibility(row["visibility"]).word, starred=bool(row["starred"]) and own)
    parts = (row["description"], set(row["tags"].split()), row["private_note"])
    whole = (words.description, set(words.tags.split()), words.private_note if own else "")
    assert parts == whole, f"of two versions, or not whole: {row}"
    return words


def _typed(page: Page, words: Words) -> dict[str, str]:
    return {
        "url": page.url,
        "title": words.title,
        "description": words.description,
        "tags": words.tags,
        "private_note": words.private_note,
        "visibility": words.visibility,
    }
