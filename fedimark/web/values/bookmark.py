"""PURE. What stands on the page of one bookmark: its life, whom it was given to, and what others may say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fedimark.language.said import Said, _
from fedimark.timelines.entries import Person


@dataclass(frozen=True, slots=True)
class TrailLine:
    """A step of a bookmark's life: `copied from` with a person, `edited` without."""

    text: str
    at: int
    person: Person | None = None


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

    Under one's own bookmark `whose` is empty. `reach` is the word for how far they reach: public or unlisted.
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
