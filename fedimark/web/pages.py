"""Pages for people: the templates' environment, and what a page must say of an entry, a place or a stream.

Templates hold no decisions; what must be decided is decided here, without a request. What pages are made of are values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fedimark import addresses
from fedimark.language.catalogue import ENGLISH, NAMES, Catalogue
from fedimark.language.said import Said, _, drawn_in
from fedimark.policy.muted import read_muted, words_of
from fedimark.text.excerpts import excerpt, marked
from fedimark.text.html import linkify, own_link
from fedimark.text.tags import is_private, key
from fedimark.text.works import may_be_paper, page_of, paper_of
from fedimark.timelines.entries import Entry, Page, Person
from fedimark.timelines.places import is_for_everybody, place_of
from fedimark.timelines.savers import name_of
from fedimark.timelines.stream import Stream
from fedimark.web import times, told
from fedimark.web.bars import columns_of
from fedimark.web.drawn import drawn
from fedimark.web.lines import lines, together
from fedimark.web.translated import Templates
from fedimark.web.values.page import FeedFace, Filter, Form, Named, Silence

_PAPERS = {"arxiv": "arXiv", "doi": "DOI", "pubmed": "PubMed", "pmc": "PubMed Central"}
_IN_A_LIST = 4_000  # characters of a description; twenty of the longest would be a page of more than a megabyte
_TWO_LINES = 210  # characters; about what two lines hold at their widest

if TYPE_CHECKING:
    from fedimark.policy.visibility import Viewer


_FEEDS = (
    ("RSS", "application/rss+xml", "rss"),
    ("Atom", "application/atom+xml", "atom"),
    ("JSON Feed", "application/feed+json", "json"),
)
_BIBTEX = (_("papers as BibTeX"), "application/x-bibtex", "bib")

PRIVATE_FEEDS = FeedFace(_("private, with a key"), "", "/settings/keys")


def feeds_of(stream: Stream) -> tuple[FeedFace, ...]:
    """The feeds of a stream, for its page; what strangers may not look at has none at its address."""
    if not is_for_everybody(stream):
        return ()
    path, asked = place_of(stream)
    query = f"?{urlencode(asked)}" if asked else ""
    return tuple(FeedFace(word, kind, addresses.feed(path, form) + query) for word, kind, form in (*_FEEDS, _BIBTEX))


def feeds_at(path: str) -> tuple[FeedFace, ...]:
    """The feeds of a page without papers, by its path."""
    return tuple(FeedFace(word, kind, addresses.feed(path, form)) for word, kind, form in _FEEDS)


def environment(templates_dir: Path, static_version: Mapping[str, str], catalogue: Catalogue = ENGLISH) -> Templates:
    """Build the templates in one language; `static_version` maps a static file's name to its version."""

    def static(name: str) -> str:
        return f"/static/{name}?v={static_version[name]}"

    env = Templates(
        catalogue,
        loader=FileSystemLoader(templates_dir),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals.update(
        static=static,
        language=catalogue.language,
        languages=NAMES,
        places=places,
        silence=silence,
        lines_of=partial(lines, language=catalogue.language),
        drawn=drawn,
        no_form=Form(),
    )
    env.filters.update(_filters(catalogue))
    return env


def _filters(catalogue: Catalogue) -> dict[str, Callable[..., Any]]:
    """What templates may make of a value, by its name there."""
    return {
        "ago": partial(times.ago, catalogue=catalogue),
        "exact": partial(times.exact, catalogue=catalogue),
        "day": partial(times.day, catalogue=catalogue),
        "machine": times.machine,
        "marked": marked,
        "excerpt": excerpt,
        "made": Markup,
        "linkify": _linked,
        "own_link": lambda text: Markup(own_link(text)),  # noqa: S704 - as in `_linked`
        "absolute": addresses.absolute,
        "brief": brief,
        "work": work,
        "is_long": is_long,
        "beginning": beginning,
        "number": catalogue.number,
        "tag_key": key,
        "tag_path": tag_path,
        "entry_id": entry_id,
        "link_path": link_path,
        "own_path": own_path,
        "copy_href": copy_href,
        "report_href": report_href,
        "here_href": here_href,
        "say_href": addresses.say,
        "uri_hash": addresses.uri_hash,
        "told": told.line,
        "also": also,
        "on_sites": on_sites,
        "is_mine": is_mine,
        "word": word_of,
        "columns": partial(columns_of, catalogue=catalogue),
        "months": partial(months, catalogue=catalogue),
        "marks_public": marks_public,
    }


def encoded(env: Templates, name: str, viewer: Viewer | None, path: str, now: int, **values: object) -> bytes:
    """Draw any page as UTF-8; the rest is as for `render`."""
    apart: list[bytes] = []
    return together(render(env, name, viewer, path, now, apart=apart, **values), apart)


def render(env: Templates, name: str, viewer: Viewer | None, path: str, now: int, **values: object) -> str:
    """Draw a page without lines of streams for a viewer (None: nobody signed in).

    `path` is the path and query asked for: forms come back to it. `now` is in microseconds since 1970, UTC.
    """
    zone = viewer.time_zone if viewer else "UTC"
    defaults = {
        "notice": "",
        "alternate": "",
        "canonical": "",
        "feeds": (),
        "profile": None,
        "over_time": "",
        "elsewhere": (),
        "time_zone": zone,
    }
    with drawn_in(env.catalogue):
        return env.get_template(name).render(**{**defaults, **values}, viewer=viewer, path=path, now=now)


_WORDS: Mapping[str, Said] = MappingProxyType(
    {
        "public": _("public"),
        "unlisted": _("unlisted"),
        "followers": _("followers"),
        "private": _("private"),
        "unread": _("unread"),
        "untagged": _("untagged"),
        "starred": _("starred"),
        "archived": _("archived"),
        "day": _("day"),
        "week": _("week"),
        "month": _("month"),
        "network": _("network"),
        "recent": _("recent"),
        "popular": _("popular"),
        "search": _("search"),
        "notes": _("notes"),
        "mine": _("mine"),
        "new": _("new"),
        "known": _("known"),
        "changed": _("changed"),
    }
)


def word_of(word: str) -> str:
    """A word of addresses and forms, as people read it."""
    return _WORDS.get(word, word)


def places(viewer: Viewer | None, here: str) -> tuple[Filter, ...]:
    """The words at the head of every page; the one where the viewer is, at the path `here`, is current."""
    hrefs = {"recent": "/recent", "popular": "/popular"}
    if viewer:
        own = addresses.person(viewer.username)
        hrefs = {"network": "/network", **hrefs, "mine": own, "notes": addresses.notes(viewer.username)}
    # One's own pages are all below `mine`; the longest address is where one is.
    current = max((href for href in hrefs.values() if f"{here}/".startswith(f"{href}/")), key=len, default="")
    return tuple(Filter(word_of(word), href, href == current) for word, href in hrefs.items())


def silence(viewer: Viewer | None) -> Silence | None:
    """Why this server says nothing to others and since when, for an admin; None when it speaks."""
    if viewer is None or not viewer.muted:
        return None
    muted = read_muted(viewer.muted)
    return Silence(words_of(muted.why), muted.since)


def _linked(text: str, viewer: Viewer | None = None) -> Markup:
    """Plain text with links, which robots are told not to follow; they never sign in."""
    return Markup(linkify(text, "" if viewer else "nofollow"))  # noqa: S704 - it escapes all but its own links


def brief(text: str) -> str:
    """The beginning of some words on one line, as other sites show it under a link."""
    return " ".join(text[:400].split())[:200]


def work(entry: Entry) -> str:
    """Which paper or study an entry's address is of, `arXiv 1706.03762`; empty where it is none."""
    found = paper_of(page_of(entry.url)) if may_be_paper(entry.host) else None
    return f"{_PAPERS[found.kind]} {found.id}" if found else ""


def is_long(text: str) -> bool:
    """Whether a description fills more than the two lines that lists show."""
    return len(text) > _TWO_LINES or text.count("\n") > 1


def beginning(text: str) -> str:
    """What a list shows of a description: all of it, but of the very longest, whose own page shows the rest."""
    return text if len(text) <= _IN_A_LIST else f"{text[:_IN_A_LIST].rsplit(None, 1)[0]} …"


def tag_path(tag: str, owner: str, viewer: Viewer | None) -> str:
    """Where a tag word leads: the owner's stream of it, or everybody's; a private tag leads to the viewer's own."""
    if not owner and viewer and is_private(tag):
        owner = viewer.username
    return addresses.person_tags(owner, [key(tag)]) if owner else addresses.tags([key(tag)])


def link_path(entry: Entry) -> str:
    """The page that shows everybody who saved an entry's link."""
    return addresses.link(entry.link_hash)


def entry_id(entry: Entry) -> str:
    """What tells an entry from all others of its page: the name of the save that it shows."""
    return name_of(entry)


def own_path(entry: Entry, viewer: Viewer) -> str:
    """The viewer's own bookmark of an entry; its forms stand below it."""
    assert entry.own is not None
    return addresses.bookmark(viewer.username, entry.own.bookmark_id)


def copy_href(entry: Entry) -> str:
    """The form that saves as one's own the bookmark whose words an entry shows, filled in from it."""
    return f"/add?from={quote(entry.note, safe='/:')}"


def here_href(person: Person) -> str:
    """The page here of anybody, of this server or another; feeds have none, and lead home."""
    return addresses.person(person.handle) if person.host and person.username else person.href


def report_href(entry: Entry) -> str:
    """The form that reports to the admins the bookmark whose words an entry shows."""
    return f"/report?bookmark={quote(entry.note, safe='/:')}"


def also(entry: Entry) -> Named:
    """The other savers a line names: both when they are two, else the first, and how many more there are."""
    others = entry.saver_count - 1
    shown = entry.others[:2] if others <= 2 else entry.others[:1]
    return Named(shown, max(others - len(shown), 0))


def on_sites(entry: Entry) -> str:
    """` on 4 servers`, where the savers are of several."""
    if entry.site_count < 2 or entry.saver_count < 2:
        return ""
    return _(" on %(count)s servers", count=entry.site_count)


def is_mine(entry: Entry, viewer: Viewer | None) -> bool:
    """Whether the words an entry shows are the viewer's own."""
    return bool(viewer and entry.own and not entry.saver.host and entry.saver.username == viewer.username)


def months(
    entries: tuple[Entry, ...], time_zone: str, catalogue: Catalogue
) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """Entries under the month of their place in the stream, in their order."""
    return tuple(
        (month, tuple(group))
        for month, group in groupby(entries, lambda entry: times.month(entry.at, time_zone, catalogue))
    )


def marks_public(page: Page, viewer: Viewer | None) -> bool:
    """Whether public rows are marked instead of private ones: under Privacy Lock, or when most are private."""
    if viewer is None:
        return False
    own = [entry.own for entry in page.entries if entry.own]
    return viewer.privacy_lock or 2 * sum(mark.visibility.word == "private" for mark in own) > len(own)
