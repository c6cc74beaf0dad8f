"""What a draft says, as columns of a bookmark."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fedimark.bookmarks.draft import Draft, Owner, visibility_of
from fedimark.database import Row
from fedimark.here import MICROS, here, now
from fedimark.policy.interactions import Act, Who, with_rule
from fedimark.policy.visibility import Visibility, is_listed
from fedimark.text import urls

_FUTURE = 600 * MICROS  # further ahead than this is a mistake and becomes now, as at Pinboard


def said(draft: Draft, visibility: Visibility) -> dict[str, Any]:
    """What a draft says itself."""
    return {
        "url": draft.url,
        "url_md5": urls.md5(draft.url),
        "title": draft.title or draft.url[:255],
        "description": draft.description,
        "private_note": draft.private_note,
        "tags": " ".join(draft.tags),
        "visibility": int(visibility),
        "listed": is_listed(visibility, author_consents=True),
        "to_read": draft.to_read,
        "starred": draft.starred,
        "archived": draft.archived,
    }


def new(owner: Owner, draft: Draft) -> dict[str, Any]:
    """A new bookmark of the owner's."""
    at = now()  # once: a Note whose two moments differ was edited
    return {
        **said(draft, visibility_of(draft, owner, None)),
        "actor_id": owner.actor_id,
        "is_local": True,
        "public_id": here().new_id(),
        "allows": with_rule(0, Act.REPLY, Who.NOBODY) if owner.no_replies else 0,
        "saved_at": moment(draft, at),
        "updated_at": at,
    }


def as_of_now(lines: Collection[Row]) -> list[Row]:
    """New bookmarks that were made ready a moment ago, as of this one: nobody saw them before they were written."""
    at = now()
    said = [line["saved_at"] if line["saved_at"] != line["updated_at"] else at for line in lines]
    return [{**line, "saved_at": moment, "updated_at": at} for line, moment in zip(lines, said, strict=True)]


def draft_of(row: Row, **said: Any) -> Draft:
    """A bookmark as a draft of itself, but for what is `said` of it now."""
    whole = {**row, **said}
    return Draft(
        url=whole["url"],
        title=whole["title"],
        description=whole["description"],
        tags=tuple(whole["tags"].split()),
        visibility=Visibility(whole["visibility"]),
        to_read=bool(whole["to_read"]),
        starred=bool(whole["starred"]),
        archived=bool(whole["archived"]),
        private_note=whole["private_note"],
    )


def moment(draft: Draft, at: int) -> int:
    """When a draft was saved: as it says itself, but not later than `at`."""
    if draft.saved_at is None or draft.saved_at > at + _FUTURE:
        return at
    return min(draft.saved_at, at)
