"""What somebody was told, in words: for the page and for its feed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from xml.etree import ElementTree

from fedimark import addresses
from fedimark.notifications.queries import Notice
from fedimark.notifications.tell import Kind
from fedimark.text.clean import many_lines
from fedimark.web import times

VERBS: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        Kind.FOLLOW: ("follows you", "follow you"),
        Kind.FOLLOW_REQUEST: ("asks to follow you", "ask to follow you"),
        Kind.COPY: ("copied", "copied"),
        Kind.REPLY: ("replied to", "replied to"),
        Kind.REMARK: ("remarked on", "remarked on"),
        Kind.LIKE: ("likes", "like"),
        Kind.SHARE: ("shared", "shared"),
        Kind.LINK: ("gave you", "gave you"),
        Kind.MOVE: ("moved to", "moved to"),
    }
)
"""What one did, and what several did; what it is about follows."""

NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.FOLLOW: "Somebody follows you",
        Kind.FOLLOW_REQUEST: "Somebody asks to follow you",
        Kind.COPY: "A bookmark of yours is copied",
        Kind.REPLY: "Somebody replies to you",
        Kind.REMARK: "Somebody remarks on a bookmark of yours",
        Kind.LIKE: "Somebody likes a bookmark of yours",
        Kind.SHARE: "Somebody shares a bookmark of yours",
        Kind.LINK: "Somebody gives you a link",
        Kind.MOVE: "Somebody you follow moves to another account",
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
