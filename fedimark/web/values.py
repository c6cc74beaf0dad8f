"""PURE. What the pages beside the streams show: forms, settings, imports, followers. Each template names its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fedimark.language.said import Said, _
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
class TagPlace:
    """Another place of a page's tag: here how many it holds, of another server its host and how to follow it there.

    `handle` is what one pastes into another server, `follow_href` the form here that is filled in with it; both are
    empty where it cannot be followed.
    """

    word: str
    href: str
    count: int | None = None
    handle: str = ""
    follow_href: str = ""


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
class Narrowing:
    """How a network page is narrowed now: `list_id` is empty for the whole network, `who` names somebody followed.

    `fields` are all of it, as a form sends it to be remembered. The last three are addresses.
    """

    list_id: str
    tag: str
    who: str
    person: str
    fields: tuple[tuple[str, str], ...]
    is_remembered: bool
    marks_read: bool
    without_tag: str
    without_who: str
    action: str


@dataclass(frozen=True, slots=True)
class ListLine:
    """One of the viewer’s lists of people."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class ListEdited:
    """A list of people on the page that changes it; `feed` is its secret address, empty without one."""

    name: str
    href: str
    feed: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on a list, or who could be: `who` is what the forms send."""

    handle: str
    name: str
    href: str
    who: str
    state: str


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
class GivenToYou:
    """A link that somebody gave to the viewer at a moment; `href` is where their Note can be read, may be empty."""

    id: str
    url: str
    host: str
    title: str
    description: str
    at: int
    person: Person
    href: str


@dataclass(frozen=True, slots=True)
class TrailLine:
    """A step of a bookmark's life: `copied from` with a person, `edited` without."""

    text: str
    at: int
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class FoundElsewhere:
    """A bookmark that another server told of; `href` is where it stands, `copy_href` the form filled in from it."""

    url: str
    title: str
    description: str
    tags: tuple[str, ...]
    person: Person
    href: str
    at: int | None
    copy_href: str


@dataclass(frozen=True, slots=True)
class KeptSearch:
    """A search that the viewer keeps under a name; `number` is that of its bundle, which is in its feed's address."""

    name: str
    href: str
    number: int


@dataclass(frozen=True, slots=True)
class TypedAddress:
    """What was typed into the search box, where it is an address: of a page, with the one here that shows who saved it,
    or, where `page_href` is empty, of somebody or of a tag.
    """

    text: str
    page_href: str = ""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What is searched for, where (mine, network, here or elsewhere), in which order; `trouble` is what of it was not
    understood, in sentences.

    `name` and `wrong` are of a search that was to be kept and was not; `address` is what was typed, where it is one. Of
    other servers, once they were `asked`: what was found, which answered, which of these have more, which did not.
    """

    text: str
    scope: str
    order: str = "newest"
    trouble: tuple[str, ...] = ()
    name: str = ""
    wrong: str = ""
    address: TypedAddress | None = None
    asked: bool = False
    found: tuple[FoundElsewhere, ...] = ()
    answered: tuple[str, ...] = ()
    with_more: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


_GIFTS: Mapping[str, Callable[[str], Said]] = MappingProxyType(
    {
        "waiting": lambda who: _("on its way to %(who)s", who=who),
        "sent": lambda who: _("sent to %(who)s", who=who),
        "nobody": lambda who: _("not sent: nobody called %(who)s was found", who=who),
        "unreachable": lambda who: _("not sent: the server of %(who)s did not answer", who=who),
        "self": lambda who: _("not sent to %(who)s: that is you", who=who),
        "many": lambda who: _("not sent to %(who)s: you gave away as many links today as one may", who=who),
    }
)


def gift_words(who: str, state: str) -> str:
    """What became of giving a link to somebody (`bo@marks.example`), as far as its giver may know."""
    return _GIFTS[state](f"@{who}")


@dataclass(frozen=True, slots=True)
class Saying:
    """The form that replies and remarks: `about` is the id of what they are about, `whose` a handle.

    `reach` is the word for how far they reach: public or unlisted.
    """

    about: str
    whose: str
    may_reply: bool
    may_quote: bool
    reach: str
    back: str = ""


@dataclass(frozen=True, slots=True)
class TalkRule:
    """What the owner of a bookmark decides about what others say under it; the forms stand at `action`."""

    action: str
    takes_replies: bool
    hidden: int


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
class OldWords:
    """What the viewer said of a page before, and when."""

    href: str
    at: int
    title: str
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlsoSaved:
    """Others who saved a page, how many more there are, and where all of them stand."""

    people: tuple[Person, ...]
    more: int
    href: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Tags to press, and whose they are in words."""

    kind: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What the form that saves knows of a page; `look` is its address where it may be asked what it calls itself."""

    old: OldWords | None = None
    also: AlsoSaved | None = None
    offers: tuple[Offer, ...] = ()
    look: str = ""


@dataclass(frozen=True, slots=True)
class Editing:
    """What the add and edit form says beside its fields.

    `is_fresh` says that it knows of no bookmark of this address: then one is not replaced without a word. `after` goes
    through unchanged.
    `copied_from` is whose bookmark it is filled in from, `is_partial` that only the address was theirs to give.
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
    copied_from: str = ""
    is_partial: bool = False
    is_fresh: bool = False
    after: str = ""
    about: About = About()


@dataclass(frozen=True, slots=True)
class BundleLine:
    """One of the viewer’s bundles, and what it asks for in words."""

    name: str
    href: str
    words: str


@dataclass(frozen=True, slots=True)
class TabSetLine:
    """One of the viewer’s sets of tabs: its tag, how many bookmarks it holds, and the moment of the newest."""

    name: str
    href: str
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class BulkAsk:
    """An edit of many before it is done: what it does in words, to how many, and the first of them (address, title).

    `fields` are sent again; without `words` nothing that could be done was said yet.
    """

    words: str
    count: int
    first: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    back: str
    is_delete: bool = False


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
class NoteLine:
    """A note in its writer's list."""

    href: str
    title: str
    written_at: int
    is_public: bool


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note as its page shows it; `html` is what text.markdown made of it."""

    href: str
    title: str
    html: str
    written_at: int
    changed_at: int
    is_public: bool


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key of the viewer's programs, and what it does in words; `used_at` is None while it never was used."""

    id: str
    name: str
    does: str
    made_at: int
    used_at: int | None


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
