"""PURE. Addresses that are one work though they are several pages: papers and videos.

Canonical addresses go in and come out. What is not known for certain stays itself: two pages that are taken for one
are worse than one page taken for two. (What pages say of themselves is looked at elsewhere: remote.aliases.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from ada_url import URL

from fedimark.text.urls import CANONICAL_VERSION, canonical, usual_host

PAGES_VERSION: Final = 100 * CANONICAL_VERSION + 1
"""Raised with every change of what is one page: bookmarks saved before move to where they belong now."""

# Before 2007 the class of a subject could be left out (math.GT/0309136): the number is of the archive.
_ARXIV_ID = r"(?P<id>\d{4}\.\d{4,5}|(?P<archive>[a-z-]+)(?:\.[A-Za-z-]+)?/(?P<number>\d{7}))(?:v\d{1,3})?"
_ARXIV = re.compile(
    rf"/(?:(?:abs|pdf|html|format|ps)/(?:arXiv:)?|ftp/arxiv/papers/\d{{4}}/){_ARXIV_ID}(?:\.pdf)?/?", re.ASCII
)
_ARXIV_DOI = re.compile(rf"10\.48550/arxiv\.{_ARXIV_ID}", re.ASCII)
_ARXIV_WORDS: Final = frozenset({"context", "download"})

_DOI = re.compile(r"(?:doi:)?(?P<id>10\.\d{4,9}(?:\.\d+)*/\S+)", re.ASCII | re.IGNORECASE)
_DOTS: Final = frozenset({".", ".."})
_DOI_PLAIN: Final = "/:;()!*'$&+,=@"
_ASCII_LOWER: Final = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}

_PUBMED = re.compile(r"/(?P<id>[1-9]\d{0,8})/?", re.ASCII)
_NCBI = re.compile(r"(?:/m)?/pubmed/(?P<id>[1-9]\d{0,8})/?", re.ASCII)
_PMC = re.compile(r"(?:/pmc)?/articles/(?P<id>(?i:PMC)[1-9]\d{0,8})(?:/pdf(?:/[^/]+\.pdf)?)?/?", re.ASCII)
_SEARCHES: Final = frozenset({"/", "/pubmed/", "/pubmed"})
_NO_YEAR: Final = 7
_ENTREZ: Final = "/entrez/query.fcgi"
# What a page of PubMed is asked for besides its number: how it looks, and which search it was found by.
_PUBMED_WORDS: Final = frozenset(
    {
        "dopt",
        "report",
        "format",
        "otool",
        "from_term",
        "from_pos",
        "from_page",
        "from_sort",
        "from_filter",
        "from_exact",
        "from_single_result",
        "fc",
        "ff",
        "v",
    }
)

# Two words of YouTube itself are as long as an id.
_VIDEO_ID = r"(?P<id>(?!live_stream|videoseries)[A-Za-z0-9_-]{11})"
_YOUTU_BE = re.compile(rf"/{_VIDEO_ID}/?")
_VIDEO_PATH = re.compile(rf"/(?:shorts|embed|live|watch|v|e)/{_VIDEO_ID}/?")
_WATCHED = re.compile(_VIDEO_ID)
_CHANNEL = re.compile(r"/(?P<id>@[^/]+|channel/UC[A-Za-z0-9_-]{22}|c/[^/]+|user/[^/]+)/?")
_PLAYED = re.compile(r"[?&](?:playlist|channel)=")
_PLAYLIST: Final = "/playlist"
_WITH_CHANNELS: Final = frozenset({"youtube.com", "www.youtube.com", "m.youtube.com"})


_NUMBERS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "arxiv": re.compile(_ARXIV_ID, re.ASCII),
        "doi": _DOI,
        "pubmed": re.compile(r"[1-9]\d{0,8}", re.ASCII),
        "pmc": re.compile(r"PMC[1-9]\d{0,8}", re.ASCII),
    }
)
_PAPERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "https://arxiv.org/abs/": "arxiv",
        "https://doi.org/": "doi",
        "https://pubmed.ncbi.nlm.nih.gov/": "pubmed",
        "https://pmc.ncbi.nlm.nih.gov/articles/": "pmc",
    }
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper: who numbers it (`arxiv`, `doi`, `pubmed`, `pmc`), and its number there."""

    kind: str
    id: str


def paper_of(address: str) -> Paper | None:
    """Return which paper an address is that `page_of` gave, None where it is none that is known for certain."""
    for begins, kind in _PAPERS.items():
        if address.startswith(begins) and work_of(address) == address:
            number = unquote(address.removeprefix(begins).strip("/"))
            return Paper(kind, number) if _NUMBERS[kind].fullmatch(number) else None
    return None


def page_of(url: str) -> str:
    """Return the address under which all saves of a page meet, for an address as somebody gave it."""
    return work_of(canonical(url))


def work_of(address: str) -> str:
    """Return the canonical address of the work that a canonical address is of: itself where nothing is known.

    Knows arXiv (abstract, PDF, HTML, every version, its DOI), DOI, PubMed and its articles, and YouTube. Idempotent;
    raises nothing.
    """
    host = usual_host(address)
    if host and _reader(host) is None:
        return address
    try:
        url = URL(address)
    except ValueError:
        return address
    if url.protocol == "doi:":
        return _by_doi(unquote(url.pathname)) or address
    read = _reader(url.hostname)
    if url.protocol != "https:" or url.port or read is None:
        return address
    return read(url) or address


def may_be_paper(host: str) -> bool:
    """Whether an address on this host can be of a paper: asked before the address is read."""
    return host.removeprefix("www.") in _OF_PAPERS


