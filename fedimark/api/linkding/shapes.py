"""Rows in the shapes of linkding's JSON: every key its clients read, with nothing left out."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fedimark.bookmarks.dialects import reads_shared
from fedimark.database import Row
from fedimark.remote.pages import PageRead
from fedimark.text import tags

VERSION: Final = "1.46.2"
"""The linkding whose API this is; apps refuse servers that are too old."""

Document = dict[str, Any]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def bookmark(row: Row, viewer_id: int) -> Document:
    """A bookmark as its owner reads it; others find neither its marks nor its note nor its private tags.

    A row of `queries`, which knows when it was modified.
    """
    is_own = row["actor_id"] == viewer_id
    words = row["tags"].split()
    named = words if is_own else [word for word in words if not tags.is_private(word)]
    return {
        "id": row["id"] if is_own else _number_of(row["public_id"]),
        "url": row["url"],
        # Where nobody gave a title, its address stands for it here.
        "title": "" if row["title"] == row["url"][:255] else row["title"],
        "description": row["description"],
        "notes": row["private_note"] if is_own else "",
        "web_archive_snapshot_url": f"https://web.archive.org/web/{_digits(row['saved_at'])}/{row['url']}",
        "favicon_url": None,
        "preview_image_url": None,
        "is_archived": bool(row["archived"]) if is_own else False,
        "unread": bool(row["to_read"]) if is_own else False,
        "shared": reads_shared(row["visibility"]),
        "tag_names": sorted(named),
        "date_added": moment(row["saved_at"]),
        "date_modified": moment(row["modified_at"]),
        "website_title": None,
        "website_description": None,
    }


def said(row: Row) -> Document:
    """What somebody is told of their save who may write and not read."""
    return {"id": row["id"], "url": row["url"]}


def tag(number: int, name: str, added_at: int) -> Document:
    """A tag."""
    return {"id": number, "name": name, "date_added": moment(added_at)}


def bundle(row: Row) -> Document:
    """A bundle."""
    same = ("id", "name", "search", "any_tags", "all_tags", "excluded_tags", "filter_unread", "filter_shared")
    return {
        **{name: row[name] for name in same},
        "order": row["position"],
        "date_created": moment(row["created_at"]),
        "date_modified": moment(row["updated_at"]),
    }


def asset(row: Row) -> Document:
    """A file that is kept with a bookmark."""
    return {
        "id": row["id"],
        "bookmark": row["bookmark_id"],
        "date_created": moment(row["created_at"]),
        "file_size": row["size"],
        "asset_type": "snapshot" if row["is_snapshot"] else "upload",
        "content_type": row["content_type"],
        "display_name": row["name"],
        "status": "complete",
    }


def profile(*, theme: str, may_share: bool) -> Document:
    """What an app asks of its person's settings; who closed the Privacy Lock shares nothing."""
    return {
        "theme": theme if theme in ("light", "dark") else "auto",
        "bookmark_date_display": "relative",
        "bookmark_link_target": "_blank",
        "web_archive_integration": "disabled",
        "tag_search": "lax",
        "enable_sharing": may_share,
        "enable_public_sharing": may_share,
        "enable_favicons": False,
        "display_url": False,
        "permanent_notes": False,
        "search_preferences": {"sort": "added_desc", "shared": "off", "unread": "off"},
        "version": VERSION,
    }


def page(count: int, around: tuple[str | None, str | None], results: list[Document]) -> Document:
    """A part of a list."""
    following, preceding = around
    return {"count": count, "next": following, "previous": preceding, "results": results}


def check(found: Document | None, url: str, words: PageRead | None) -> Document:
    """What is known of an address: the asker's own bookmark of its page, and what the page says of itself.

    Its picture is not looked for.
    """
    title, description = (words.title or None, words.description or None) if words else (None, None)
    said_by_page = {"title": title, "description": description, "preview_image": None}
    return {"bookmark": found, "metadata": {"url": url, **said_by_page}, "auto_tags": []}


def moment(at: int) -> str:
    """Microseconds since 1970 as linkding writes a moment."""
    return _date(at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _number_of(public_id: str) -> int:
    """A number for a bookmark of somebody else's, made of its public id: counted ones would count private saves too."""
    return int.from_bytes(hashlib.sha256(public_id.encode()).digest()[:4]) >> 1


def _digits(at: int) -> str:
    return "".join(sign for sign in _date(at).isoformat(timespec="seconds")[:19] if sign.isdigit())


def _date(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def day_of(at: int) -> str:
    """Its day, as a snapshot is called."""
    return _date(at).date().isoformat()
