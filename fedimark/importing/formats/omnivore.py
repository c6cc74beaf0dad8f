"""PURE. Omnivore's export: a zip of `metadata_0_to_20.json` and its like, each an array of articles.

What was archived there was read; `archived` here would hide it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fedimark.importing.formats.fields import names, text
from fedimark.importing.formats.json_array import rows
from fedimark.importing.formats.making import PLAIN, Reading, made, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft

_READ = frozenset({"archived", "read", "completed"})
_LOOKS = re.compile(rb'"(?:savedAt|readingProgress)"\s*:')


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return head.lstrip().startswith(b"[") and b'"slug"' in head and _LOOKS.search(head) is not None


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each article, or Broken with the reason, in the order of the file."""
    return rows(source, _row)


def _row(row: Mapping[str, object]) -> Draft | Broken:
    return made(
        url=text(row, "url", "originalArticleUrl"),
        title=text(row, "title"),
        description=text(row, "description"),
        tag_text=tags_of(names(row, "labels")),
        to_read=text(row, "state").lower() not in _READ and text(row, "readingProgress") != "100",
        time=text(row, "savedAt"),
    )
