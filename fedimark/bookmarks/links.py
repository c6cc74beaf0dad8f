"""Which row the saves of a page hang on, and what happens when that changes.

A link is an alias of another (`alias_id`) where a page says by itself that it is the other one; `root_id` is where that
leads in the end. Nothing is lost by it: a bookmark keeps its address, so an alias can be taken back, and a new rule of
what is one page moves what it must. Links whose bookmarks may belong elsewhere are marked by an old
`canonical_version`, and the worker moves them, a few at a time, while every page goes on.
"""

from __future__ import annotations

from functools import partial

from fedimark.bookmarks import rows
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.text.works import PAGES_VERSION, page_of
from fedimark.timelines.merge import hold

# Why a link is an alias, or none, when no page said so. (remote.aliases has the others)
MOVED = "moved"  # by a newer rule its page has another address
BY_HAND = "admin"
APART = "apart"  # an admin parted them, and they stay so

_STALE = 0
_BATCH = 100

_ONE = "SELECT * FROM link WHERE id = ?"
_FAMILY = "SELECT * FROM link WHERE id = ? OR root_id = ? ORDER BY id"
_ALIAS = "UPDATE link SET alias_id = ?, alias_why = ? WHERE id = ?"
_WHY = "UPDATE link SET alias_why = ? WHERE id = ?"
_ROOT = "UPDATE link SET root_id = ? WHERE id = ?"
_TITLE = "UPDATE link SET title = ? WHERE id = ? AND title = ''"
_VERSION = "UPDATE link SET canonical_version = ? WHERE id = ?"
_OLD = f"SELECT id FROM link WHERE canonical_version < {PAGES_VERSION} ORDER BY canonical_version, id LIMIT 1"
_ON = "SELECT * FROM bookmark WHERE link_id = ? AND id > ? ORDER BY id LIMIT ?"
_ANY = "SELECT id FROM bookmark WHERE link_id = ? LIMIT 1"
_STILL = "SELECT * FROM bookmark WHERE id = ? AND link_id = ?"


async def join(link_id: int, other_id: int, why: str) -> bool:
    """Let one link be an alias of another, inside `write()`; False where that would lead round in a circle.

    `why` is a short word that is kept with it. The bookmarks follow by `move_some`.
    """
    await hold("link", link_id, other_id)
    other = await fetch_one(_ONE, other_id)
    if other is None or link_id in (other_id, other["root_id"]):
        return False
    await execute(_ALIAS, other_id, why, link_id)
    await _lead_on(link_id)
    await execute(_VERSION, _STALE, link_id)
    return True


async def part(link_id: int) -> None:
    """Let a link be a page of its own again, inside `write()`; what was saved there comes back by `move_some`."""
    link = await fetch_one(_ONE, link_id)
    if link is None or link["alias_id"] is None:
        return
    await hold("link", link_id, link["root_id"])
    await execute(_ALIAS, None, None, link_id)
    await _lead_on(link["root_id"])
    await execute(_VERSION, _STALE, link["root_id"])


async def keep_apart(link_id: int) -> None:
    """Part a link as `part`, and let no page join it again, inside `write()`."""
    await part(link_id)
    await execute(_WHY, APART, link_id)


def is_settled(link: Row) -> bool:
    """Whether something else than its page decided which page a link is."""
    return link["alias_why"] in (MOVED, BY_HAND, APART)


async def move_some() -> int:
    """Move the bookmarks of one link to where they belong now; returns 1, or 0 when every link is as it should be."""
    link = await fetch_one(_OLD)
    if link is None:
        return 0
    last = moved_to = 0
    while some := await fetch(_ON, link["id"], last, _BATCH):
        for row in some:
            moved_to = await atomically(partial(_move, row)) or moved_to
        last = some[-1]["id"]
    await atomically(lambda: _moved(link["id"], moved_to))
    return 1


async def _lead_on(link_id: int) -> None:
    """Write down anew where each of a link's family leads in the end: aliases of aliases too."""
    family = {row["id"]: row for row in await fetch(_FAMILY, link_id, link_id)}
    for row in family.values():
        end: Row | None = row
        while end is not None and end["alias_id"] is not None:
            end = family.get(end["alias_id"]) or await fetch_one(_ONE, end["alias_id"])
        assert end is not None
        await execute(_ROOT, None if end["id"] == row["id"] else end["id"], row["id"])


async def _move(seen: Row) -> int:
    """Hang one bookmark on its own page's link; returns which, or 0 where it stays or nobody may know of it."""
    await hold("actor", seen["actor_id"])
    row = await fetch_one(_STILL, seen["id"], seen["link_id"])
    link_id = await rows.link_id_of(row["url"]) if row else 0
    if row is None or link_id == row["link_id"]:
        return 0
    await rows.change(row, {"link_id": link_id})
    return link_id if row["listed"] else 0


async def _moved(link_id: int, moved_to: int) -> None:
    """A link is as it should be; where nothing is left on it, its address leads on to where its last bookmark went.

    Only a public one: that a page was ever saved by somebody for themselves is told by no address.
    """
    await execute(_VERSION, PAGES_VERSION, link_id)
    link = await fetch_one(_ONE, link_id)
    if link is None:
        return
    page = page_of(link["canonical"])
    is_older = page != link["canonical"]
    if is_older and link["alias_why"] not in (None, MOVED):
        await _hand_on(link, page)
    # By a newer rule nothing belongs to an address that is written otherwise now, but what aliases brought there.
    is_left = is_older or await fetch_one(_ANY, link_id) is None
    if not moved_to or not is_left or link["alias_id"] is not None:
        return
    newer_id = (await rows.link_of(page))["root_id"] if is_older else moved_to
    if await join(link_id, newer_id, MOVED):
        await execute(_TITLE, link["title"], newer_id)
        await execute(_VERSION, _STALE if is_older else PAGES_VERSION, link_id)


async def _hand_on(link: Row, page: str) -> None:
    """What was said of a page under its older address holds for the newer one, unless of that was said something."""
    newer = await fetch_one(_ONE, (await rows.link_of(page))["id"])
    if newer is None or newer["alias_id"] is not None or newer["alias_why"] is not None:
        return
    if link["alias_id"] is None:
        await execute(_WHY, link["alias_why"], newer["id"])
    else:
        await join(newer["id"], link["alias_id"], link["alias_why"])
