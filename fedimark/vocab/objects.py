"""PURE. Notes and tombstones of other servers as strict types."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.vocab.interaction import Policy, read_policy
from fedimark.vocab.reading import (
    LONGEST_ID,
    Unreadable,
    ids,
    is_web_url,
    mapped_text,
    needed_id,
    one_type,
    own_id,
    recipients,
    text,
    types,
    url_of,
    when,
)
from fedimark.vocab.terms import NOTE_TYPES, PUBLIC, TAGS, Doc

MOST_TAGS = 128
MOST_ATTACHMENTS = 32
_LONGEST_TAG = 255
_LONGEST_LINK = 8_000
_LONGEST_CONTENT = 1_048_576
_QUOTES = ("quote", "quoteUrl", "quoteUri", "_misskey_quote")
# How a Link among the tags says that it leads to what is quoted. (FEP-e232)
_QUOTE_RELS = frozenset({"quote", "https://misskey-hub.net/ns#_misskey_quote", "https://w3id.org/fep/044f#quote"})


@dataclass(frozen=True, slots=True)
class Note:
    """One text of somebody, perhaps a bookmark; times in microseconds since 1970 UTC.

    `title` comes from `name` or `nameMap` alone. `href` is the page a bookmark is about, exactly as sent.
    `content_html` is HTML as received; `source_text` is what was typed, None unless it was plain text. `tags` are in
    the sender's own spelling, without `#`, in order, each once. Public in `to` and `cc` is always its full IRI.

    `via` is the id of the bookmark that this one was copied from, by its own word.

    `link_title` is what the attached Link is called. `hashtags` are name and address of the Hashtags that say nothing
    of a raw tag. `mentions` are the ids of people mentioned. `policy` is what others may do with it.
    """

    id: str
    attributed_to: str
    url: str | None
    title: str
    href: str | None
    content_html: str
    source_text: str | None
    tags: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    published: int | None
    updated: int | None
    in_reply_to: str | None
    quote: str | None
    via: str | None
    type: str
    link_title: str
    hashtags: tuple[tuple[str, str], ...]
    mentions: tuple[str, ...]
    says_raw_tags: bool
    policy: Policy

    @property
    def is_bookmark(self) -> bool:
        """Whether Betula and we take this for a bookmark: a title, a link, and no quote."""
        return bool(self.title and self.href and not self.quote)

    @property
    def is_public(self) -> bool:
        """Whether it is for everybody, in whatever lists it stands."""
        return PUBLIC in (*self.to, *self.cc)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a deleted object; `deleted` in microseconds since 1970 UTC."""

    id: str
    former_type: str
    deleted: int | None


@dataclass(frozen=True, slots=True)
class Stamp:
    """A QuoteAuthorization: `attributed_to` lets `instrument` quote `target`, all by their ids. (FEP-044f)"""

    id: str
    attributed_to: str
    instrument: str
    target: str


def read_note(doc: Doc) -> Note:
    """Read a Note, Page or Article; raises Unreadable for others, and without an id and one author."""
    note_type = one_type(doc, NOTE_TYPES)
    if note_type is None:
        raise Unreadable("type")
    link = _link(doc)
    return Note(
        id=needed_id(own_id(doc), "id"),
        attributed_to=needed_id(doc.get("attributedTo") or doc.get("actor"), "attributed-to"),
        url=url_of(doc.get("url")),
        title=mapped_text(doc, "name"),
        href=_web_href(link),
        content_html=mapped_text(doc, "content", _LONGEST_CONTENT),
        source_text=_source(doc.get("source")),
        tags=_tags(doc),
        to=recipients(doc.get("to")),
        cc=recipients(doc.get("cc")),
        published=when(doc.get("published")),
        updated=when(doc.get("updated")),
        in_reply_to=_first_web_id(doc.get("inReplyTo")),
        quote=next(filter(None, (_first_web_id(doc.get(name)) for name in _QUOTES)), None) or _led_to(doc, _QUOTE_RELS),
        via=_led_to(doc, frozenset({"via"})),
        type=note_type,
        link_title=_link_title(link),
        hashtags=_hashtags(doc),
        mentions=_mentions(doc),
        says_raw_tags=isinstance(doc.get(TAGS), list),
        policy=read_policy(doc),
    )


