"""What somebody was told, in words: for the page and for its feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from xml.etree import ElementTree

from fedimark import addresses
from fedimark.language.said import Said, _, ngettext, together
from fedimark.notifications.queries import Notice
from fedimark.notifications.tell import Kind
from fedimark.text.clean import many_lines
from fedimark.timelines.entries import Person
from fedimark.web import times

Sentence = Callable[[int, str, str], Said]
SENTENCES: Mapping[Kind, Sentence] = MappingProxyType(
    {
        Kind.FOLLOW: lambda num, who, what: ngettext("%(who)s follows you", "%(who)s follow you", num, who=who),
        Kind.FOLLOW_REQUEST: lambda num, who, what: ngettext(
            "%(who)s asks to follow you", "%(who)s ask to follow you", num, who=who
        ),
        Kind.COPY: lambda num, who, what: ngettext(
            "%(who)s copied %(what)s", "%(who)s copied %(what)s", num, who=who, what=what
        ),
        Kind.REPLY: lambda num, who, what: ngettext(
            "%(who)s replied to %(what)s", "%(who)s replied to %(what)s", num, who=who, what=what
        ),
        Kind.REMARK: lambda num, who, what: ngettext(
            "%(who)s remarked on %(what)s", "%(who)s remarked on %(what)s", num, who=who, what=what
        ),
        Kind.LIKE: lambda num, who, what: ngettext(
            "%(who)s likes %(what)s", "%(who)s like %(what)s", num, who=who, what=what
        ),
        Kind.SHARE: lambda num, who, what: ngettext(
            "%(who)s shared %(what)s", "%(who)s shared %(what)s", num, who=who, what=what
        ),
        Kind.LINK: lambda num, who, what: ngettext(
            "%(who)s gave you %(what)s", "%(who)s gave you %(what)s", num, who=who, what=what
        ),
        Kind.MOVE: lambda num, who, what: ngettext(
            "%(who)s moved to %(what)s", "%(who)s moved to %(what)s", num, who=who, what=what
        ),
    }
)
"""What somebody did, or several did, with what: whole sentences, whose order each language has for itself."""

NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.FOLLOW: _("Somebody follows you"),
        Kind.FOLLOW_REQUEST: _("Somebody asks to follow you"),
        Kind.COPY: _("A bookmark of yours is copied"),
        Kind.REPLY: _("Somebody replies to you"),
        Kind.REMARK: _("Somebody remarks on a bookmark of yours"),
        Kind.LIKE: _("Somebody likes a bookmark of yours"),
        Kind.SHARE: _("Somebody shares a bookmark of yours"),
        Kind.LINK: _("Somebody gives you a link"),
        Kind.MOVE: _("Somebody you follow moves to another account"),
    }
)
"""The kinds, as a form of choices names them."""


def line(notice: Notice, name: Callable[[Person], str], about: Callable[[Notice], str]) -> Said:
    """What a notice tells; `name` and `about` write a person and what it is about, as words or as links."""
    who = _who([name(person) for person in notice.people], notice.more)
    return SENTENCES[notice.kind](len(notice.people) + notice.more, who, about(notice))


def _who(names: Sequence[str], more: int) -> str:
    if more:
        others = ngettext("%(num)s other", "%(num)s others", more)
        return _("%(these)s and %(that)s", these=together(names), that=others)
    *first, last = names
    return _("%(these)s and %(that)s", these=together(first), that=last) if first else last


def sentence(notice: Notice) -> str:
    """A line as plain text: `ana and 4 others copied “Write-ahead logging”`."""
    return line(notice, lambda person: person.handle, lambda about: f"“{about.title}”")


def feed(name: str, notices: tuple[Notice, ...], now: int) -> bytes:
    """What somebody was told as an Atom feed: titles and addresses, nothing of what was said. (RFC 4287)"""
    page = addresses.absolute("/notifications")
    root = ElementTree.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom"})
    _add(root, "title", f"Notifications of {name}")
    _add(root, "id", f"{page}#{name}")
    _add(root, "updated", times.machine(max((notice.at for notice in notices), default=now)))
    ElementTree.SubElement(_add(root, "author", ""), "name").text = "fedimark"
    _add(root, "link", "", {"href": page})
    for notice in notices:
        entry = _add(root, "entry", "")
        _add(entry, "id", f"{page}#{notice.key}")
        _add(entry, "title", sentence(notice))
        _add(entry, "updated", times.machine(notice.at))
        href = notice.href or notice.people[0].href
        _add(entry, "link", "", {"href": addresses.absolute(href) if href.startswith("/") else href or page})
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _add(
    parent: ElementTree.Element, name: str, text: str, attributes: Mapping[str, str] | None = None
) -> ElementTree.Element:
    fit = {key: many_lines(value) for key, value in (attributes or {}).items()}
    child = ElementTree.SubElement(parent, name, fit)
    child.text = many_lines(text) or None
    return child
