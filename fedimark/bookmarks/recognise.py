"""PURE. Whether a Note of another server is a bookmark, mentions a page, or is neither."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from fedimark.text import clean, html, tags, urls
from fedimark.text.anchors import Anchor, anchors, begins_with_link
from fedimark.vocab.objects import Note

# Their authors save in public to be found.
BOOKMARK_SERVERS = frozenset({"fedimark", "betula", "omnom", "ties", "linkblocks", "postmarks", "indielinks"})
# These send no machine-readable link: a Note that begins with one is a bookmark of it.
_LINK_FIRST = frozenset({"postmarks", "indielinks"})

_HASHTAG_LINE = re.compile(r"(?:#\S+[\s,]*)+")
_LAST_HASHTAGS = re.compile(r"(?:^|\s)((?:#[^\s#]+\s*)+)\Z")
_NOT_IN_TAGS = re.compile(r"[\s,]+")
_AFTER_TITLE = re.compile(r"[:\s]+")


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a Note is about: the page as an exact http(s) address, and the author's words on it.

    `is_save` is False for a Note that only mentions the page: it counts as nobody's save.
    """

    url: str
    title: str
    description: str
    tags: tuple[str, ...]
    is_save: bool


def recognise(note: Note, software: str = "") -> Recognised | None:
    """Read a Note as a bookmark or a mention of a page; None for everything else.

    `software` is the name in the NodeInfo of the Note's server, empty when unknown. A Note with a title and a Link is
    a bookmark whoever sends it. Pages that nobody could save here, or that look like a secret, are passed over.
    """
    if note.quote is not None:
        return None
    if (page := _attached(note)) is not None:
        return _recognised(note, page, note.title, is_save=True)
    links = [each for each in anchors(note.content_html) if _may_be_meant(each, note)]
    if software in _LINK_FIRST and links and begins_with_link(note.content_html):
        return _recognised(note, links[0].href, links[0].words, is_save=True)
    if note.type != "Note" or note.in_reply_to is not None:
        return None
    if note.href is not None:
        said = next((each.words for each in links if each.href == note.href), "")
        return _recognised(note, note.href, said, is_save=False)
    return _recognised(note, links[0].href, links[0].words, is_save=False) if links else None


def _attached(note: Note) -> str | None:
    if note.is_bookmark or note.type != "Page":
        return note.href if note.is_bookmark else None
    # Lemmy before 0.13 put the page itself into `url`.
    return note.href or (note.url if note.url and _is_foreign(note.url, note) else None)


def _recognised(note: Note, href: str, said: str, *, is_save: bool) -> Recognised | None:
    url = _savable(href)
    if url is None:
        return None
    fallback = next((fit for fit in (note.link_title, said) if _is_title(fit, url)), "")
    title = clean.one_line(note.title or fallback or _address(url))
    description, last = _description(note, title if is_save else "")
    return Recognised(url, title, description, _tags(note, last if is_save else ()), is_save)


def _savable(href: str) -> str | None:
    try:
        url = urls.check(href)
    except urls.BadUrl:
        return None
    return url if urls.federable(url) and urls.is_secret_looking(url) is None else None


def _may_be_meant(anchor: Anchor, note: Note) -> bool:
    named = anchor.href in note.mentions or any(anchor.href == href for _, href in note.hashtags)
    return not anchor.is_name and not named and _is_foreign(anchor.href, note) and _savable(anchor.href) is not None


def _is_foreign(url: str, note: Note) -> bool:
    """Whether a page is on another site than its Note: profiles and media often live one name below or above."""
    there, home = urlsplit(url).hostname or "", urlsplit(note.id).hostname or ""
    return there != home and not there.endswith(f".{home}") and not home.endswith(f".{there}")


def _is_title(words: str, url: str) -> bool:
    """Whether words say more than the address does: Mastodon writes addresses out as the words of their links."""
    said = words.strip().rstrip("…").rstrip(".")
    bare = url.partition("://")[2]
    return bool(said) and not url.startswith(said) and not bare.removeprefix("www.").startswith(said)


def _address(url: str) -> str:
    parts = urlsplit(url)
    path = unquote(parts.path)
    return f"{urls.host_of(url)}{'' if path == '/' else path}"


def _description(note: Note, title: str) -> tuple[str, tuple[str, ...]]:
    """The author's own words, without title and hashtags, and the hashtags that stood at their end.

    What was typed, where the Note tells; else the words of its content.
    """
    if note.source_text is not None:
        return clean.many_lines(note.source_text), ()
    parts = html.to_text(note.content_html).split("\n\n")
    if title and clean.one_line(parts[0].partition("\n")[0]) == title:
        parts[0] = parts[0].partition("\n")[2]
    elif title and parts[0].startswith(title):
        parts[0] = parts[0][len(title) + len(_spaces(parts[0][len(title) :])) :]
    last: tuple[str, ...] = ()
    if parts and _HASHTAG_LINE.fullmatch(parts[-1].strip()):
        last, parts = tuple(parts[-1].split()), parts[:-1]
    elif title and (found := _LAST_HASHTAGS.search(parts[-1])):
        last, parts[-1] = tuple(found[1].split()), parts[-1][: found.start()]
    return clean.many_lines("\n\n".join(part for part in parts if part.strip())), last


def _spaces(text: str) -> str:
    found = _AFTER_TITLE.match(text)
    return found[0] if found else ""


def _tags(note: Note, last: Iterable[str]) -> tuple[str, ...]:
    """Tags as their author spells them. A private one has no business here, whoever let it slip."""
    raw = {name: segment for name, href in note.hashtags if (segment := raw_tag(name, href))}
    said = [raw.get(tag, tag) for tag in note.tags]
    if not note.tags:  # indielinks lists none
        said = [word.lstrip("#").rstrip(",") for word in last]
    words = (_NOT_IN_TAGS.sub("-", tag.strip()) for tag in said)
    return tags.split(" ".join(word for word in words if not tags.is_private(word)))


def raw_tag(name: str, href: str) -> str | None:
    """The tag in a tag's address of a fedimark (`…/t/page-cache`), where the Hashtag's name is made of it."""
    before, _, last = urlsplit(href).path.rpartition("/")
    tag = unquote(last)
    return tag if before.endswith("/t") and tags.hashtag(tag) == name else None
