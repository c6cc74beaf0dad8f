"""People of a test's servers: what somebody does, in one line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from fedimark.accounts.names import check_name
from fedimark.accounts.register import NewPerson, enter_person
from fedimark.accounts.sessions import open_session
from fedimark.bookmarks.draft import Draft, Owner, read_draft
from fedimark.bookmarks.queries import same_page
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.bookmarks.save import Saved, edit_bookmark, save_bookmark
from fedimark.cli import network_of
from fedimark.database import Row, write
from fedimark.doorway.sessions import cookie_name
from fedimark.follows.request import follow, unfollow
from fedimark.here import entered
from fedimark.policy.visibility import Viewer, Visibility
from tests.support.keys import hashed

if TYPE_CHECKING:
    from tests.support.server import Server

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Seen:
    """A line of somebody's network timeline; `savers` are handles with their hosts, by time, then name."""

    url: str
    canonical: str
    title: str
    savers: list[str]
    tags: list[str]
    position: str


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

    async def save(self, url: str, **texts: str) -> Saved:
        """Save a bookmark; `texts` are `title`, `description`, `tags` and `visibility` (its word)."""
        async with entered(self.server.here):
            return await save_bookmark(Owner.of(self.viewer), _draft(url, texts))

    async def edit(self, url: str, /, **changes: str) -> Saved:
        """Change what this person said of a page, or its `url`: what is not named stays."""
        async with entered(self.server.here):
            row = await self._bookmark(url)
            before = {name: row[name] for name in ("title", "description", "tags")}
            texts = {"url": url, **before, "visibility": Visibility(row["visibility"]).word, **changes}
            draft = _draft(texts.pop("url"), texts)
            return await edit_bookmark(Owner.of(self.viewer), row["public_id"], draft)

    async def remove(self, url: str) -> None:
        """Remove a bookmark; others are told when the time for an undo has run out (`fleet.wait_for_undo`)."""
        async with entered(self.server.here):
            row = await self._bookmark(url)
            await remove_bookmark(Owner.of(self.viewer), row["public_id"])

    async def follow(self, who: Person | str) -> Any:
        """Follow a person or a handle."""
        async with entered(self.server.here):
            return await follow(self.viewer, who if isinstance(who, str) else who.handle)

    async def unfollow(self, who: Person | str) -> None:
        """Follow them no more."""
        async with entered(self.server.here):
            await unfollow(self.viewer, who if isinstance(who, str) else who.handle)

    async def timeline(self) -> list[Seen]:
        """The network timeline, as this person's server tells it, newest first."""
        async with entered(self.server.here):
            return [Seen(**line) for line in await network_of(self.viewer)]

    async def _bookmark(self, url: str) -> Row:
        rows = [row for row in await same_page(Owner.of(self.viewer), url) if row["url"] == url]
        assert rows, f"{self.name} has no bookmark of {url}"
        return rows[0]


def _draft(url: str, texts: Mapping[str, str]) -> Draft:
    named = {"tag_text" if name == "tags" else name: text for name, text in texts.items()}
    return read_draft(url=url, **named)  # type: ignore[arg-type]


async def sign_up(server: Server, name: str, **chosen: Any) -> Person:
    """Enter a person as signing up does, with keys from the drawer, and open a session for their browser."""
    is_admin, visibility = chosen.get("is_admin", False), chosen.get("default_visibility", Visibility.PUBLIC)
    async with entered(server.here):
        check_name(name)
        person = NewPerson(name, await hashed(PASSWORD), server.drawer.take(), visibility)
        async with write():
            viewer = await enter_person(person, is_admin=is_admin)
        token = await open_session(viewer.account_id)
    browser = server.browser()
    browser.cookies.set(cookie_name(server.here.settings), token, domain=urlsplit(str(browser.base_url)).hostname or "")
    return Person(server, viewer, browser)
