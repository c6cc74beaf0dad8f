"""How servers of bookmarks read us: Betula, Omnom, Ties, indielinks, Postmarks."""

from __future__ import annotations

import re

from tests.support.peers.reading import ACTOR, SHAPES, Html, Reader, Shown, first_link, hashtags, links_of, read_actor
from tests.support.peers.strict import TIME, URL, Doc, Either, Needed, Refused, check, same_host

# Betula


def _betula_note(note: Doc) -> Shown:
    """A bookmark has a title, a Link and no quote, a remark a quote and neither of the two; tags as typed."""
    strings = ("id", "actor", "attributedTo", "name", "content", "published", "updated", "url", "quote")
    check(note, {**dict.fromkeys(strings, str), "attachment": [{}], "tag": [{}]}, "note")
    author = note.get("actor") or note.get("attributedTo")
    same_host(note.get("id"), author)
    page = first_link(note)
    if note.get("type") not in ("Note", "Page", "Article") or not (note.get("id") and author and note.get("published")):
        raise Refused("an empty field")
    words = note["source"]["content"] if "source" in note else Html(note["content"]).text
    if note.get("quote") and not note.get("name") and not page:
        return Shown(words, "", note["quote"], (), hashtags(note))
    if not note.get("name") or not page or note.get("quote"):
        raise Refused("no bookmark")
    return Shown(words, note["name"], page, links_of(Html(note["content"])), hashtags(note))


_BETULA_SHAPES = {
    **SHAPES,
    # The type of the link to an actor is compared, not understood.
    "WebFinger": {"subject": Needed(str), "links": Needed([{"rel": str, "type": str, "href": str}])},
}
BETULA = Reader(_betula_note, read_actor, _BETULA_SHAPES)


# Omnom: one struct for whatever comes in

_OMNOM_TAG = {"type": str, "href": str, "name": str}
_OMNOM_OBJECT = {
    **dict.fromkeys(
        ("id", "type", "actor", "url", "object", "content", "inReplyTo", "context", "attributedTo"),
        str,
    ),
    "attachment": [{"type": str, "mediaType": str, "url": str, "href": str, "name": str}],
}
_OMNOM_INBOX = {
    **dict.fromkeys(("id", "type", "attributedTo", "published"), str),
    "actor": Needed(str),
    "object": Needed(Either((str, _OMNOM_OBJECT))),
    "to": [str],
    "cc": [str],
    "tag": [_OMNOM_TAG],
}
_OMNOM_ACTOR = {
    **ACTOR,
    **dict.fromkeys(("type", "following", "followers", "preferredUsername", "name", "summary", "url"), str),
    "outbox": Needed(URL),
    "discoverable": bool,
    "icon": Either((str, {"type": str, "mediaType": str, "url": str})),
}


def _omnom_note(note: Doc) -> Shown:
    """The content and nothing else."""
    check(note, _OMNOM_OBJECT, "note")
    html = Html(note["content"])
    return Shown(html.text, links=links_of(html))


_OMNOM_KINDS = ("Create", "Update", "Update Person", "Delete", "Delete Person", "Follow", "Undo Follow", "Accept")
OMNOM = Reader(
    _omnom_note,
    lambda document: read_actor(document, _OMNOM_ACTOR),
    {**SHAPES, **dict.fromkeys((*_OMNOM_KINDS, "Reject", "Block", "Undo Block"), _OMNOM_INBOX)},
)


# Ties


def _ties_note(note: Doc) -> Shown:
    lists = {"to": Needed([URL]), "attachment": [{"type": Needed(str), "href": Needed(URL), "mediaType": str}]}
    check(note, {"id": Needed(URL), "attributedTo": Needed(URL), "name": Needed(str), "content": str} | lists, "note")
    return Shown(Html(note["content"]).text, note["name"], first_link(note))


TIES = Reader(_ties_note, read_actor, SHAPES)


# indielinks


_INDIELINKS_NOTE = {
    **dict.fromkeys(("id", "attributedTo"), Needed(URL)),
    **dict.fromkeys(("url", "inReplyTo"), URL),
    "published": Needed(TIME),
    "to": Needed([URL]),
    "cc": Needed([URL]),
    "summary": str,
    "content": Needed(str),
    "replies": Needed(
        {"id": Needed(URL), "first": Needed(Either((URL, {"partOf": Needed(URL), "items": Needed([{}])})))}
    ),
}
_INDIELINKS_ACTOR = {**ACTOR, "outbox": Needed(URL), "following": URL, "followers": URL}


def _indielinks_note(note: Doc) -> Shown:
    """The content; tags are not read."""
    check(note, _INDIELINKS_NOTE, "note")
    html = Html(note["content"])
    return Shown(html.text, links=links_of(html))


_WHEN = {"published": Needed(TIME), "to": Needed([URL]), "cc": Needed([URL])}
INDIELINKS = Reader(
    _indielinks_note,
    lambda document: read_actor(document, _INDIELINKS_ACTOR),
    {**SHAPES, "Create": {**SHAPES["Create"], **_WHEN}},
)


# Postmarks


def _postmarks_note(note: Doc) -> Shown | None:
    """A comment with the content as it is, where any address can be found in it."""
    if not isinstance(note.get("content"), str) or not isinstance(note.get("id"), str):
        raise Refused("it would crash")
    html = Html(note["content"])
    shown = Shown(html.text, links=links_of(html))
    return shown if re.search(r"https?://", note["content"]) else None


def _postmarks_activity() -> Doc:
    # It looks at `object.type`, and of a Follow taken back at `object.object`.
    answered = {"actor": Needed(str), "object": Needed({"type": Needed(str), "object": str})}
    return {
        **SHAPES,
        "Accept": answered,
        "Undo Follow": answered,
        "Follow": {"object": Needed(str), "actor": Needed(str)},
    }


POSTMARKS = Reader(_postmarks_note, read_actor, _postmarks_activity())
