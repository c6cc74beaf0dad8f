"""PURE. What a row of a file means beside the bookmark that is here already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from fedimark.bookmarks.dialects import visibility_in_file
from fedimark.bookmarks.draft import Draft, Owner, visibility_of
from fedimark.importing.options import PLAIN, Options
from fedimark.policy.visibility import Visibility
from fedimark.text import tags

if TYPE_CHECKING:
    from fedimark.database import Row

_SECOND = 1_000_000  # files tell moments in seconds


def settled(draft: Draft, before: Row | None, now: int, options: Options = PLAIN) -> Draft:
    """A draft that says no more than its file does, and no more than its owner wants of it.

    The same second is the same moment, and one after `now` (microseconds) is none; `shared: no` fits every bookmark
    that is not public; marks that no file carries stay as they are.
    """
    draft = options.applied(draft)
    if before is None:
        return draft
    has = Visibility(before["visibility"])
    if options.clash != "file" and before["removed_at"] is None:
        mine = _as_it_is(draft, before)
        return mine if options.clash == "mine" else _completed(mine, draft)
    at, reach = draft.saved_at, draft.visibility
    if at is not None and (at > now or at // _SECOND == before["saved_at"] // _SECOND):
        at = None
    if options.visibility is None:
        reach = visibility_in_file(reach, has)
    # Once for both, and not at all where nothing differs: a library comes in with thousands of them.
    if at is draft.saved_at and reach is draft.visibility:
        return draft
    return replace(draft, saved_at=at, visibility=reach)


def compare(
    owner: Owner, draft: Draft, before: Row | None, now: int, options: Options = PLAIN
) -> Literal["new", "known", "changed"]:
    """What importing this row would do."""
    if before is None:
        return "new"
    draft = settled(draft, before, now, options)
    says = {
        "title": draft.title or draft.url[:255],
        "description": draft.description,
        "private_note": draft.private_note or before["private_note"],
        "tags": " ".join(draft.tags),
        "to_read": draft.to_read,
        "starred": draft.starred or bool(before["starred"]),
        "archived": draft.archived or bool(before["archived"]),
        "visibility": visibility_of(draft, owner, Visibility(before["visibility"])),
        "removed_at": None,
    }
    same = all(before[name] == value for name, value in says.items()) and draft.saved_at is None
    return "known" if same else "changed"


def _as_it_is(draft: Draft, before: Row) -> Draft:
    return Draft(
        url=draft.url,
        title=before["title"],
        description=before["description"],
        tags=tuple(before["tags"].split()),
        visibility=Visibility(before["visibility"]),
        to_read=bool(before["to_read"]),
        starred=bool(before["starred"]),
        archived=bool(before["archived"]),
        private_note=before["private_note"],
    )


def _completed(mine: Draft, file: Draft) -> Draft:
    """What is here, with what it lacks: never less, and never shown to more people than before."""
    known = {tags.key(word) for word in mine.tags}
    more = tuple(word for word in file.tags if tags.key(word) not in known)
    return replace(
        mine,
        title=file.title if mine.title in ("", mine.url[:255]) and file.title else mine.title,
        description=mine.description or file.description,
        tags=(mine.tags + more)[:100],
        to_read=mine.to_read or file.to_read,
        starred=mine.starred or file.starred,
        archived=mine.archived or file.archived,
        private_note=mine.private_note or file.private_note,
    )