def read_tombstone(doc: Doc) -> Tombstone:
    """Read a Tombstone; raises Unreadable for another type or without an id. (ActivityPub §6.4)"""
    if one_type(doc, {"Tombstone"}) is None:
        raise Unreadable("type")
    return Tombstone(
        id=needed_id(own_id(doc), "id"),
        former_type=text(doc.get("formerType")),
        deleted=when(doc.get("deleted")),
    )


def read_stamp(doc: Doc) -> Stamp:
    """Read a QuoteAuthorization; raises Unreadable for another type, and where anything of it is missing."""
    if one_type(doc, {"QuoteAuthorization"}) is None:
        raise Unreadable("type")
    return Stamp(
        id=needed_id(own_id(doc), "id"),
        attributed_to=needed_id(doc.get("attributedTo"), "attributed-to"),
        instrument=needed_id(doc.get("interactingObject"), "interacting-object"),
        target=needed_id(doc.get("interactionTarget"), "interaction-target"),
    )


def _led_to(doc: Doc, rels: frozenset[str]) -> str | None:
    """Where the first Link among the tags leads that bears one of these relations."""
    for each in _few(doc.get("tag"), MOST_TAGS):
        if not isinstance(each, dict) or "Link" not in types(each):
            continue
        said, href = each.get("rel"), each.get("href")
        words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
        leads = isinstance(href, str) and len(href) <= LONGEST_ID and is_web_url(href)
        if leads and not rels.isdisjoint(word for word in words[:8] if isinstance(word, str)):
            return str(href)
    return None


def _first_web_id(value: object) -> str | None:
    return next(filter(is_web_url, ids(value)), None)


def _few(value: object, most: int) -> list[object]:
    return value[:most] if isinstance(value, list) else [value]


def _link(doc: Doc) -> Doc:
    """The first attached Link that leads somewhere, else an empty document."""
    # Ties called the field `attachments` until July 2026.
    for name in ("attachment", "attachments"):
        for each in _few(doc.get(name), MOST_ATTACHMENTS):
            if isinstance(each, dict) and one_type(each, {"Link"}) and _web_href(each):
                return each
    return {}


def _web_href(link: Doc) -> str | None:
    href = link.get("href")
    return href if isinstance(href, str) and len(href) <= _LONGEST_LINK and is_web_url(href) else None


def _link_title(link: Doc) -> str:
    preview = link.get("preview")
    return mapped_text(link, "name") or (mapped_text(preview, "name") if isinstance(preview, dict) else "")


def _source(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    content, media_type = value.get("content"), value.get("mediaType")
    if not isinstance(content, str) or not isinstance(media_type, str):
        return None
    return content if media_type.partition(";")[0].strip().lower() == "text/plain" else None


def _tags(doc: Doc) -> tuple[str, ...]:
    listed = doc.get(TAGS)
    if isinstance(listed, list):
        said = [text(each, _LONGEST_TAG) for each in listed[:MOST_TAGS]]
    else:
        said = [_hashtag(each) for each in _few(doc.get("tag"), MOST_TAGS)]
    return tuple(dict.fromkeys(tag for tag in said if tag))


def _hashtags(doc: Doc) -> tuple[tuple[str, str], ...]:
    if isinstance(doc.get(TAGS), list):
        return ()
    return tuple(
        (_hashtag(each), url)
        for each in _few(doc.get("tag"), MOST_TAGS)
        if isinstance(each, dict)
        and _hashtag(each)
        and not text(each.get("rawTag"))
        and (url := url_of(each.get("href"))) is not None
    )


def _mentions(doc: Doc) -> tuple[str, ...]:
    named = [each for each in _few(doc.get("tag"), MOST_TAGS) if isinstance(each, dict) and "Mention" in types(each)]
    return tuple(href for each in named if (href := url_of(each.get("href"))) is not None)


def _hashtag(value: object) -> str:
    if not isinstance(value, dict) or one_type(value, {"Hashtag"}) is None:
        return ""
    return text(value.get("rawTag"), _LONGEST_TAG) or text(value.get("name")).removeprefix("#")[:_LONGEST_TAG]
