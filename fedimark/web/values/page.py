"""PURE. What every page is made of: its heading, its words that lead somewhere, its lists, its forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fedimark.text.query import Words
from fedimark.timelines.entries import Page, Person


@dataclass(frozen=True, slots=True)
class Crumb:
    """A word of a heading or a sentence that leads somewhere; an empty `href` is where one is."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A word that narrows or changes what a page lists."""

    word: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class TagLine:
    """A tag at the side, or a bundle: its stream, how many, and the address that narrows this stream by it.

    `widen_href` stands for one that narrows it now: the address of what is left without it. In a cloud its `size` goes
    from 1 to 5. How many a bundle holds is not counted: None.
    """

    name: str
    href: str
    count: int | None
    narrow_href: str | None = None
    size: int = 0
    widen_href: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """A titled list of tags at the side, a cloud of them, or a list of bundles (not `of_tags`); `links` show more of
    them, or show them otherwise."""

    title: str
    tags: tuple[TagLine, ...]
    links: tuple[Filter, ...] = ()
    is_cloud: bool = False
    of_tags: bool = True


@dataclass(frozen=True, slots=True)
class FollowBox:
    """How to follow what the page shows: `state` is none, requested, following, blocked or muted.

    `handle` is what one pastes into Mastodon, `@ana@host`. `action` is the path the button posts `who=handle` to, empty
    where the viewer cannot press it (nobody signed in, one's own page). `keep_away` offers to mute and to block beside
    it. `who` is posted where the handle would not do. `followers` is how many there are, as
    `follows.queries.followers_of_page` counts them.
    """

    label: str
    handle: str
    action: str = ""
    state: str = "none"
    keep_away: bool = False
    who: str = ""
    followers: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    """A page's address as a sentence, with its count, its filters and its Follow button."""

    crumbs: tuple[Crumb, ...]
    count: int | None = None
    filters: tuple[Filter, ...] = ()
    follow: FollowBox | None = None
    edit_href: str = ""  # where many of one's own can be edited at once
    rename_href: str = ""  # where a tag of one's own becomes another
    follows: int = 0  # how many people and streams a network is made of


@dataclass(frozen=True, slots=True)
class FeedFace:
    """A stream in a format for feed readers: what a page calls it, its media type (empty: a page), its address."""

    word: str
    media_type: str
    href: str


@dataclass(frozen=True, slots=True)
class Listing:
    """How a stream's entries are drawn.

    `tag_owner` is the user name whose tags the tag words lead to, empty for everybody's; `here` the keys of the
    tags the stream is about, drawn quietly; `of_one` says that all of it is of one person, who stands above it, so that
    its lines name others only; `months` heads each month; `marks` shows the owner's stars (one's own
    page only); `savers_first` names the savers before the tags, as a network page does. `pick` is the path of a stream
    of one's own whose entries can be ticked, to edit many of them; else it is empty. `sought` are the words that were
    searched for, which are marked where they stand. `link` are the title and the address of the one page whose savers
    all of it are: their lines say of a page only what they call otherwise.
    """

    page: Page
    tag_owner: str = ""
    here: tuple[str, ...] = ()
    of_one: bool = False
    months: bool = False
    marks: bool = False
    savers_first: bool = False
    pick: str = ""
    sought: tuple[Words, ...] = ()
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands where nothing is: what would be here, and how to get it there."""

    title: str
    text: str
    action: Crumb | None = None
    other: Crumb | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What a form shows again: the values typed, what is wrong beside each, and what is wrong with the whole."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    general: str = ""

    def value(self, name: str) -> str:
        """The value of a field, empty when nothing was typed."""
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """What is wrong with a field, empty when nothing is."""
        return self.errors.get(name, "")


@dataclass(frozen=True, slots=True)
class Silence:
    """Why a server is muted, as half a sentence, and since when."""

    reason: str
    since: int


@dataclass(frozen=True, slots=True)
class Named:
    """The savers a line names, and how many it does not."""

    people: tuple[Person, ...]
    more: int
