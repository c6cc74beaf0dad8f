"""What the readers of all software share: HTML as words and links, an actor, and what somebody sees of a Note."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

from tests.support.peers.strict import TIME, URL, Doc, Either, Needed, OneOrMany, Refused, check, id_of, many, same_host

AS = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS}#Public"


@dataclass(frozen=True, slots=True)
class Known:
    """What a peer keeps of an actor."""

    id: str
    inbox: str
    shared_inbox: str
    key_id: str
    pem: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody there sees of a Note. `title` and `page` only where the software gives them a place of their own;
    `links` are the addresses one can click in the text.
    """

    text: str
    title: str = ""
    page: str = ""
    links: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """How one software reads. `shapes` by kind of document (`kind_of`); whatever has none must be a JSON object.

    `note` gives None for a Note that nobody there is shown; both raise Refused for what the software cannot read.
    """

    note: Callable[[Doc], Shown | None]
    actor: Callable[[Doc], Known]
    shapes: Mapping[str, Any]

    def read(self, document: Doc) -> Shown | None:
        """Read any document, strictly; a Note, also inside an activity or a collection, as it will be shown."""
        kind = kind_of(document)
        check(document, self.shapes.get(kind, {}), kind)
        if kind in ("Person", "Application", "Service"):
            self.actor(document)
        if kind == "Update Person":
            self.actor(person_in(document))
        if kind == "Note":
            return self.note(document)
        if kind in ("Create", "Update"):
            same_host(document["id"], document["actor"], document["object"]["id"])
            return self.note(document["object"])
        return None


def kind_of(document: Doc) -> str:
    """`Create`, `Undo Follow`, `Update Person`, `Delete Person`, `Note`, `WebFinger`, `NodeInfo` …"""
    kind = str(document.get("type", ""))
    if not kind:
        return "WebFinger" if "subject" in document else "NodeInfo" if "software" in document else "NodeInfo links"
    inner = document.get("object")
    if kind == "Undo" and isinstance(inner, dict):
        return f"Undo {inner['type']}"
    about_person = isinstance(inner, dict) and inner.get("type") == "Person"
    if (kind == "Update" and about_person) or (kind == "Delete" and inner == document.get("actor")):
        return f"{kind} Person"
    return kind


def person_in(update: Doc) -> Doc:
    """The actor inside an Update; the context of the whole is its own too."""
    return {"@context": update.get("@context"), **update["object"]}


_FOLLOW = {"id": Needed(URL), "type": Needed(str), "actor": Needed(URL), "object": Needed(URL)}
_ANSWER = {"id": Needed(URL), "actor": Needed(URL), "object": Needed(_FOLLOW)}
_ABOUT = {"id": Needed(URL), "actor": Needed(URL), "to": Needed([URL]), "cc": [URL]}
_COLLECTION = {"id": Needed(URL), "totalItems": Needed(int), "first": Either((URL, {"id": URL, "partOf": Needed(URL)}))}
SHAPES: Mapping[str, Any] = {
    "Follow": _FOLLOW,
    "Block": _FOLLOW,
    **dict.fromkeys(("Undo Follow", "Undo Block", "Accept", "Reject"), _ANSWER),
    "Create": _ABOUT | {"published": Needed(TIME), "object": Needed({"id": Needed(URL), "type": Needed(str)})},
    "Update": _ABOUT | {"object": Needed({"id": Needed(URL), "updated": Needed(TIME)})},
    "Delete": _ABOUT | {"object": Needed({"id": Needed(URL), "type": Needed(str)})},
    "Delete Person": _ABOUT | {"object": Needed(URL)},
    "Update Person": _ABOUT | {"object": Needed({"id": Needed(URL), "type": Needed(str)})},
    "OrderedCollection": _COLLECTION,
    "Collection": _COLLECTION,
    "OrderedCollectionPage": {"id": Needed(URL), "partOf": Needed(URL), "next": URL},
    "Tombstone": {"id": Needed(URL), "formerType": str, "deleted": TIME},
    "WebFinger": {
        "subject": Needed(str),
        "aliases": [URL],
        "links": Needed([{"rel": Needed(str), "type": str, "href": URL, "template": str}]),
    },
    "NodeInfo links": {"links": Needed([{"rel": Needed(URL), "href": Needed(URL)}])},
    "NodeInfo": {
        "version": Needed(str),
        "software": Needed({"name": Needed(str), "version": Needed(str)}),
        "protocols": Needed([str]),
        "services": Needed({"inbound": Needed([str]), "outbound": Needed([str])}),
        "openRegistrations": Needed(bool),
        "usage": Needed({"users": Needed({"total": int, "activeMonth": int, "activeHalfyear": int})}),
        "metadata": Needed({}),
    },
}
"""What everybody asks of a document: ids, and lists where the lenient would take one thing too."""

