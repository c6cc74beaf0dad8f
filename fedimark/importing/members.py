"""Small members of an archive of ours, read without trust: objects of JSON, and what their fields say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fedimark.importing.formats.packed import Member

_MOST_BYTES: Final = 16_777_216  # of a member, bookmarks apart


def content(member: Member) -> bytes:
    """What a member holds, at most as much as is read of any."""
    source = member.opened()
    raw = b""
    while len(raw) < _MOST_BYTES and (part := source.read(_MOST_BYTES - len(raw))):
        raw += part
    return raw


def objects(member: Member) -> Iterator[dict[str, Any]]:
    """The objects of a member: one over many lines, or one for each line; what is none is passed over."""
    raw = content(member)
    for line in [raw] if member.name.endswith(".json") else raw.splitlines():
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            yield said


def text(said: Mapping[str, Any], name: str) -> str:
    """What a field says, fit for a database; empty for what is no text."""
    value = said.get(name)
    # A lone surrogate is no text for a database.
    return value.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(value, str) else ""


def number(said: Mapping[str, Any], name: str) -> int:
    """A whole number that a field says, 0 for anything else."""
    value = said.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 else 0
