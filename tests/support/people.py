"""People of a test's servers: what somebody does, in one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from fedimark.here import entered
from fedimark.policy.visibility import BY_WORD, Viewer, Visibility

if TYPE_CHECKING:
    from tests.support.server import Server

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Seen:
    """A line of somebody's network timeline; `savers` are handles with their hosts, by time, then name."""

    url: str
    title: str
    savers: list[str]
    tags: list[str]
    canonical: str = ""
    position: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; `browser` is signed in."""

    server: Server
    viewer: Viewer
    browser: httpx.AsyncClient

    @property
    def name(self) -> str:
        """`ana`."""
        return self.viewer.username

    @property
    def handle(self) -> str:
        """`@ana@a.example`."""
        return f"@{self.name}@{self.server.host}"

    @property
    def uri(self) -> str:
        """The actor id."""
        return f"{self.server.here.settings.base_url}/u/{self.name}"

    async def save(self, url: str, *, visibility: str | Visibility | None = None, **texts: str) -> Any:
        """Save a bookmark; `texts` are `title`, `description`, `tags`. Returns bookmarks.save.Saved."""
        from fedimark.bookmarks.draft import Draft, Owner
        from fedimark.bookmarks.save import save_bookmark

        word = visibility.word if isinstance(visibility, Visibility) else visibility
        async with entered(self.server.here):
            given = texts | ({"visibility": word} if word else {})
            return await save_bookmark(Owner.of(self.viewer), Draft.read(url=url, **given))

    async def edit(self, url: str, **changes: str) -> Any:
        """Change what somebody said of a page: what is not named stays."""
        from fedimark.bookmarks.queries import by_url

        async with entered(self.server.here):
            row = await by_url(await self._owner(), url)
        assert row is not None, f"{self.name} has no bookmark of {url}"
        before = {name: row[name] for name in ("title", "description", "tags")}
        visibility = changes.pop("visibility", Visibility(row["visibility"]).word)
        return await self.save(url, visibility=visibility, **(before | changes))

    async def remove(self, url: str) -> None:
        """Remove a bookmark; it is told to others when the time for an undo has run out (`wait_for_undo`)."""
        from fedimark.bookmarks.queries import by_url
        from fedimark.bookmarks.remove import remove_bookmark

        async with entered(self.server.here):
            row = await by_url(await self._owner(), url)
            assert row is not None, f"{self.name} has no bookmark of {url}"
            await remove_bookmark(await self._owner(), row["public_id"])

    async def follow(self, who: Person | str) -> Any:
        """Follow a person or a handle."""
        from fedimark.follows.request import follow

        async with entered(self.server.here):
            return await follow(self.viewer, who if isinstance(who, str) else who.handle)

    async def unfollow(self, who: Person | str) -> None:
        """Follow them no more."""
        from fedimark.follows.request import unfollow

        async with entered(self.server.here):
            await unfollow(self.viewer, who if isinstance(who, str) else who.handle)

    async def timeline(self) -> list[Seen]:
        """The network timeline, as this person's server tells it."""
        from fedimark.timelines.queries import timeline

        async with entered(self.server.here):
            return [Seen(**{name: row[name] for name in Seen.__slots__}) for row in await timeline(self.viewer)]

    async def _owner(self) -> Any:
        from fedimark.bookmarks.draft import Owner

        return Owner.of(self.viewer)


def visibility(word: str) -> Visibility:
    """A visibility by its word."""
    return BY_WORD[word]


async def sign_up(server: Server, name: str, **chosen: Any) -> Person:
    """Register a person and open a session for their browser."""
    from fedimark.accounts.register import register

    async with entered(server.here):
        viewer = await register(name, PASSWORD, **chosen)
    client = server.browser()
    answer = await client.post("/sign_in", data={"name": name, "password": PASSWORD})
    assert answer.status_code in (302, 303, 404), f"sign-in answered {answer.status_code}"
    return Person(server, viewer, client)
