"""PURE. What admins see: who is shut out, what is reported, and how relays and other servers fare."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.timelines.entries import Person


@dataclass(frozen=True, slots=True)
class BlockedDomain:
    """A domain this server has nothing to do with since `at` (microseconds); `reason` is for admins, may be empty."""

    host: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class SuspendedAccount:
    """Somebody who is shut out since `at` (microseconds); `who` is their id, or their name here."""

    name: str
    who: str
    at: int


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A report: of `person`, whom the forms of moderation call `who`, by somebody, at a moment.

    `bookmarks` are titles and addresses of what everybody may see of what it names, `unseen` how many more it names.
    """

    id: str
    person: Person
    who: str
    by: str
    comment: str
    at: int
    bookmarks: tuple[tuple[str, str], ...]
    unseen: int
    is_forwarded: bool
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class SubscribedRelay:
    """A relay, and since when (microseconds) it has said what `state` tells: requested, accepted or rejected."""

    address: str
    state: str
    at: int


@dataclass(frozen=True, slots=True)
class Relays:
    """The relays of this server; `lacks_extra` says that what one of them gets is not signed as old Mastodons ask."""

    relays: tuple[SubscribedRelay, ...]
    lacks_extra: bool


@dataclass(frozen=True, slots=True)
class HostLine:
    """How another server fares, for admins: its state in words, what waits there and since when, what went wrong last.

    Moments are microseconds since 1970; 0 is never.
    """

    host: str
    state: str
    is_paused: bool
    waiting: int
    oldest: int
    fails: int
    error: str
    next_try: int
