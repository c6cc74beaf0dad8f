"""PURE. What an address of Pinboard’s feeds means: `/rss/u:ana/t:sql/`, `/json/popular/`, `/rss/secret:KEY/u:ana/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fedimark.errors import NotFound
from fedimark.text import segments, tags
from fedimark.timelines.stream import (
    FILTERS,
    MOST_TAGS,
    NetworkStream,
    PersonStream,
    PopularStream,
    RecentStream,
    Stream,
    TagStream,
)

_SECRET, _USER, _TAG = "secret:", "u:", "t:"
_WORDS = {"toread": "unread", **{word: word for word in FILTERS}}


@dataclass(frozen=True, slots=True)
class Asked:
    """A stream, and the key it is asked with, empty without one; `username` is whose it is, empty for everybody's."""

    stream: Stream
    key: str = ""
    username: str = ""


def read(parts: Sequence[str]) -> Asked:
    """Read the decoded segments of a path, without what says the format. Raises NotFound."""
    rest = [part for part in parts if part]
    is_keyed = bool(rest) and rest[0].startswith(_SECRET)
    key = rest.pop(0).removeprefix(_SECRET) if is_keyed else ""
    is_somebodys = bool(rest) and rest[0].startswith(_USER)
    username = rest.pop(0).removeprefix(_USER) if is_somebodys else ""
    if (is_keyed and not key) or ((is_keyed or is_somebodys) and not username):
        raise NotFound
    return Asked(_persons(username, rest, key) if username else _everybodys(rest), key, username)


def written(which: Stream) -> str:
    """The path of a public stream below `/rss/` or `/json/`, in the one spelling that is its feed's own address."""
    parts: tuple[str, ...]
    match which:
        case PersonStream(username, (), only):
            parts = (f"{_USER}{username}", only) if only else (f"{_USER}{username}",)
        case PersonStream(username, keys):
            parts = (f"{_USER}{username}", *(f"{_TAG}{key}" for key in keys))
        case TagStream(keys):
            parts = tuple(f"{_TAG}{key}" for key in keys)
        case _:
            parts = ("popular",) if isinstance(which, PopularStream) else ("recent",)
    return "".join(f"{segments.encode(part)}/" for part in parts)


def _persons(username: str, rest: Sequence[str], key: str) -> Stream:
    match rest:
        case ["network"] if key:
            # Whoever has the key reads it: not what people meant for their followers alone.
            return NetworkStream(leaves=True)
        case [word] if word in _WORDS:
            return PersonStream(username, only=_WORDS[word])
    return PersonStream(username, tags=_tags(rest))


def _everybodys(rest: Sequence[str]) -> Stream:
    match rest:
        case [] | ["recent"]:
            return RecentStream()
        case ["popular"]:
            return PopularStream()
    return TagStream(_tags(rest))


def _tags(rest: Sequence[str]) -> tuple[str, ...]:
    keys = tuple(dict.fromkeys(tags.key(part.removeprefix(_TAG)) for part in rest))
    if not all(part.startswith(_TAG) for part in rest) or not all(key.strip(".") for key in keys):
        raise NotFound
    if len(keys) > MOST_TAGS:
        raise NotFound
    return keys
