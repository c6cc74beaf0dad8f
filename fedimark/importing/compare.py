"""PURE. What a row of a file means beside the bookmark that is here already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from fedimark.bookmarks.draft import Draft, Owner, visibility_of
from fedimark.policy.visibility import Visibility

if TYPE_CHECKING:
    from fedimark.database import Row

_SECOND = 1_000_000  # files tell moments in seconds


def settled(draft: Draft, before: Row | None, now: int) -> Draft:
    """A draft that says no more than its file does.

    The same second is the same moment, and one after `now` (microseconds) is none; `shared: no` fits every bookmark
    that is not public; marks that no file carries stay as they are.
    """
    if before is None:
        return draft
    has = Visibility(before["visibility"])
    if draft.visibility is Visibility.PRIVATE and has is not Visibility.PUBLIC:
        draft = replace(draft, visibility=has)
    at = draft.saved_at
    if at is not None and (at > now or at // _SECOND == before["saved_at"] // _SECOND):
        draft = replace(draft, saved_at=None)
    return draft


def compare(owner: Owner, draft: Draft, before: Row | None, now: int) -> Literal["new", "known", "changed"]:
    """What importing this row would do."""
    if before is None:
        return "new"
    draft = settled(draft, before, now)
    says = {
        "title": draft.title or draft.url[:255],
        "description": draft.description,
        "tags": " ".join(draft.tags),
        "to_read": draft.to_read,
        "visibility": visibility_of(draft, owner, Visibility(before["visibility"])),
        "removed_at": None,
    }
    same = all(before[name] == value for name, value in says.items()) and draft.saved_at is None
    return "known" if same else "changed"
