"""PURE. Delicious' last JSON: an array whose rows call the title `title` and the words `description`.

Untagged rows have one empty tag, times are seconds as text, `private` is "0" or "1".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fedimark.importing.formats.fields import names, text
from fedimark.importing.formats.json_array import rows
from fedimark.importing.formats.making import PLAIN, Reading, made, private, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft

_LOOKS = re.compile(rb'"(?:others|owner)"\s*:')


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return head.lstrip().startswith(b"[") and b'"private"' in head and _LOOKS.search(head) is not None


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each row, or Broken with the reason, in the order of the file."""
    return rows(source, _row)


def _row(row: Mapping[str, object]) -> Draft | Broken:
    return made(
        url=text(row, "url"),
        title=text(row, "title"),
        description=text(row, "description"),
        tag_text=tags_of(names(row, "tags")),
        visibility=private(row.get("private")),
        time=text(row, "created"),
    )
