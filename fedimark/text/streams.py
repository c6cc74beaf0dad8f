"""PURE. Streams of other servers that are about one tag, told by what their actors are called, and how each folds tags.

A fedimark's tag is a Group at `/t/{tag}`, a person's tag a Service at `/u/{user}/t/{tag}`; tags.pub has Services at
`/user/{tag}`, buzzrelay has them at `/tag/{tag}` by the name `tag-{tag}`. Whoever is called so is held to its tag;
everybody else, communities of Lemmy among them, passes on what they like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote, urlsplit

from anyascii import anyascii

from fedimark.text import tags

_TAGS_PUB: Final = "tags.pub"
_NOT_ASCII = re.compile(r"[^a-z0-9]+")
_BUZZED = re.compile(r"[\s-]+|\d+$")


class Folding(Enum):
    """How a stream decides which tags are its own."""

    KEY = auto()  # ours: text.tags.key
    ASCII = auto()  # tags.pub: written in ASCII, then letters and digits alone
    BUZZ = auto()  # buzzrelay: without spaces, dashes and the digits at the end


@dataclass(frozen=True, slots=True)
class TagOf:
    """What a stream is about: its tag, how it folds others, and whose bookmarks alone it passes on, empty for all."""

    tag: str
    folding: Folding
    person: str = ""


def read(uri: str, kind: str, username: str) -> TagOf | None:
    """The tag that an actor elsewhere is about, told by its id, type and name; None for all others."""
    try:
        parts = urlsplit(uri)
        path = [unquote(part, errors="strict") for part in parts.path.split("/")[1:]]
    except ValueError:
        return None
    match kind, path:
        case "Group", ["t", tag] if tag:
            return TagOf(tag, Folding.KEY)
        case "Service", ["u", name, "t", tag] if name and tag:
            return TagOf(tag, Folding.KEY, f"{parts.scheme}://{parts.netloc}/u/{name}")
        # Its relay and its helpers are called otherwise.
        case "Service", ["user", tag] if parts.netloc.lower() == _TAGS_PUB and not _NOT_ASCII.search(tag):
            return TagOf(tag, Folding.ASCII)
        case "Service", ["tag", tag] if tag and username.startswith("tag-"):
            return TagOf(tag, Folding.BUZZ)
    return None


def carries(stream: TagOf, said: Iterable[str], loosely: Iterable[str] = ()) -> bool:
    """Whether one of these tags is the stream's, as it folds them.

    `loosely` are names of Hashtags that carry neither our raw tags nor the address of a fedimark's tag: among them
    `#NeuralNet` is `neural-net` too.
    """
    said, loosely = list(said), list(loosely)
    if stream.folding is Folding.KEY:
        mine = tags.key(stream.tag)
        return any(tags.key(tag) == mine for tag in (*said, *loosely)) or any(
            tags.loose(tag) == tags.loose(stream.tag) for tag in loosely
        )
    fold = _FOLD[stream.folding]
    # They read the Hashtag's name, which is made of the tag: `#CPlusPlus` for `c++`.
    return any(fold(form) == fold(stream.tag) for tag in (*said, *loosely) for form in (tag, tags.hashtag(tag)) if form)


def _ascii(tag: str) -> str:
    return _NOT_ASCII.sub("", anyascii(tag).lower())


def _buzzed(tag: str) -> str:
    return _BUZZED.sub("", tag.casefold())


_FOLD: Mapping[Folding, Callable[[str], str]] = MappingProxyType({Folding.ASCII: _ascii, Folding.BUZZ: _buzzed})
