"""Pages that an admin joins or parts, where the pages themselves say nothing or say it wrongly."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.bookmarks import rows
from fedimark.bookmarks.draft import checked_url
from fedimark.bookmarks.links import BY_HAND, join, keep_apart, part
from fedimark.database import Row, atomically, fetch, fetch_one
from fedimark.errors import NotFound, Refused
from fedimark.here import here
from fedimark.language.said import _
from fedimark.text.urls import link_hash
from fedimark.text.works import page_of

_ONE = "SELECT * FROM link WHERE hash = ?"
_BY_ID = "SELECT * FROM link WHERE id = ?"
_ALIASES = "SELECT * FROM link WHERE root_id = ? ORDER BY id LIMIT ?"
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of a page: itself, the one it is in the end, and the others that are that one too."""

    link: Row
    root: Row
    aliases: tuple[Row, ...]


async def show(url: str) -> Shown:
    """What is known of the page at an address. Raises Refused for none, NotFound for one that nobody saved."""
    link = await fetch_one(_ONE, link_hash(page_of(checked_url(url))))
    if link is None:
        raise NotFound(_("Nobody saved %(url)s.", url=url))
    root = await fetch_one(_BY_ID, link["root_id"]) if link["root_id"] is not None else link
    assert root is not None
    return Shown(link, root, tuple(await fetch(_ALIASES, root["id"], _MOST_SHOWN)))


async def join_by_hand(url: str, other: str) -> None:
    """Let the page at one address be that at the other, whatever they say. Raises Refused."""
    page, target = checked_url(url), checked_url(other)

    async def work() -> None:
        link_id, other_id = (await rows.link_of(page))["id"], (await rows.link_of(target))["id"]
        await part(link_id)
        if not await join(link_id, other_id, BY_HAND):
            raise Refused("These are one page already, in this direction or the other.")

    await atomically(work)
    here().wake.set()


async def part_by_hand(url: str) -> None:
    """Let the page at an address be one of its own, and stay so. Raises Refused, NotFound."""
    link = (await show(url)).link

    await atomically(lambda: keep_apart(link["id"]))
    here().wake.set()
