"""PURE. What of a bookmark is found: its tokens, field by field, as SQLite and PostgreSQL are given them.

Both get the same tokens in the same neighbourhoods, within the limits of the narrower of the two, so that both find the
same. Beside words stand tokens that no text has: who saved it, how far it reaches, its tags and its site. So one look
into the index answers nearly every question. What is its owner's alone, the private note and private tags, has tokens
of its own, which only their owner's questions name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import unquote

from fedimark.text import tags, urls
from fedimark.text.tokens import fold, tokens

COLUMNS: Final = ("title", "description", "url", "tags", "rest")

# Characters that are never part of a word.
_NOTE: Final = "\ue000"  # before a word of a private note
_FACT: Final = "\ue001"  # before what is no word
_OWN: Final = "\ue002"  # before what is no word, and its owner's alone
_GAP: Final = "\ue003"  # stands where nothing does: words on its two sides are no neighbours
LISTED: Final = f"{_FACT}l"
FOLLOWERS: Final = f"{_FACT}f"  # and whoever it reaches beyond them

_AT_MOST: Final = {"title": 300, "description": 8_000, "url": 300, "tags": 1_000, "notes": 4_000}  # tokens
_OF_ONE_TOKEN: Final = 256  # places; PostgreSQL keeps no more
_BYTES: Final = 400_000  # of different tokens; PostgreSQL takes a megabyte with their places
_LABELS: Final = 10
_WEIGHTS: Final = {"title": "A", "description": "B", "url": "C", "tags": "D", "rest": "D"}


@dataclass(frozen=True, slots=True)
class Document:
    """The tokens of each of COLUMNS."""

    columns: tuple[tuple[str, ...], ...]

    def texts(self) -> list[str]:
        """The columns as FTS5 takes them."""
        return [" ".join(column) for column in self.columns]

    def vector(self) -> str:
        """All of it as PostgreSQL writes a tsvector."""
        places: dict[str, list[str]] = {}
        at = 0
        for name, column in zip(COLUMNS, self.columns, strict=True):
            for token in column:
                at += 1
                if token != _GAP:
                    places.setdefault(token, []).append(f"{at}{_WEIGHTS[name]}")
            at += 1
        return " ".join(f"'{token}':{','.join(found)}" for token, found in places.items())


def document(row: Mapping[str, Any]) -> Document:
    """What of a bookmark is found, from its row with its saver's `local_name`, `username` and `at_host`."""
    named = [(word, tags.key(word)) for word in row["tags"].split()]
    shown = [word for word, key in named if not tags.is_private(key)]
    budget = _Budget()
    fields = {
        "title": budget.kept(tokens(row["title"]), "title"),
        "url": budget.kept(tokens(_readable(row["url"])), "url"),
        "tags": budget.kept(_apart(map(tokens, shown)), "tags"),
        "description": budget.kept(tokens(row["description"]), "description"),
    }
    facts = [by_actor(row["actor_id"]), by_handle(_handle(row)), *sites(urls.host_of(row["url"]))]
    if row["visibility"] > 0:
        facts.append(FOLLOWERS)
    if row["listed"]:
        facts.append(LISTED)
    facts += [own_tagged(key) if tags.is_private(key) else tagged(key) for _, key in named]
    noted = budget.kept([noted_word(token) for token in tokens(row["private_note"])], "notes")
    fields["rest"] = [*_apart([fact] for fact in dict.fromkeys(facts)), *noted]
    return Document(tuple(tuple(fields[name]) for name in COLUMNS))


def by_actor(actor_id: int) -> str:
    """The token of what one actor saved."""
    return f"{_FACT}o{actor_id}"


def by_handle(handle: str) -> str:
    """The same by their name: `ana` here, `bo@b.example` elsewhere."""
    return f"{_FACT}u{_short(fold(handle))}"


def tagged(key: str) -> str:
    """The token of a tag that everybody sees who sees the bookmark."""
    return f"{_FACT}t{_short(key)}"


def own_tagged(key: str) -> str:
    """The token of a tag that only its owner sees."""
    return f"{_OWN}t{_short(key)}"


def on_site(host: str) -> str:
    """The token of what stands on a host or below it."""
    return f"{_FACT}s{_short(host)}"


def sites(host: str) -> list[str]:
    """The tokens of a host and of all it lies below."""
    labels = host.rpartition(":")[0].split(".") if host.rpartition(":")[2].isdigit() else host.split(".")
    return [on_site(".".join(labels[place:])) for place in range(len(labels))][-_LABELS:] if host else []


def noted_word(token: str) -> str:
    """A token as it stands in a private note."""
    return f"{_NOTE}{token}"


@dataclass(slots=True)
class _Budget:
    """What both databases keep of one bookmark: so many places of a token, so much of all."""

    seen: Counter[str]
    left: int
    sure: list[list[str]]  # fields of which all is kept, whatever is in them; they are counted once it may be too much
    amount: int
    size: int

    def __init__(self) -> None:
        self.seen, self.left, self.sure = Counter(), _BYTES, []
        self.amount = self.size = 0

    def kept(self, found: Sequence[str], name: str) -> list[str]:
        kept = list(found[: _AT_MOST[name]])
        self.amount += len(kept)
        self.size += sum(map(len, kept)) * 4
        if self.amount <= _OF_ONE_TOKEN and self.size < _BYTES:
            self.sure.append(kept)
            return kept
        while self.sure:
            for token in self.sure.pop(0):
                self._fits(token)
        return [token if self._fits(token) else _GAP for token in kept]

    def _fits(self, token: str) -> bool:
        if token == _GAP:
            return False
        if not self.seen[token]:
            size = len(token.encode())
            if size > self.left:
                return False
            self.left -= size
        self.seen[token] += 1
        return self.seen[token] <= _OF_ONE_TOKEN


def _apart(some: Iterable[Sequence[str]]) -> list[str]:
    """Several lists of tokens with a gap after each."""
    return [token for each in some for token in (*each, _GAP)]


def _handle(row: Mapping[str, Any]) -> str:
    return row["local_name"] or f"{row['username']}@{row['at_host']}"


def _readable(url: str) -> str:
    return unquote(url.partition("://")[2] or url)


def _short(text: str) -> str:
    """A text as one token: tags and hosts hold signs that no token has."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=9).hexdigest()
