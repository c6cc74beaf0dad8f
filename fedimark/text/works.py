"""PURE. Addresses that are one work though they are several pages: papers, videos, and where short addresses lead.

Canonical addresses go in and come out. What is not known for certain stays itself: two pages that are taken for one
are worse than one page taken for two. (A page's own rel=canonical and permanent redirects are looked at elsewhere.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from ada_url import URL

from fedimark.text.urls import CANONICAL_VERSION, canonical

PAGES_VERSION: Final = 100 * CANONICAL_VERSION + 1
"""Raised with every change of what is one page: bookmarks saved before move to where they belong now."""

SHORTENERS: Final = frozenset(
    # Hosts that hold nothing but redirects, so one of theirs may lead to another site.
    """
    bit.ly buff.ly cutt.ly dlvr.it fb.me goo.gl ift.tt is.gd j.mp lnkd.in ow.ly rb.gy rebrand.ly redd.it s.id
    shorturl.at t.co t.ly tiny.cc tinyurl.com trib.al v.gd w.wiki wp.me x.gd youtu.be
    """.split()  # noqa: SIM905 - reads better than thirty quotes
)

_ARXIV_ID = r"(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})"
_ARXIV = re.compile(rf"/(?:abs|pdf|html|format|ps)/{_ARXIV_ID}(?:v\d+)?(?:\.pdf)?/?")
_DOI = re.compile(r"/(?P<id>10\.\d{4,9}/\S+)")
_PUBMED = re.compile(r"/(?P<id>\d{1,9})/?")
_OLD_PUBMED = re.compile(r"/pubmed/(?P<id>\d{1,9})/?")
# Two words of YouTube itself are as long as an id.
_VIDEO_ID = r"(?P<id>(?!live_stream|videoseries)[A-Za-z0-9_-]{11})"
_YOUTU_BE = re.compile(rf"/{_VIDEO_ID}/?")
_VIDEO_PATH = re.compile(rf"/(?:shorts|embed|live|v)/{_VIDEO_ID}/?")
_WATCHED = re.compile(rf"[?&]v={_VIDEO_ID}(?=&|$)")
_LIST = re.compile(r"[?&](?:list|playlist|channel)=")


def page_of(url: str) -> str:
    """Return the address under which all saves of a page meet, for an address as somebody gave it."""
    return work_of(canonical(url))


def work_of(address: str) -> str:
    """Return the canonical address of the work that a canonical address is of: itself where nothing is known.

    Knows arXiv (abstract, PDF, HTML, every version), DOI, PubMed and YouTube. Idempotent; raises nothing.
    """
    try:
        url = URL(address)
    except ValueError:
        return address
    read = _READERS.get(url.hostname.removeprefix("www."))
    if url.protocol != "https:" or url.port or read is None:
        return address
    return read(url) or address


def _arxiv(url: URL) -> str:
    found = _ARXIV.fullmatch(url.pathname)
    return f"https://arxiv.org/abs/{found['id']}" if found and not url.search else ""


def _doi(url: URL) -> str:
    found = _DOI.fullmatch(unquote(url.pathname))
    # A DOI is the same in small and capital letters. (ISO 26324)
    lower = url.pathname.lower()
    return f"https://doi.org{lower}" if found and not url.search else ""


def _pubmed(url: URL) -> str:
    found = _PUBMED.fullmatch(url.pathname)
    return _paper(found) if not url.search else ""


def _old_pubmed(url: URL) -> str:
    found = _OLD_PUBMED.fullmatch(url.pathname)
    return _paper(found) if not url.search else ""


def _paper(found: re.Match[str] | None) -> str:
    return f"https://pubmed.ncbi.nlm.nih.gov/{found['id']}/" if found else ""


def _youtube(url: URL) -> str:
    if _LIST.search(url.search):
        return ""  # a place in somebody's list is more than the video
    found = _WATCHED.search(url.search) if url.pathname == "/watch" else _VIDEO_PATH.fullmatch(url.pathname)
    return _video(found)


def _youtu_be(url: URL) -> str:
    return "" if _LIST.search(url.search) else _video(_YOUTU_BE.fullmatch(url.pathname))


def _video(found: re.Match[str] | None) -> str:
    return f"https://www.youtube.com/watch?v={found['id']}" if found else ""


_READERS: Final[Mapping[str, Callable[[URL], str]]] = MappingProxyType(
    {
        **dict.fromkeys(("arxiv.org", "export.arxiv.org"), _arxiv),
        **dict.fromkeys(("doi.org", "dx.doi.org"), _doi),
        "pubmed.ncbi.nlm.nih.gov": _pubmed,
        "ncbi.nlm.nih.gov": _old_pubmed,
        **dict.fromkeys(("youtube.com", "m.youtube.com", "music.youtube.com", "youtube-nocookie.com"), _youtube),
        "youtu.be": _youtu_be,
    }
)
