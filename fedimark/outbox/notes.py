"""From a bookmark's row to its Note, in the shape its reader needs. (profiles)"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.outbox import ids
from fedimark.outbox.profiles import BOOKMARKS, FEDIMARK, LARGEST, MICRO, SMALL
from fedimark.policy.interactions import Act, Who, who_may
from fedimark.policy.visibility import Visibility, leaves
from fedimark.text import html, tags, urls
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import LD_JSON, PUBLIC, TAGS, Doc

# Mastodon takes the first language of a map; people have no language here yet, and English is what most say.
_LANGUAGE = "en"
_TITLE_REL = "nofollow noopener"
_PARAGRAPH_ENDS = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is addressed; of tags one Group at most."""

    to: list[str]
    cc: list[str]


def audience(username: str, visibility: Visibility, group: str = "", source: str = "") -> Audience:
    """Who hears of a bookmark of this visibility; `group` is the id of its first tag, where that may pass it on.

    `source` is the id of whose bookmark it was copied from. Raises ValueError for private ones: they are never spoken
    of.
    """
    followers = ids.followers(username)
    named = [source] if source else []
    match visibility:
        case Visibility.PUBLIC:
            # Lemmy wants the Group before anybody else.
            return Audience([PUBLIC], [group, followers, *named] if group else [followers, *named])
        case Visibility.UNLISTED:
            return Audience([followers], [PUBLIC, *named])
        case Visibility.FOLLOWERS:
            return Audience([followers], [])
        case _:
            raise ValueError("a private bookmark has no Note")


def note(username: str, bookmark: Row, profile: str = MICRO, group: str = "") -> Doc:
    """The Note of a bookmark, without `@context`; `bookmark` is a whole row, `group` as `consent.group_of` says.

    Under 45,000 bytes (500,000 for fedimark, 3,000 for indielinks) but for extreme addresses and tags: `contentMap`
    and `source` go first, then the end of the description, then Hashtags. Private tags, the private note and the
    owner's marks never appear.
    Raises ValueError for a private bookmark and for what is not http(s).
    """
    visibility = Visibility(bookmark["visibility"])
    if not leaves(visibility) or not urls.federable(bookmark["url"]):
        raise ValueError("this bookmark never leaves")
    parts = _Parts.of(bookmark, profile)
    heard = audience(username, visibility, group, bookmark.get("via_author", ""))
    document = _document(username, bookmark, heard, parts)
    if group in heard.cc:
        document["audience"] = group
    if _size(document) <= parts.largest:
        return document
    for name in ("contentMap", "source"):
        del document[name]
    return document if _size(document) <= parts.largest else _shortened(username, bookmark, document, parts)


def replies(username: str, public_id: str, answers: Sequence[str] = ()) -> Doc:
    """The collection of what others answered to a bookmark, by id, without `@context`.

    Its first page stands in it: GoToSocial looks nowhere else, and indielinks reads no Note without one.
    """
    uri = ids.replies(username, public_id)
    first = replies_page(username, public_id, answers)
    return {"id": uri, "type": "Collection", "totalItems": len(answers), "first": first}


def replies_page(username: str, public_id: str, answers: Sequence[str] = ()) -> Doc:
    """The one page of that collection, without `@context`."""
    uri = ids.replies(username, public_id)
    return {"id": f"{uri}?page=first", "type": "CollectionPage", "partOf": uri, "items": [*answers]}


def counted(username: str, public_id: str, numbers: Mapping[str, int] = MappingProxyType({})) -> Doc:
    """The collections of who likes a bookmark and who shared it, as they stand in its Note; with how many, where asked.

    What is delivered says no number: it would be told anew with every like, or be wrong after the first.
    """
    collections = {"likes": ids.likes(username, public_id), "shares": ids.shares(username, public_id)}
    return {
        name: {"id": uri, "type": "Collection"} | ({"totalItems": numbers[name]} if name in numbers else {})
        for name, uri in collections.items()
    }


def edited_at(bookmark: Row) -> int | None:
    """When a bookmark was last edited, or None.

    An edit a breath after the save is one too: who asks for the Note must not take it for what was saved.
    """
    at: int = bookmark["updated_at"]
    return at if at > bookmark["saved_at"] else None


