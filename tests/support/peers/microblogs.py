"""How servers for short texts read us: Mastodon, GoToSocial, snac2, Misskey, Pleroma, Pixelfed, Mbin."""

from __future__ import annotations

import re
import unicodedata
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
    ascii_letters,
    check_note,
    first_link,
    hashtags,
    links_of,
    read_actor,
)
from tests.support.peers.strict import TIME, URL, Doc, Needed, Refused, check, many, same_host

_MASTODON_NAME = re.compile(r"[a-z0-9_]+([.-]+[a-z0-9_]+)*", re.IGNORECASE)
_MISSKEY_NAME = re.compile(r"\w([\w.-]*\w)?", re.ASCII)
_ACTOR_TYPES = {"Application", "Group", "Organization", "Person", "Service"}


def _shown(note: Doc) -> Shown:
    html = Html(note["content"])
    return Shown(html.text, links=links_of(html), tags=hashtags(note), warning=note.get("summary") or "")


# Mastodon


def _mastodon_actor(document: Doc) -> Known:
    known = read_actor(document)
    contexts = many(document.get("@context"))
    if AS not in contexts or document["type"] not in _ACTOR_TYPES:
        raise Refused("no actor of ActivityStreams")
    if not _MASTODON_NAME.fullmatch(document["preferredUsername"]) or len(document["preferredUsername"]) > 2_048:
        raise Refused("a name it does not take")
    if known.key_id.partition("#")[0] != known.id:
        raise Refused("a key whose id is not the actor's")
    same_host(known.id, document.get("url") or known.id)
    return known


def _mastodon_note(note: Doc) -> Shown:
    """The first link of the text becomes a preview, unless it is a hashtag, a mention or the author's own card."""
    check_note(note, {"attachment": [{"type": Needed(str)}], "interactionPolicy": {}, "tag": [{"type": Needed(str)}]})
    html = Html(note["content"])
    cards = [
        each.href
        for each in html.anchors
        if "tag" not in each.rel and not {"u-url", "h-card", "mention"} & set(each.classes)
    ]
    tags = [ascii_letters(tag) for tag in hashtags(note)]
    kept = tuple(tag for tag in tags if not tag.isdigit())
    return replace(_shown(note), page=next(iter(cards), ""), tags=kept)


def _mastodon_47_note(note: Doc) -> Shown:
    """The first attached Link becomes the preview."""
    return replace(_mastodon_note(note), page=first_link(note) or _mastodon_note(note).page)


MASTODON = Reader(_mastodon_note, _mastodon_actor, SHAPES)
MASTODON_47 = Reader(_mastodon_47_note, _mastodon_actor, SHAPES)


# GoToSocial


def _gotosocial_note(note: Doc) -> Shown:
    """A name is a content warning, attached Links are skipped, and hashtags hold letters, digits and `_` only."""
    check_note(note)
    shown = _shown(note)
    named = [unicodedata.normalize("NFC", tag) for tag in shown.tags]
    tags = tuple(tag.lower() for tag in named if re.fullmatch(r"\w{1,100}", tag) and tag.strip("_"))
    return replace(shown, tags=tags, warning=shown.warning or note.get("name") or "")


_GTS_ACTOR = {**ACTOR, "manuallyApprovesFollowers": bool, "discoverable": bool, "published": TIME, "url": URL}
GOTOSOCIAL = Reader(_gotosocial_note, lambda document: read_actor(document, _GTS_ACTOR), SHAPES)


# snac2


def _snac_note(note: Doc) -> Shown | None:
    """What has a name is a vote in a poll, and shown nowhere."""
    check_note(note)
    return None if note.get("name") else replace(_shown(note), page=first_link(note))


SNAC = Reader(_snac_note, read_actor, SHAPES)


# Misskey


def _misskey_actor(document: Doc) -> Known:
    words = {"name": str, "summary": str, "featured": URL, "followers": URL, "following": URL, "outbox": URL}
    check(document, words, "actor")
    name = document["preferredUsername"]
    if not _MISSKEY_NAME.fullmatch(name) or len(name) > 128:
        raise Refused("a name it does not take")
    urls = [document[key] for key in ("featured", "followers", "following", "outbox") if key in document]
    same_host(document["id"], *urls)
    return read_actor(document)


def _misskey_note(note: Doc) -> Shown:
    check_note(note)
    return _shown(note)


MISSKEY = Reader(_misskey_note, _misskey_actor, SHAPES)


# Pleroma


def _pleroma_note(note: Doc) -> Shown:
    """A name stands before the text, linked to the Note."""
    check_note(note)
    shown = _shown(note)
    tags = tuple(tag.lower() for tag in shown.tags)
    if note.get("name"):
        shown = replace(shown, text=f"{note['name']}\n{shown.text}")
    return replace(shown, page=first_link(note), tags=tags)


PLEROMA = Reader(_pleroma_note, read_actor, SHAPES)


# Pixelfed


def _pixelfed_note(note: Doc) -> Shown | None:
    """Pictures only."""
    check_note(note)
    pictures = [each for each in many(note.get("attachment")) if each.get("type") in ("Image", "Document")]
    return _shown(note) if pictures else None


PIXELFED = Reader(_pixelfed_note, read_actor, SHAPES)


# Mbin


def _mbin_note(note: Doc) -> Shown:
    """Every attachment is asked for its type."""
    check_note(note, {"attachment": [{"type": Needed(str)}], "tag": [{"type": Needed(str), "name": Needed(str)}]})
    if PUBLIC not in [*many(note["to"]), *many(note.get("cc"))]:
        raise Refused("not for everybody")
    return _shown(note)


MBIN = Reader(_mbin_note, read_actor, SHAPES)