ACTOR: Mapping[str, Any] = {
    "id": Needed(URL),
    "type": Needed(str),
    "preferredUsername": Needed(str),
    "inbox": Needed(URL),
    "publicKey": Needed({"id": Needed(URL), "owner": Needed(URL), "publicKeyPem": Needed(str)}),
}


def read_actor(document: Doc, shape: Mapping[str, Any] = ACTOR) -> Known:
    """An actor with one key of its own; raises Refused when anything is of another host, or the key another's."""
    check(document, dict(shape), "actor")
    key, uri = document["publicKey"], document["id"]
    shared = (document.get("endpoints") or {}).get("sharedInbox", "")
    same_host(uri, document["inbox"], key["id"], shared or uri, document.get("outbox") or uri)
    if key["owner"] != uri or "-----BEGIN PUBLIC KEY-----" not in key["publicKeyPem"]:
        raise Refused("no key of its own")
    return Known(uri, document["inbox"], shared, key["id"], key["publicKeyPem"])


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link in HTML."""

    href: str
    rel: tuple[str, ...]
    classes: tuple[str, ...]
    words: str


class Html(HTMLParser):
    """HTML as words, a line for each paragraph, and its links."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text, self.anchors = "", []
        self._open: tuple[dict[str, str], int] | None = None
        self.feed(source)
        self.close()
        self.text = re.sub(r"\n+", "\n", self.text).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember where a link began."""
        if tag == "a":
            self._open = ({name: value or "" for name, value in attrs}, len(self.text))
        elif tag == "br":
            self.text += "\n"

    def handle_endtag(self, tag: str) -> None:
        """Keep a link with its words; end a line."""
        if tag == "a" and self._open:
            said, start = self._open
            rel, classes = said.get("rel", "").split(), said.get("class", "").split()
            self.anchors.append(Anchor(said.get("href", ""), tuple(rel), tuple(classes), self.text[start:]))
            self._open = None
        elif tag in ("p", "h1", "h2", "h3"):
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        """Words."""
        self.text += data


def links_of(html: Html) -> tuple[str, ...]:
    """Where its links lead that are neither hashtags nor mentions."""
    return tuple(each.href for each in html.anchors if not {"hashtag", "mention"} & set(each.classes))


def hashtags(note: Doc) -> tuple[str, ...]:
    """The names of its Hashtags, without `#`."""
    named = [each for each in many(note.get("tag")) if isinstance(each, dict) and each.get("type") == "Hashtag"]
    return tuple(each["name"].removeprefix("#") for each in named)


def first_link(note: Doc) -> str:
    """Where the first attached Link leads."""
    found = [each for each in many(note.get("attachment")) if each.get("type") == "Link"]
    return found[0]["href"] if found else ""


def ascii_letters(word: str) -> str:
    """Letters and digits without their marks, lower case, as Mastodon keeps hashtags."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", word).lower())
    return "".join(letter for letter in plain if re.fullmatch(r"[\w·]", letter))


def check_note(note: Doc, shape: Mapping[str, Any] | None = None) -> None:
    """What every reader asks of a Note: an id and an author of one host, and somebody it is for."""
    usual = {"id": Needed(URL), "type": Needed(str), "attributedTo": Needed(URL), "content": Needed(str)}
    heard = {"to": Needed(OneOrMany(URL)), "cc": OneOrMany(URL), "published": Needed(TIME), "updated": TIME}
    check(note, {**usual, **heard, **(shape or {})}, "note")
    same_host(note["id"], note["attributedTo"], id_of(note.get("url")) or note["id"])
    published, updated = (
        datetime.fromisoformat(note.get(name, note["published"])) for name in ("published", "updated")
    )
    if updated < published:
        raise Refused("edited before it was published")
