"""PURE. Netscape's HTML as others can read it: for browsers, as Pinboard writes it, and as linkding does.

All three say public or private and no more: what is unlisted or for followers is written as private.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from fedimark.importing.formats.markup import quoted, written
from fedimark.policy.visibility import Visibility

OPEN = b"""<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks</H1>
<DL><p>
"""
CLOSE = b"</DL><p>\n"

# linkding's lines end so, also where nothing follows.
LINKDING_OPEN = OPEN.replace(b"\n", b"\n\r")
LINKDING_CLOSE = b"</DL><p>"
_ARCHIVED = "linkding:bookmarks.archived"


def write(row: Mapping[str, Any]) -> bytes:
    """One bookmark row for browsers and whoever reads what they write; a star is said in Raindrop's word."""
    star = ' DATA-IMPORTANT="true"' if row["starred"] else ""
    modified = f' LAST_MODIFIED="{row["updated_at"] // 1_000_000}"'
    said = f"\n<DD>{written(row['description'])}" if row["description"] else ""
    return f"<DT><A {_attributes(row, modified)}{star}>{_title(row)}</A>{said}\n".encode()


def write_pinboard(row: Mapping[str, Any]) -> bytes:
    """One bookmark row as Pinboard's backup has it."""
    said = f"<DD>{written(row['description'])}\n" if row["description"] else ""
    return f"<DT><A {_attributes(row)}>{_title(row)}</A>\n{said}\n".encode()


def write_linkding(row: Mapping[str, Any]) -> bytes:
    """One bookmark row as linkding exports it, with the private note and whether it is archived."""
    tags = f"{row['tags']} {_ARCHIVED}" if row["archived"] else row["tags"]
    note = f"[linkding-notes]{escape(row['private_note'])}[/linkding-notes]" if row["private_note"] else ""
    said = f"{written(row['description'])}{note}"
    link = f"<DT><A {_attributes({**row, 'tags': tags})}>{_title(row)}</A>\n\r"
    return f"{link}<DD>{said}\n\r".encode() if said else link.encode()


def _attributes(row: Mapping[str, Any], more: str = "") -> str:
    return (
        f'HREF="{quoted(row["url"])}" ADD_DATE="{row["saved_at"] // 1_000_000}"{more}'
        f' PRIVATE="{int(row["visibility"] != Visibility.PUBLIC)}" TOREAD="{int(bool(row["to_read"]))}"'
        f' TAGS="{quoted(",".join(row["tags"].split()))}"'
    )


def _title(row: Mapping[str, Any]) -> str:
    return escape(row["title"], quote=False)
