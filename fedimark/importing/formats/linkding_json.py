"""PURE. linkding's bookmarks as its API gives them: a page with `results`, or a bare array."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fedimark.importing.formats.fields import names, text
from fedimark.importing.formats.json_tree import Closed, walk
from fedimark.importing.formats.making import PLAIN, Reading, is_yes, made, shared, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft

_INSIDE = frozenset({"results"})
_LOOKS = re.compile(rb'"(?:tag_names|is_archived)"\s*:')


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return head.lstrip()[:1] in (b"[", b"{") and _LOOKS.search(head) is not None


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each bookmark, or Broken with the reason, in the order of the file."""
    for found in walk(source, _INSIDE):
        if isinstance(found, Broken):
            yield found
        elif not isinstance(found, Closed):
            yield _row(found.value) if isinstance(found.value, dict) else Broken("This row is no bookmark.")


def _row(row: Mapping[str, object]) -> Draft | Broken:
    return made(
        url=text(row, "url"),
        title=text(row, "title", "website_title"),
        description=text(row, "description", "website_description"),
        private_note=text(row, "notes"),
        tag_text=tags_of(names(row, "tag_names")),
        visibility=shared(row.get("shared")),
        to_read=is_yes(row.get("unread")),
        archived=is_yes(row.get("is_archived")),
        time=text(row, "date_added"),
    )
