"""PURE. What the pages beside the streams show: forms, settings, imports, followers. Each template names its values."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.timelines.entries import Person


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person says of themselves above their stream; `fields` are names with values, plain text."""

    name: str
    bio: str
    avatar_href: str
    fields: tuple[tuple[str, str], ...]


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
class PageStream:
    """A stream of another server that the page of a tag here follows since `at` (microseconds).

    `what` is what it is, in words; `state` is requested, following or refused; `readers` is how many people here follow
    it too; the forms send `tag` and `who`.
    """

    tag: str
    tag_href: str
    name: str
    handle: str
    what: str
    href: str
    state: str
    at: int
    readers: int
    who: str


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
    """Somebody the viewer blocks or mutes since `at` (microseconds); `who` is what takes it back."""

    handle: str
    name: str
    href: str
    who: str
    at: int


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
class TrailLine:
    """A step of a bookmark's life: `copied from` with a person, `edited` without."""

    text: str
    at: int
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class DotTag:
    """A tag that a leading dot makes private, and the one probably meant: `.net`, `dotnet`."""

    tag: str
    offer: str


@dataclass(frozen=True, slots=True)
class OtherSpelling:
    """The viewer's bookmark of the same page under another spelling of its address."""

    url: str
    href: str
    at: int


@dataclass(frozen=True, slots=True)
class Editing:
    """What the add and edit form says beside its fields.

    `already_at`: when this very address was saved. `secret`: the address looks as if it must not be public. `jump` and
    `back` go through unchanged. `remove_href` is empty when adding, and tells the two forms apart.
    """

    action: str
    already_at: int | None = None
    other: OtherSpelling | None = None
    secret: bool = False
    dots: tuple[DotTag, ...] = ()
    jump: str = ""
    back: str = ""
    remove_href: str = ""
    cancel_href: str = ""


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A place where the viewer is signed in; times in microseconds, `address` may be empty."""

    id: str
    agent: str
    address: str
    made_at: int
    used_at: int
    current: bool


@dataclass(frozen=True, slots=True)
class InviteLine:
    """An invitation: `href` is the sign-up page with its code, empty once that was shown.

    `used_by` is the name it became, empty while it waits.
    """

    code: str
    href: str
    made_at: int
    used_by: str = ""
    expired: bool = False


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
class ImportJob:
    """An import looked at, running or done; `href` is its page, `failure` is why it stopped, for the public."""

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
