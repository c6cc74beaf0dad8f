"""How link aggregators, forums and blogs read us: Lemmy by serde, NodeBB, WordPress; BookWyrm and tags.pub too."""

from __future__ import annotations

from dataclasses import replace

from tests.support.peers.reading import (
    ACTOR,
    AS,
    PUBLIC,
    SHAPES,
    Html,
    Known,
    Reader,
    Shown,
    check_note,
    first_link,
    hashtags,
    links_of,
    read_actor,
)
from tests.support.peers.strict import TIME, URL, Absent, Doc, Either, Needed, OneOrMany, Refused, check, many


def _text(note: Doc) -> Shown:
    html = Html(note["content"])
    return Shown(html.text, links=links_of(html), tags=hashtags(note))


# Lemmy

_LEMMY_LINK = {"href": Needed(URL), "mediaType": str, "type": Needed(str)}
_LEMMY_PICTURE = {"type": Needed(str), "url": Needed(URL), "name": str}
_LEMMY_PAGE = {
    "type": Needed(str),
    "id": Needed(URL),
    "attributedTo": Needed(URL),
    "to": OneOrMany(URL),
    "cc": OneOrMany(URL),
    "inReplyTo": Absent,
    **dict.fromkeys(("name", "content", "context"), str),
    "attachment": [Either((_LEMMY_LINK, _LEMMY_PICTURE))],
    "sensitive": bool,
    "published": TIME,
    "updated": TIME,
    "audience": URL,
}
_LEMMY_ACTOR = {
    **ACTOR,
    **dict.fromkeys(("name", "summary"), str),
    "outbox": Needed(URL),
    "endpoints": {"sharedInbox": Needed(URL)},
    "published": TIME,
    "updated": TIME,
}


def _lemmy_note(note: Doc) -> Shown:
    """A link post in a community: the name is its title, the first attachment its page."""
    check(note, _LEMMY_PAGE, "page")
    return replace(
        _text(note), title=note.get("name") or Html(note["content"]).text.split("\n")[0], page=first_link(note)
    )


def _lemmy_actor(document: Doc) -> Known:
    """Somebody: an Application is none to it, and so can't follow."""
    if document["type"] not in ("Person", "Service", "Organization"):
        raise Refused("an actor that is nobody")
    return read_actor(document, _LEMMY_ACTOR)


LEMMY = Reader(_lemmy_note, _lemmy_actor, SHAPES)


# NodeBB


def _nodebb_note(note: Doc) -> Shown:
    """A topic; of every attachment the media type is looked at without asking whether there is one."""
    check_note(note, {"attachment": [{"type": Needed(str), "mediaType": Needed(str)}]})
    return replace(_text(note), title=note.get("name") or "", page=first_link(note))


NODEBB = Reader(_nodebb_note, read_actor, SHAPES)


# WordPress


def _wordpress_note(note: Doc) -> Shown:
    check_note(note)
    return replace(_text(note), title=note.get("name") or "")


WORDPRESS = Reader(_wordpress_note, read_actor, SHAPES)


# BookWyrm


def _bookwyrm_note(note: Doc) -> Shown | None:
    """Books, answers and letters to somebody; nothing else is kept."""
    check_note(note)
    is_letter = PUBLIC not in [*many(note["to"]), *many(note.get("cc"))]
    return _text(note) if note.get("inReplyToBook") or note.get("inReplyTo") or is_letter else None


BOOKWYRM = Reader(_bookwyrm_note, read_actor, SHAPES)


# tags.pub


def _tagspub_note(note: Doc) -> Shown:
    """Its tags are letters a to z and digits."""
    check_note(note)
    if AS not in str(note.get("@context", AS)):
        raise Refused("no ActivityStreams")
    named = [
        "".join(letter for letter in tag.lower() if letter.isascii() and letter.isalnum()) for tag in hashtags(note)
    ]
    return replace(_text(note), tags=tuple(named))


TAGSPUB = Reader(_tagspub_note, read_actor, SHAPES)
