"""What somebody here reads nothing of: words, tags, servers; people are in `policy.blocks`.

A mute that has ended counts no more from that moment on; its row is thrown away later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from unicodedata import normalize
from urllib.parse import urlsplit

from fedimark.database import fetch
from fedimark.here import now
from fedimark.policy import hosts
from fedimark.text import tags

WORD: Final = "word"
TAG: Final = "tag"
SERVER: Final = "server"
KINDS: Final = (WORD, TAG, SERVER)
MOST: Final = 1_000  # of one kind
LONGEST: Final = 100
READ_AT_MOST: Final = 10_000  # characters of a description that are looked through

_MUTES = "SELECT kind, value FROM mute WHERE owner_id = ? AND (until IS NULL OR until > ?) LIMIT ?"
_TOKEN = re.compile(r"\w+")
# Written without spaces between words: there a word is found wherever it stands.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Mutes:
    """What one reader mutes, each folded: single words, other texts to look for (`C++`, two words), tags, hosts."""

    words: frozenset[str] = frozenset()
    phrases: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything is muted at all."""
        return bool(self.words or self.phrases or self.tags or self.hosts)

    def hide(self, save: Mapping[str, Any]) -> bool:
        """Whether a save is muted, from a row of `bookmark` with its saver's host as `at_host`."""
        if self.hosts and any(hosts.covers(self.hosts, hosts.normal(host)) for host in _hosts_of(save)):
            return True
        if self.tags and any(tags.key(word) in self.tags for word in save["tags"].split()):
            return True
        return bool(self.words or self.phrases) and self._says(f"{save['title']}\n{save['description'][:READ_AT_MOST]}")

    def _says(self, text: str) -> bool:
        said = fold(text)
        if not self.words.isdisjoint(_TOKEN.findall(said)):
            return True
        return any(phrase in said and _stands_alone(phrase, said) for phrase in self.phrases)


async def mutes_of(reader_id: int) -> Mutes:
    """What somebody mutes now: words, tags and servers; nothing for strangers (0)."""
    if not reader_id:
        return Mutes()
    return read(await fetch(_MUTES, reader_id, now(), len(KINDS) * MOST))


def read(rows: Iterable[Mapping[str, Any]]) -> Mutes:
    """Mutes from their rows."""
    kept: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for row in rows:
        kept[row["kind"]].add(row["value"])
    words = {word for word in kept[WORD] if _TOKEN.fullmatch(word) and not _UNSPACED.search(word)}
    return Mutes(frozenset(words), tuple(sorted(kept[WORD] - words)), frozenset(kept[TAG]), frozenset(kept[SERVER]))


def fold(text: str) -> str:
    """A text as words are compared: NFKC, case folded, one space between words."""
    return " ".join(normalize("NFKC", text).casefold().split())


def _hosts_of(save: Mapping[str, Any]) -> Iterable[str]:
    """Of whoever saved it: that of their handle and that of their server. Nobody mutes their own server."""
    if save["is_local"]:
        return ()
    try:
        return [host for host in (save["at_host"], urlsplit(save["uri"] or "").netloc) if host]
    except ValueError:
        return [save["at_host"]] if save["at_host"] else []


def _stands_alone(phrase: str, said: str) -> bool:
    return _UNSPACED.search(phrase) is not None or _alone(phrase).search(said) is not None


@lru_cache(maxsize=4_096)
def _alone(phrase: str) -> re.Pattern[str]:
    """`c++` in `(C++)`, not `c` in `c++`: no letter or digit beside a letter or digit."""
    before = r"(?<!\w)" if phrase[:1].isalnum() else ""
    after = r"(?!\w)" if phrase[-1:].isalnum() else ""
    return re.compile(before + re.escape(phrase) + after)
