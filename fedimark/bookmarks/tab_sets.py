"""Sets of tabs: the addresses of a whole window, saved at once, for oneself alone and to read.

A set is a private tag of its owner's (`.tabs-2026-11-29`) and nothing else: so it has a page, and is renamed, deleted
and edited as every tag is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, count
from typing import Final

from fedimark.bookmarks import naming
from fedimark.bookmarks.columns import draft_of
from fedimark.bookmarks.draft import Draft, Owner, checked_url, read_draft
from fedimark.bookmarks.save import Batch, save_batch
from fedimark.database import Row, fetch
from fedimark.errors import Refused
from fedimark.here import here, now
from fedimark.language.said import _, together
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.text import clean, tags
from fedimark.text.calendar import moment_in, zone

MOST: Final = 200
NAME_LIMIT: Final = 100

_BEGINS: Final = ".tabs-"
_NAMED: Final = 5  # of the lines that are no addresses
_SHOWN: Final = 60  # characters of each
# The moment of a set is that of the newest bookmark in it.
_SETS = """
SELECT g.key, count(*) AS amount, max(t.saved_at) AS at
FROM tag g JOIN bookmark_tag t ON t.tag_id = g.id AND t.actor_id = ?
WHERE substr(g.key, 1, 6) = ? AND g.id IN (SELECT tag_id FROM tally WHERE owner_id = ? AND amount > 0)
GROUP BY g.key ORDER BY 3 DESC, 1 DESC
"""


@dataclass(frozen=True, slots=True)
class Tab:
    """A line that was typed: a page, and what it is called, empty where the line says nothing of that."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class TabSet:
    """A set of one's own: its tag's key, how many bookmarks it holds, and the moment of the newest of them."""

    key: str
    count: int
    at: int


def read_tabs(text: str) -> tuple[Tab, ...]:
    """Read addresses, one on each line, each perhaps behind its title; the first of the same ones counts.

    Raises Refused for the field `tabs`: for no address, more than 200, and lines that are none, which it names.
    """
    lines = [line for line in clean.many_lines(text, len(text)).split("\n") if line.strip()]
    if not lines:
        raise Refused(_("Give at least one address."), field="tabs")
    if len(lines) > MOST:
        raise Refused(
            _("At most %(most)s addresses at once, please; these are %(given)s.", most=MOST, given=len(lines)),
            field="tabs",
        )
    read: dict[str, Tab] = {}
    wrong: list[str] = []
    for line in lines:
        tab = _read_line(line)
        if tab is None:
            wrong.append(_shortened(line.strip()))
        else:
            read.setdefault(tab.url, tab)
    if wrong:
        raise Refused(_wrong(wrong), field="tabs")
    return tuple(read.values())


def read_name(typed: str) -> str:
    """What a set's tag says, from what somebody calls it: `Köln, May` is `köln-may`; may be empty."""
    words = clean.one_line(typed, NAME_LIMIT).replace(",", " ").split()
    return tags.key("-".join(words))[:NAME_LIMIT]


async def sets_of(viewer: Viewer) -> list[TabSet]:
    """The sets of a person, newest first."""
    rows = await fetch(_SETS, viewer.actor_id, _BEGINS, viewer.actor_id)
    return [TabSet(row["key"], int(row["amount"]), row["at"]) for row in rows]


async def save_tabs(viewer: Viewer, tabs: tuple[Tab, ...], name: str = "") -> str:
    """Save tabs as one new set, and return its tag's key; without a name it is called by the day.

    What is saved already keeps everything, who may see it too, and gains the tag. Other servers are told nothing.
    Raises Refused for the field `tabs` where one of those has as many tags as a bookmark can have.
    """
    key = await _free(viewer, name or moment_in(now(), zone(viewer.time_zone)).date().isoformat())

    def settled(draft: Draft, before: Row | None) -> Draft:
        if before is None or before["removed_at"] is not None:
            return draft
        if len(before["tags"].split()) >= tags.TAGS_LIMIT:
            raise Refused(_("%(url)s has as many tags as a bookmark can have.", url=before["url"]), field="tabs")
        return draft_of(before, tags=f"{before['tags']} {key}")

    # A list shows what came last first: so they stand there in their order.
    drafts = [_draft(tab, key) for tab in reversed(tabs)]
    saved = await save_batch(Batch(Owner.of(viewer), drafts, settled))
    here().wake.set()
    new = [one.row for one in saved.outcomes if one.fate == "new"]
    nameless = {tab.url for tab in tabs if not tab.title}
    await naming.ask_all(viewer, [(row["url"], row["public_id"]) for row in new if row["url"] in nameless])
    return key


async def _free(viewer: Viewer, name: str) -> str:
    """The tag of a new set: by its name, with a number behind where one's own bookmarks have that already."""
    taken = {one.key for one in await sets_of(viewer)}
    first = f"{_BEGINS}{name}"
    return next(key for key in chain([first], (f"{first}-{number}" for number in count(2))) if key not in taken)


def _draft(tab: Tab, key: str) -> Draft:
    word = Visibility.PRIVATE.word
    return read_draft(url=tab.url, title=tab.title, tag_text=key, visibility=word, to_read=True)


def _read_line(line: str) -> Tab | None:
    """A line as a tab: what stands behind the last white space is the address; None where that is none."""
    words = line.rsplit(maxsplit=1)
    try:
        return Tab(checked_url(words[-1]), clean.one_line(words[0]) if len(words) > 1 else "")
    except Refused:
        return None


def _wrong(lines: list[str]) -> str:
    named = [*lines[:_NAMED], *(["…"] if len(lines) > _NAMED else [])]
    return _("Not an address: %(lines)s. Nothing was saved.", lines=together(named))


def _shortened(line: str) -> str:
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
