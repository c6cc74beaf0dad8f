"""PURE. The name a tag has in a handle: `tag.sql@host`, `ana.sql@host`.

Names of actors are letters, digits and `_`, with `.` and `-` inside, everywhere on the fediverse (Mastodon and Misskey
refuse others). A tag that is such a name keeps it; every other one is written in ASCII, and six letters of its hash
tell it from tags that are written alike. `c++` is never `c`.
"""

from __future__ import annotations

import re
from base64 import b32encode
from hashlib import sha256
from typing import Final

from anyascii import anyascii

LONGEST: Final = 60

_NAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*")
_UNFIT = re.compile(r"[^a-z0-9_.-]+")
_LETTERS: Final = 6
_WORDLESS: Final = "x"  # nothing of the tag can be written


def slug(key: str) -> str:
    """The slug of a tag's key (`text.tags.key`): at most 60 characters, and itself where it can be."""
    if len(key) <= LONGEST and _NAME.fullmatch(key):
        return key
    written = _UNFIT.sub("-", anyascii(key).lower()).strip(".-")
    stem = written[: LONGEST - _LETTERS - 1].strip(".-") or _WORDLESS
    letters = b32encode(sha256(key.encode()).digest()).decode("ascii")[:_LETTERS].lower()
    return f"{stem}-{letters}"


def bare(key: str) -> str:
    """A tag's key as letters and digits of ASCII alone, which is all that tags.pub keeps of it; may be empty."""
    return re.sub(r"[^a-z0-9]", "", anyascii(key).lower())
