"""PURE. Files that are brought in: what an import would do, does, or did, and what takes it back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportLine:
    """An import of before; `state` in words, `1,202 added`."""

    href: str
    filename: str
    made_at: int
    state: str


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row of a file that cannot be imported, counted from 1; `excerpt` is the start of what it says."""

    row: int
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A row of a file as it would come in: its number, what it would do and how far it would reach, in words."""

    row: int
    fate: str
    url: str
    title: str
    tags: str
    visibility: str


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An import looked at, running or done; `href` is its page, `failure` is why it stopped, for the public.

    `undo_href` is the page of what takes it back, empty while nothing does. `follows` is how many an archive names, who
    may be `followed` or kept away again already. `moves_from` is the account elsewhere that an archive is of, and which
    may move to this one, whose handle is `handle`.
    """

    href: str
    filename: str
    new: int
    known: int
    changed: int
    broken: int
    broken_rows: tuple[BrokenRow, ...] = ()
    running: bool = False
    done: int = 0
    total: int = 0
    failure: str = ""
    samples: tuple[SampleRow, ...] = ()
    undo_href: str = ""
    follows: int = 0
    followed: bool = False
    moves_from: str = ""
    handle: str = ""


@dataclass(frozen=True, slots=True)
class UndoJob:
    """An import that is being taken back, or was; `import_href` is its page."""

    import_href: str
    filename: str
    removed: int
    restored: int
    left: int
    running: bool
    done: int
    total: int
    failure: str = ""
