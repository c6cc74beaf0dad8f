"""What somebody was told, in words: for the page and for its feed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from xml.etree import ElementTree

from fedimark import addresses
from fedimark.language.said import _, pgettext
from fedimark.notifications.queries import Notice
from fedimark.notifications.tell import Kind
from fedimark.text.clean import many_lines
from fedimark.web import times

VERBS: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        Kind.FOLLOW: (pgettext("did", "follows you"), pgettext("several did", "follow you")),
        Kind.FOLLOW_REQUEST: (pgettext("did", "asks to follow you"), pgettext("several did", "ask to follow you")),
        Kind.COPY: (pgettext("did", "copied"), pgettext("several did", "copied")),
        Kind.REPLY: (pgettext("did", "replied to"), pgettext("several did", "replied to")),
        Kind.REMARK: (pgettext("did", "remarked on"), pgettext("several did", "remarked on")),
        Kind.LIKE: (pgettext("did", "likes"), pgettext("several did", "like")),
        Kind.SHARE: (pgettext("did", "shared"), pgettext("several did", "shared")),
        Kind.LINK: (pgettext("did", "gave you"), pgettext("several did", "gave you")),
        Kind.MOVE: (pgettext("did", "moved to"), pgettext("several did", "moved to")),
    }
)
"""What one did, and what several did; what it is about follows."""

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


def verb(notice: Notice) -> str:
    """What the people of a line did."""
    one, many = VERBS[notice.kind]
    return one if len(notice.people) + notice.more == 1 else many


def sentence(notice: Notice) -> str:
    """A line as plain text: `ana and 4 others copied “Write-ahead logging”`."""
    names = [person.handle for person in notice.people]
    if notice.more:
        names.append(f"{notice.more} {'other' if notice.more == 1 else 'others'}")
    who = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    return f"{who} {verb(notice)}" + (f" “{notice.title}”" if notice.title else "")


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
