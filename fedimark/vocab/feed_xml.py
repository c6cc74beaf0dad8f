"""PURE. RSS and Atom, read with expat: one pass, no tree, no entities of the document's own, nothing fetched."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin
from xml.parsers import expat

from fedimark.vocab.feed_parts import LONGEST_WORDS, MOST_ENTRIES, FeedEntry, NoFeed, RawFeed, moment
from fedimark.vocab.feed_text import repaired
from fedimark.vocab.reading import LONGEST_ID, LONGEST_NAME, is_web_url

DEEPEST: Final = 200

_ATOM: Final = "atom"
_SPACES: Final = {
    "http://www.w3.org/2005/Atom": _ATOM,
    "http://purl.org/atom/ns#": _ATOM,
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dc",
    "http://purl.org/rss/1.0/modules/content/": "content",
}
# Many use these without saying what they mean.
_USUAL: Final = {"": "", "atom": _ATOM, "rdf": "rdf", "dc": "dc", "dcterms": "dc", "content": "content"}
_ROOTS: Final = frozenset({("", "rss"), ("rdf", "RDF"), (_ATOM, "feed"), ("", "feed")})
_MOST_SPACES: Final = 64
_MOST_FIELDS: Final = 200  # of one entry
_KEPT: Final = frozenset(
    """
    title link id guid pubDate published issued created updated modified date description summary content encoded
    category subject ttl enclosure
    """.split()  # noqa: SIM905 - reads better than twenty quotes
)
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]")
# RSS says nowhere whether a title is HTML.
_LIKE_HTML = re.compile(
    r"</?(?:a|abbr|b|br|cite|code|del|em|font|i|img|p|q|s|small|span|strong|sub|sup|tt|u)(?:\s[^<>]{0,2000})?/?>"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Field:
    """A child of the feed or of an entry, as it is read; `parts` are words, or tags inside them."""

    space: str
    name: str
    attributes: Mapping[str, str]
    base: str
    depth: int
    parts: list[tuple[bool, str]] = field(default_factory=list)
    length: int = 0

    def add(self, said: str, *, is_tag: bool) -> None:
        """Take in a piece, as long as there is room."""
        if self.name in _KEPT and self.length < LONGEST_WORDS:
            self.parts.append((is_tag, said))
            self.length += len(said)

    @property
    def has_markup(self) -> bool:
        """Whether elements stood in it: XHTML of Atom, or HTML that somebody forgot to escape."""
        return any(is_tag for is_tag, _ in self.parts)

    @property
    def is_html(self) -> bool:
        """Whether its words are HTML."""
        said = self.attributes.get("type", "")
        if self.space == _ATOM:
            return self.has_markup or said in ("html", "xhtml", "text/html", "application/xhtml+xml")
        return self.has_markup or self.name != "title" or _LIKE_HTML.search(self.plain) is not None

    @property
    def plain(self) -> str:
        """Its words."""
        if not self.has_markup:
            return "".join(said for _, said in self.parts).strip()[:LONGEST_WORDS]
        return "".join(said if is_tag else html.escape(said) for is_tag, said in self.parts).strip()[:LONGEST_WORDS]


def read(text: str, address: str) -> RawFeed:
    """Read RSS or Atom as far as its XML can be read; links in it are absolute where it says a base.

    Raises NoFeed for another root, for entities, for what is nested deeper than 200, and for XML that breaks before
    anything was said.
    """
    reader = _Reader(address)
    try:
        is_whole = reader.read(repaired(text))
    except _Enough:
        is_whole = True
    if not reader.is_feed:
        raise NoFeed("not-a-feed")
    if not is_whole and not reader.entries:
        raise NoFeed("broken")
    return RawFeed(reader.title, reader.home, reader.wait_s, tuple(reader.entries))


class _Enough(Exception):
    """As many entries are read as we take."""


class _Reader:
    """One pass over a document: what stands around is `_stack`, what is being read `_field` of `_entry` or the feed."""

    def __init__(self, address: str) -> None:
        self.is_feed = False
        self.title = self.home = ""
        self.wait_s = 0
        self.entries: list[FeedEntry] = []
        self._stack: list[tuple[Mapping[str, str], str]] = [(_USUAL, address)]
        self._entry: list[_Field] | None = None
        self._about = ""
        self._entry_depth = self._feed_depth = 0
        self._field: _Field | None = None

    def read(self, text: str) -> bool:
        """Read a text; returns whether it was well-formed. Raises NoFeed, _Enough."""
        parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._said
        parser.EntityDeclHandler = self._declared
        try:
            parser.Parse(text.lstrip("\ufeff \t\r\n").encode("utf-8", "replace"), True)
        except expat.ExpatError:
            return False
        return True

    def _declared(self, *_: object) -> None:
        raise NoFeed("entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        depth = len(self._stack)
        if depth > DEEPEST:
            raise NoFeed("too-deep")
        spaces, base = self._stack[-1]
        if attributes:
            spaces, base = _spaces(spaces, attributes), _based(base, attributes.get("xml:base", ""))
        self._stack.append((spaces, base))
        prefix, _, local = name.rpartition(":")
        if self._field is not None:
            self._field.add(f"<{_NOT_IN_NAMES.sub('', local)}>", is_tag=True)
            return
        space = spaces.get(prefix, "?")
        if depth == 1 and local == "rss" and space == "?":
            # Everybody has a namespace of their own for RSS 2, which has none.
            space, self._stack[-1] = "", ({**spaces, prefix: ""}, base)
        if depth == 1:
            self._root(space, local)
        elif self._entry is None and space in ("", _ATOM) and local in ("item", "entry"):
            self._entry, self._entry_depth = [], depth
            self._about = attributes.get("rdf:about", "")
        elif self._entry is None and depth == 2 and (space, local) == ("", "channel"):
            self._feed_depth = depth
        elif depth == (self._entry_depth if self._entry is not None else self._feed_depth) + 1:
            self._field = _Field(space, local, attributes, base, depth)

    def _root(self, space: str, local: str) -> None:
        if (space, local) not in _ROOTS:
            raise NoFeed("not-a-feed")
        self.is_feed = True
        # In RSS what is said of the feed stands in its channel.
        self._feed_depth = 1 if local == "feed" else 0

    def _said(self, text: str) -> None:
        if self._field is not None:
            self._field.add(text, is_tag=False)

    def _end(self, name: str) -> None:
        self._stack.pop()
        depth = len(self._stack)
        if self._field is not None:
            if depth > self._field.depth:
                self._field.add(f"</{_NOT_IN_NAMES.sub('', name.rpartition(':')[2])}>", is_tag=True)
                return
            if self._entry is None:
                self._of_feed(self._field)
            elif len(self._entry) < _MOST_FIELDS and self._field.name in _KEPT:
                self._entry.append(self._field)
            self._field = None
        elif self._entry is not None and depth == self._entry_depth:
            self.entries.append(_entry(self._entry, self._about))
            self._entry = None
            if len(self.entries) >= MOST_ENTRIES:
                raise _Enough
        elif depth == self._feed_depth:
            self._feed_depth = 0

    def _of_feed(self, said: _Field) -> None:
        if said.space not in ("", _ATOM, "dc"):
            return
        if said.name == "title" and not self.title:
            self.title = said.plain[:LONGEST_NAME]
        elif said.name == "link" and not self.home and (link := _link(said, ("alternate",))):
            self.home = link
        elif said.name == "ttl" and said.plain[:6].isdecimal():
            self.wait_s = int(said.plain[:6]) * 60


def _entry(fields: Sequence[_Field], about: str) -> FeedEntry:
    title = next((each for each in fields if each.name == "title" and each.plain), None)
    words = _words(fields)
    guids = [each for each in fields if each.name in ("id", "guid") and each.plain]
    guid = (guids[0].plain if guids else about.strip())[:LONGEST_NAME]
    links = [link for each in fields if each.name == "link" and (link := _link(each, ("alternate",)))]
    # Whoever says nothing means that a guid is an address, and often it is none.
    permanent = [
        guid
        for each in guids[:1]
        if each.name == "guid" and each.attributes.get("isPermaLink", "true") != "false" and is_web_url(guid)
    ]
    about = about if is_web_url(about) else ""
    files = [each.attributes.get("url", "") for each in fields if each.name == "enclosure"]
    return FeedEntry(
        guid=guid,
        links=(*links, *permanent, *([about] if about else []), *files),
        # A feed of links has its own page, where they are talked about, in its guid.
        pages=(*permanent, *links),
        title=title.plain[:LONGEST_NAME] if title else "",
        title_is_html=title is not None and title.is_html,
        words=words.plain if words else "",
        words_are_html=words is not None and words.is_html,
        tags=tuple(dict.fromkeys(tag for each in fields for tag in _tags(each))),
        published=_moment(fields),
    )


def _words(fields: Sequence[_Field]) -> _Field | None:
    """What an entry says of itself: rather its summary than all of it."""
    for name in ("summary", "description", "content", "encoded"):
        for each in fields:
            is_ours = each.space == "content" if name == "encoded" else each.space in ("", _ATOM, "dc")
            if each.name == name and is_ours and each.plain:
                return each
    return None


def _moment(fields: Sequence[_Field]) -> int | None:
    for name in ("published", "pubDate", "issued", "created", "date", "updated", "modified"):
        for each in fields:
            if each.name == name and (at := moment(each.plain)) is not None:
                return at
    return None


def _tags(each: _Field) -> list[str]:
    if each.space not in ("", _ATOM, "dc"):
        return []
    if each.name == "category":
        return [said] if (said := (each.attributes.get("term") or each.plain).strip()[:LONGEST_NAME]) else []
    # Pinboard's: all tags in one, between spaces.
    return each.plain[:LONGEST_NAME].split() if each.name == "subject" else []


def _link(each: _Field, rels: Sequence[str]) -> str:
    """The address in a link of RSS (its words) or Atom (its href), against the base that holds there."""
    if each.space not in ("", _ATOM):
        return ""
    href = each.attributes.get("href", "")
    if href and each.attributes.get("rel", "alternate") not in rels:
        return ""
    said = href or each.plain
    return _based(each.base, said) if said else ""


def _spaces(spaces: Mapping[str, str], attributes: Mapping[str, str]) -> Mapping[str, str]:
    """What prefixes mean inside an element; `?` for what we do not know."""
    said = {
        name[6:]: _SPACES.get(uri.strip(), "?")
        for name, uri in attributes.items()
        if name == "xmlns" or name.startswith("xmlns:")
    }
    if not said or len(spaces) + len(said) > _MOST_SPACES:
        return spaces
    return {**spaces, **said}


def _based(base: str, href: str) -> str:
    """An address in the document, made absolute; the base itself where nothing is said, empty for what is none."""
    if not href:
        return base
    try:
        return urljoin(base, href.strip()) if len(href) <= LONGEST_ID else ""
    except ValueError:
        return ""
