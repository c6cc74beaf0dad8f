"""PURE. Who people are, whom they follow, and whom they keep away, as pages show it."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.timelines.entries import Person


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person says of themselves above their stream; `fields` are names with values, plain text.

    Beside each value stands since when it is known to be a page of theirs, None where it is not. Of somebody elsewhere
    `home_href` is their page at home, and no picture is shown: it would be asked of their server, so initials stand
    there. `older` says how to read further back, None where one may not. `moved_to` is the account elsewhere that
    somebody of this server moved to.
    """

    name: str
    bio: str
    avatar_href: str
    fields: tuple[tuple[str, str, int | None], ...]
    home_href: str = ""
    initials: str = ""
    older: Older | None = None
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Older:
    """Reading an outbox elsewhere further back: the form's address, and what came of the last time, in words."""

    action: str
    is_running: bool = False
    told: str = ""


@dataclass(frozen=True, slots=True)
class Followed:
    """Somebody, or a stream, the viewer follows: `state` is requested or following, `/network/leave` takes `who`.

    `host` is what follows the @, empty for who is here.
    """

    handle: str
    name: str
    href: str
    state: str
    who: str
    host: str = ""


@dataclass(frozen=True, slots=True)
class FollowedFeed:
    """A feed the viewer follows: `who` is its address, `href` the page it belongs to.

    `read_at` is when it was last read, None while it never was; `trouble` is what went wrong since, empty when nothing
    did.
    """

    name: str
    host: str
    href: str
    who: str
    read_at: int | None
    trouble: str


@dataclass(frozen=True, slots=True)
class Follower:
    """Somebody who follows the viewer, or asks to, since `at` (microseconds); `id` is what the forms send.

    `tag` is which of the viewer's tags they ask for (`#sql`), empty where it is the viewer.
    """

    id: str
    person: Person
    at: int
    tag: str = ""


@dataclass(frozen=True, slots=True)
class BlockedPerson:
    """Somebody the viewer blocks or mutes since `at` (microseconds); `who` is what takes it back.

    A mute may end by itself at `until`.
    """

    handle: str
    name: str
    href: str
    who: str
    at: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class MutedWord:
    """A word, a tag or a server (`kind`) that the viewer mutes, perhaps `until` a moment."""

    kind: str
    value: str
    until: int | None