@dataclass(frozen=True, slots=True)
class _Parts:
    """What content is made of."""

    url: str
    title: str
    description: str
    hashtags: Sequence[tuple[str, str]]  # safe form, raw tag
    raw_tags: Sequence[str]
    profile: str
    read_on: str = ""  # HTML
    via: str = ""
    via_name: str = ""

    @property
    def largest(self) -> int:
        """How many bytes the Note may have."""
        return LARGEST[self.profile]

    @property
    def is_for_bookmark_servers(self) -> bool:
        """Whether the reader takes tags as typed."""
        return self.profile in (BOOKMARKS, SMALL, FEDIMARK)

    @classmethod
    def of(cls, bookmark: Row, profile: str) -> _Parts:
        shown = [(tags.hashtag(tag), tag) for tag in _public_tags(bookmark)]
        return cls(
            url=bookmark["url"],
            title=bookmark["title"] or bookmark["url"][:255],
            description=bookmark["description"],
            hashtags=[(safe, tag) for safe, tag in shown if safe is not None],
            raw_tags=_public_tags(bookmark),
            profile=profile,
            via=bookmark.get("via", ""),
            via_name=bookmark.get("via_name", ""),
        )

    def content(self) -> str:
        """Title link, description, hashtags. The last paragraph holds anchors between spaces and nothing else:
        then Mastodon makes its bar of hashtags of it.
        """
        link = f'<a href="{html.escape(self.url)}" class="u-bookmark-of" rel="{_TITLE_REL}" target="_blank">'
        anchors = " ".join(
            f'<a href="{html.escape(_tag_page(tag))}" class="mention hashtag" rel="tag">'
            f"#<span>{html.escape(safe)}</span></a>"
            for safe, tag in self.hashtags
        )
        return (
            f"<p><strong>{link}{html.escape(self.title)}</a></strong></p>"
            f"{html.paragraphs(self.description)}{self.read_on}{f'<p>{anchors}</p>' if anchors else ''}"
        )

    def with_description(self, length: int, page: str) -> _Parts:
        """As much of the description as ends before `length` characters, then a link to read on."""
        head = self.description[:length]
        ends = [found.start() for found in _PARAGRAPH_ENDS.finditer(head)]
        # One endless paragraph is cut at a word.
        head = head[: ends[-1]] if ends else head.rpartition(" ")[0]
        anchor = f'<p><a href="{html.escape(page)}" rel="{_TITLE_REL}">Read on</a></p>'
        return replace(self, description=head, read_on=anchor)

    def with_hashtags(self, count: int) -> _Parts:
        """Only the first few hashtags."""
        return replace(self, hashtags=self.hashtags[:count], raw_tags=self.raw_tags[:count])


def _document(username: str, bookmark: Row, heard: Audience, parts: _Parts) -> Doc:
    uri = ids.note(username, bookmark["public_id"])
    content = parts.content()
    changed = edited_at(bookmark)
    may_quote = [PUBLIC] if PUBLIC in (*heard.to, *heard.cc) else [ids.actor(username)]
    document: Doc = {
        "id": uri,
        "type": "Note",
        "attributedTo": ids.actor(username),
        "url": uri,
        **({} if parts.profile == MICRO else {"name": parts.title}),
        "nameMap": {_LANGUAGE: parts.title},
        "content": content,
        "contentMap": {_LANGUAGE: content},
        "source": {"content": bookmark["description"], "mediaType": "text/plain"},
        "attachment": [
            {
                "type": "Link",
                "href": parts.url,
                "mediaType": "text/html",  # NodeBB reads it without asking whether it is there
                "name": parts.title,
                "preview": {"type": "Page", "name": parts.title, "url": parts.url},
            }
        ],
        "tag": _tag(parts),
        TAGS: _public_tags(bookmark),
        "to": heard.to,
        "cc": heard.cc,
        "published": rfc3339(bookmark["saved_at"]),
        "sensitive": False,
        "replies": replies(username, bookmark["public_id"]),
        **({} if parts.profile == SMALL else counted(username, bookmark["public_id"])),
        # Where it is absent, Mastodon lets nobody quote.
        "interactionPolicy": {"canQuote": {"automaticApproval": may_quote}, **_may_reply(username, bookmark)},
    }
    return document if changed is None else document | {"updated": rfc3339(changed)}


def _may_reply(username: str, bookmark: Row) -> Doc:
    """Who may reply, where the author takes no replies; else everybody may, and nothing has to be said."""
    is_closed = who_may(bookmark.get("allows", 0), Act.REPLY) is Who.NOBODY
    return {"canReply": {"automaticApproval": [ids.actor(username)]}} if is_closed else {}


def _shortened(username: str, bookmark: Row, document: Doc, parts: _Parts) -> Doc:
    """Cut the description to what fits, with a link to read on; then hashtags, where they alone are too many."""
    page = ids.note(username, bookmark["public_id"])
    low, high = 0, len(parts.description)
    while low < high:
        middle = (low + high + 1) // 2
        fits = _size(_with(document, parts.with_description(middle, page))) <= parts.largest
        low, high = (middle, high) if fits else (low, middle - 1)
    kept = parts.with_description(low, page)
    count = max(len(kept.hashtags), len(kept.raw_tags))
    while count and _size(_with(document, kept.with_hashtags(count))) > parts.largest:
        count //= 2
    return _with(document, kept.with_hashtags(count))


def _with(document: Doc, parts: _Parts) -> Doc:
    return document | {"content": parts.content(), "tag": _tag(parts)}


def _tag(parts: _Parts) -> list[object]:
    """Hashtags, and where the bookmark was copied from."""
    name = f"via {parts.via_name}".rstrip()
    via = [{"type": "Link", "rel": "via", "href": parts.via, "mediaType": LD_JSON, "name": name}] if parts.via else []
    return [*_hashtags(parts), *via]


def _hashtags(parts: _Parts) -> list[object]:
    named = [(tag, tag) for tag in parts.raw_tags] if parts.is_for_bookmark_servers else parts.hashtags
    return [{"type": "Hashtag", "name": f"#{name}", "href": _tag_page(tag), "rawTag": tag} for name, tag in named]


def _public_tags(bookmark: Row) -> list[str]:
    return [tag for tag in bookmark["tags"].split() if not tags.is_private(tag)]


def _tag_page(tag: str) -> str:
    return absolute(addresses.tags([tags.key(tag)]))


def _size(document: Doc) -> int:
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