def _reader(host: str) -> Callable[[URL], str] | None:
    return _READERS.get(host.removeprefix("www."))


def _arxiv(url: URL) -> str:
    return _paper(_ARXIV.fullmatch(url.pathname)) if _names(url) <= _ARXIV_WORDS else ""


def _paper(found: re.Match[str] | None) -> str:
    if found is None:
        return ""
    return f"https://arxiv.org/abs/{found['archive']}/{found['number']}" if found["archive"] else _abs(found["id"])


def _abs(number: str) -> str:
    return f"https://arxiv.org/abs/{number}"


def _doi(url: URL) -> str:
    return "" if url.search else _by_doi(unquote(url.pathname[1:]))


def _by_doi(text: str) -> str:
    """The address of a DOI, or of the paper on arXiv that it names."""
    found = _DOI.fullmatch(text)
    # Segments of dots are eaten by whoever reads the address next.
    if found is None or "\ufffd" in text or not _DOTS.isdisjoint(text.split("/")):
        return ""
    # A DOI is the same in small and capital letters of ASCII, and however much of it is escaped. (ISO 26324)
    doi = found["id"].translate(_ASCII_LOWER)
    return _paper(_ARXIV_DOI.fullmatch(doi)) or f"https://doi.org/{quote(doi, safe=_DOI_PLAIN)}"


def _pubmed(url: URL) -> str:
    return _searched(url) or (_study(_PUBMED.fullmatch(url.pathname)) if _names(url) <= _PUBMED_WORDS else "")


def _searched(url: URL) -> str:
    """The study that is found by its number alone: PubMed leads straight to it, unless the number could be a year."""
    asked = parse_qsl(url.search[1:], keep_blank_values=True)
    is_one = url.pathname in _SEARCHES and len(asked) == 1 and asked[0][0] == "term" and len(asked[0][1]) >= _NO_YEAR
    return _study(_PUBMED.fullmatch(f"/{asked[0][1]}")) if is_one else ""


def _ncbi(url: URL) -> str:
    if url.pathname == _ENTREZ:
        asked = dict(parse_qsl(url.search[1:]))
        is_one = asked.get("db", "").lower() == "pubmed" and asked.get("cmd", "").lower() == "retrieve"
        return _study(_PUBMED.fullmatch(f"/{asked.get('list_uids', '')}")) if is_one else ""
    if not _names(url) <= _PUBMED_WORDS:
        return _searched(url) if url.pathname != "/" else ""
    return _study(_NCBI.fullmatch(url.pathname)) or (_pmc(url) if url.pathname.startswith("/pmc/") else "")


def _pmc(url: URL) -> str:
    found = _PMC.fullmatch(url.pathname) if _names(url) <= _PUBMED_WORDS else None
    return f"https://pmc.ncbi.nlm.nih.gov/articles/{found['id'].upper()}/" if found else ""


def _study(found: re.Match[str] | None) -> str:
    return f"https://pubmed.ncbi.nlm.nih.gov/{found['id']}/" if found else ""


def _youtube(url: URL) -> str:
    if _PLAYED.search(url.search):
        return ""
    asked = parse_qsl(url.search[1:])
    if url.pathname == _PLAYLIST:
        lists = [value for name, value in asked if name == "list"]
        return f"https://www.youtube.com/playlist?list={quote(lists[0])}" if len(lists) == len(asked) == 1 else ""
    if not asked and (channel := _CHANNEL.fullmatch(url.pathname)):
        return f"https://www.youtube.com/{channel['id']}" if url.hostname in _WITH_CHANNELS else ""
    if url.pathname not in ("/watch", "/watch/"):
        return _video(_VIDEO_PATH.fullmatch(url.pathname))
    # A place in somebody's list is that video, as its page says by itself.
    videos = {value for name, value in asked if name == "v"}
    return _video(_WATCHED.fullmatch(videos.pop())) if len(videos) == 1 else ""


def _youtu_be(url: URL) -> str:
    return _video(_YOUTU_BE.fullmatch(url.pathname))


def _video(found: re.Match[str] | None) -> str:
    return f"https://www.youtube.com/watch?v={found['id']}" if found else ""


def _names(url: URL) -> set[str]:
    return {name for name, _ in parse_qsl(url.search[1:], keep_blank_values=True)}


_READERS: Final[Mapping[str, Callable[[URL], str]]] = MappingProxyType(
    {
        **dict.fromkeys(("arxiv.org", "export.arxiv.org", "browse.arxiv.org", "lanl.arxiv.org"), _arxiv),
        "ar5iv.labs.arxiv.org": _arxiv,  # every paper as HTML
        # Its mirrors of old, which lead to it now.
        **dict.fromkeys(
            ("xxx.lanl.gov", "cn.arxiv.org", "de.arxiv.org", "es.arxiv.org", "fr.arxiv.org", "uk.arxiv.org"), _arxiv
        ),
        **dict.fromkeys(("doi.org", "dx.doi.org", "hdl.handle.net"), _doi),
        **dict.fromkeys(("pubmed.ncbi.nlm.nih.gov", "pubmed.gov"), _pubmed),
        "ncbi.nlm.nih.gov": _ncbi,
        "pmc.ncbi.nlm.nih.gov": _pmc,
        **dict.fromkeys(("youtube.com", "m.youtube.com", "music.youtube.com", "gaming.youtube.com"), _youtube),
        "youtube-nocookie.com": _youtube,
        "youtu.be": _youtu_be,
    }
)
_OF_PAPERS: Final = frozenset(host for host, read in _READERS.items() if read not in (_youtube, _youtu_be))
