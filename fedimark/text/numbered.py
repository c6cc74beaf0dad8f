"""PURE. Pages that their own site knows by a number or a name, whatever else it writes into their addresses.

Each site leads all of these spellings to one page. Nothing is joined that carries a query, save what is known to change
nothing; and what is not of these shapes stays itself. (text.works has papers and videos.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from ada_url import URL

# A title may stand before a product's number, and how somebody came there, or who is paid for it, behind.
_PRODUCT = re.compile(
    r"/(?:[^/]+/)?(?:dp|gp/product|gp/aw/d|exec/obidos/ASIN|o/ASIN)/(?P<id>[A-Z0-9]{10})(?:/ref=[^/]*|/[\w-]+-2\d)?/?",
    re.ASCII,
)
_CHOSEN_FOR_ONE: Final = frozenset({"th", "psc", "s", "ie", "dchild", "ufe"})
_STORES: Final = (
    *("com", "ca", "co.uk", "de", "fr", "es", "it", "nl", "pl", "se", "ie", "com.be", "com.tr", "in", "co.jp", "sg"),
    *("ae", "sa", "eg", "co.za", "com.mx", "com.br", "com.au"),
)
# Behind a question's title stands one of its answers, which is a place of its own.
_QUESTION = re.compile(
    r"/(?:questions/(?P<id>[1-9]\d*)(?:/(?!\d+/?\Z)[^/]*)?|q/(?P<short>[1-9]\d*)(?:/\d+)?)/?", re.ASCII
)
_ANSWER = re.compile(r"/a/(?P<id>[1-9]\d*)(?:/\d+)?/?", re.ASCII)
_ASKING: Final = ("stackoverflow.com", "serverfault.com", "superuser.com", "askubuntu.com", "mathoverflow.net")
_OF_STACK_EXCHANGE: Final = (
    *("math", "physics", "stats", "unix", "tex", "english", "security", "softwareengineering", "electronics", "gaming"),
    *("cs", "cstheory", "dba", "apple", "android", "travel", "history", "philosophy", "scifi", "academia", "workplace"),
    *("ux", "gis", "codegolf", "codereview", "mathematica", "datascience", "ai", "crypto", "bicycles", "cooking"),
)
_REPOSITORY = re.compile(r"/(?P<who>[A-Za-z0-9-]+)/(?P<what>[\w.-]+?)(?:\.git)*/?", re.ASCII)
_THREAD = re.compile(r"/r/(?P<where>\w+)/comments/(?P<id>[a-z0-9]+)(?:/[^/]*)?/?", re.ASCII)
_HEARD = re.compile(
    r"(?:/intl-[a-z]{2}(?:-[a-z]{2,4})?)?/(?P<id>(?:track|album|artist|playlist|episode|show)/[A-Za-z0-9]+)/?", re.ASCII
)
_LETTER = re.compile(r"/pub/(?P<who>[a-z0-9-]+)/p/(?P<what>[\w-]+)/?", re.ASCII)


def _product(url: URL) -> str:
    named = {name for name, _ in parse_qsl(url.search[1:], keep_blank_values=True)}
    found = _PRODUCT.fullmatch(url.pathname) if named <= _CHOSEN_FOR_ONE else None
    return f"https://www.{_bare(url)}/dp/{found['id']}" if found else ""


def _question(url: URL) -> str:
    if url.search:
        return ""
    if answer := _ANSWER.fullmatch(url.pathname):
        return f"https://{_bare(url)}/a/{answer['id']}"
    found = _QUESTION.fullmatch(url.pathname)
    return f"https://{_bare(url)}/questions/{found['id'] or found['short']}" if found else ""


def _repository(url: URL) -> str:
    found = _REPOSITORY.fullmatch(url.pathname) if not url.search else None
    return f"https://github.com/{found['who']}/{found['what']}" if found else ""


def _thread(url: URL) -> str:
    found = _THREAD.fullmatch(url.pathname) if not url.search else None
    return f"https://www.reddit.com/r/{found['where'].lower()}/comments/{found['id']}/" if found else ""


def _heard(url: URL) -> str:
    found = _HEARD.fullmatch(url.pathname) if not url.search else None
    return f"https://open.spotify.com/{found['id']}" if found else ""


def _letter(url: URL) -> str:
    found = _LETTER.fullmatch(url.pathname) if not url.search else None
    return f"https://{found['who']}.substack.com/p/{found['what']}" if found else ""


def _bare(url: URL) -> str:
    host: str = url.hostname
    return host.removeprefix("www.")


NUMBERED: Final[Mapping[str, Callable[[URL], str]]] = MappingProxyType(
    {
        **dict.fromkeys((f"amazon.{store}" for store in _STORES), _product),
        **dict.fromkeys(_ASKING, _question),
        **dict.fromkeys((f"{site}.stackexchange.com" for site in _OF_STACK_EXCHANGE), _question),
        "github.com": _repository,
        "reddit.com": _thread,
        "open.spotify.com": _heard,
        "open.substack.com": _letter,
    }
)
"""Who reads the addresses of a host, without its `www.`: an address is answered, or nothing where none is known."""
