"""PURE. A bare list of addresses, one a line: Mastodon's `bookmarks.csv`, and what people keep in text files.

Nothing else is in it, so nothing says that everybody may see them: they are private.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fedimark.importing.formats.making import PLAIN, Reading, made
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.table import lines
from fedimark.importing.rows import Broken, Draft
from fedimark.policy.visibility import Visibility

_LOOKS = re.compile(rb"\A\s*\"?https?://[^\s,;\"]+\"?\s*(?:\Z|[\r\n]+(?:\s*\Z|\"?[a-z][a-z0-9+.-]*:))", re.IGNORECASE)


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format: an address alone on its line, and more of them."""
    return _LOOKS.match(head) is not None


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each line, or Broken with the reason."""
    for number, line in lines(source):
        if url := line.strip().strip('"'):
            yield made(url=url, visibility=Visibility.PRIVATE, line=number)
