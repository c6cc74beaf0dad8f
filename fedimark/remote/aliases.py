"""PURE. Whether a page is another one by its own word, from how it was found and what it says.

Three things are a page's own word: that it moved for ever (301, 308), its rel=canonical, both within one registrable
domain, and whatever a shortener leads to, which holds nothing of its own. What is said for now is no word: a login, a
question for consent or a language is where somebody is sent, not what the page is. (RFC 9110 §15.4, RFC 6596)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from urllib.parse import parse_qsl, unquote

from ada_url import URL

from fedimark.remote.sites import registrable_domain
from fedimark.text.urls import federable, is_secret_looking
from fedimark.text.works import page_of

REDIRECT, CANONICAL, SHORT = "redirect", "canonical", "short"
"""Why a page is another: how it is kept with the link."""

SHORTENERS: Final = frozenset(
    # Hosts that hold nothing but redirects, so one of theirs may lead to another site.
    """
    a.co amzn.to apne.ws aka.ms apple.co bbc.in bit.ly bloom.bg buff.ly cnn.it cutt.ly dlvr.it econ.st fb.me flip.it
    g.co git.io goo.gl hubs.la hubs.ly ift.tt is.gd j.mp lnkd.in n.pr nyti.ms ow.ly politi.co rb.gy rebrand.ly redd.it
    reut.rs s.id shorturl.at spoti.fi t.co t.ly tcrn.ch theatln.tc tiny.cc tinyurl.com trib.al v.gd w.wiki wapo.st wp.me
    x.gd youtu.be
    """.split()  # noqa: SIM905 - reads better than fifty quotes
)

_FOR_EVER: Final = frozenset({301, 308})
_MOVED: Final = frozenset({301, 302, 303, 307, 308})

# The whole site, not one of its pages: its root, in some language, or by the name of its file.
_ROOT = re.compile(r"/(?:[a-z]{2}(?:[-_][a-z]{2})?)?/?(?:(?:index|home|default)(?:\.[a-z]{3,5})?/?)?", re.IGNORECASE)
# A page that stands between somebody and what they wanted, by a segment of its path or the first label of its host.
_BETWEEN: Final = frozenset(
    """
    404 403 410 500 access-denied account accounts age-check age-gate age-verification auth authenticate
    authwall blocked captcha cdn-cgi challenge checkpoint consent cookie-consent cookie-policy cookies denied
    error errors forbidden gdpr geoblock guce interstitial join log-in log_in login logon maintenance not-found
    not_found notfound oauth oauth2 oops page-not-found pagenotfound passport paywall privacy-gate register saml
    session sessions sign-in sign-up sign_in sign_up signin signup sorry splash sso subscribe suspended
    unavailable unsupported unsupported-browser validate verify wp-login
    """.split()  # noqa: SIM905
)
# Of these, what pages are about as well: whoever was asked below such a segment was sent into no such page.
_SUBJECTS: Final = frozenset(
    """
    403 404 410 500 blocked cookies denied error errors forbidden join maintenance oops session sessions sorry
    splash subscribe suspended unavailable unsupported validate verify
    """.split()  # noqa: SIM905
)
# The same within a few words, as in `/account-login` and `/cookie_consent`; headlines are longer.
_BETWEEN_WORDS: Final = frozenset(
    {"404", "authwall", "captcha", "consent", "login", "logon", "paywall", "signin", "sso"}
)
_FEW = 3
_BREAK = re.compile("[-_.]")
_ENDING = re.compile(r"\.[a-z0-9]{1,5}$")
# Where somebody comes from, which only a page in between has to know.
_WAY_BACK: Final = frozenset(
    """
    backurl callback continue dest destination forward goto next redir redirect redirect_to redirect_uri
    redirect_url redirecturl return return_to return_url returnto returnurl service target_url
    """.split()  # noqa: SIM905
)
# What chooses among things under one path: a page that lost it is the list of them all, or the first.
_CHOOSING: Final = frozenset(
    """
    article cat category doc file hl id issue item lang locale name offset p page paged pg pid post q query s
    search section sid sort start story t tab tag thread tid title topic v version video
    """.split()  # noqa: SIM905
)
# What asks for what one sees anyway.
_FIRST: Final = (("page", "1"), ("paged", "1"), ("pg", "1"), ("offset", "0"), ("start", "0"))
_FURTHER = re.compile(r"/pages?[/-]?\d+/?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hop:
    """An address that was asked, and the status it answered; all but the last led on to the next."""

    url: str
    status: int


@dataclass(frozen=True, slots=True)
class Alias:
    """The page that another one is, and why."""

    page: str
    why: str


@dataclass(frozen=True, slots=True)
class Word:
    """A page's own word: which it is, if it is another; the last hop's page is where a title would belong.

    `is_plain` is False for what was answered for now only, and says nothing: what was known before holds still.
    `found` is the page whose words were read, None where that is somebody else's, or one in between.
    """

    alias: Alias | None
    found: str | None
    is_plain: bool


def word_of(page: str, hops: Sequence[Hop], canonicals: Collection[str]) -> Word:
    """What a page said of itself, asked at its own address and followed from there.

    `page` is as text.works.page_of; `canonicals` are absolute addresses. Of several different ones none is believed.
    """
    alias: Alias | None = None
    at = page
    for left, reached in pairwise(hops):
        target = page_of(reached.url)
        if target == page_of(left.url):
            continue
        why = _led_on(left, reached)
        if not why or not _may_be(target, at, why):
            # For ever on another site is a word, though nobody is joined by it. To be sent to a root, or to a login, is
            # what comes of a page that is not there.
            return Word(alias, None, is_plain=not why and left.status in _FOR_EVER)
        at = target
        alias = Alias(at, why) if at != page else None
    named = {page_of(each) for each in canonicals}
    target = named.pop() if len(named) == 1 else at
    is_open = not any(is_secret_looking(each) for each in canonicals)
    if target != at and is_open and _is_one_site(hops[-1].url, target) and _may_be(target, at, CANONICAL):
        alias = Alias(target, CANONICAL) if target != page else None
    return Word(alias, at, is_plain=True)


def _led_on(left: Hop, reached: Hop) -> str:
    """Why a redirect is a page's own word, empty where it is none."""
    if left.status in _MOVED and _host(left.url) in SHORTENERS:
        return SHORT
    return REDIRECT if left.status in _FOR_EVER and _is_one_site(left.url, reached.url) else ""


def _may_be(target: str, source: str, why: str) -> bool:
    """Whether a page may be joined with another at all, whatever it says."""
    if not federable(target) or is_secret_looking(target) is not None or "#" in target:
        return False
    to = URL(target)
    if (_ROOT.fullmatch(to.pathname) and not to.search) or _stands_between(to, URL(source)):
        return False
    return why == SHORT or not _lost_its_choice(URL(source), to)


def _segments(url: URL) -> list[str]:
    return [_ENDING.sub("", unquote(each).lower()) for each in url.pathname.split("/")]


def _stands_between(url: URL, source: URL) -> bool:
    segments = _segments(url)
    subjects = _SUBJECTS.intersection(_segments(source))
    if not (_BETWEEN - subjects).isdisjoint([*segments, url.hostname.partition(".")[0]]):
        return True
    words = (_BREAK.split(each) for each in segments)
    if any(len(each) <= _FEW and not _BETWEEN_WORDS.isdisjoint(each) for each in words):
        return True
    return not _WAY_BACK.isdisjoint(name.lower() for name, _ in parse_qsl(url.search[1:], keep_blank_values=True))


def _lost_its_choice(source: URL, target: URL) -> bool:
    """Whether the second page of a list says it is the first, or one of many that it is all of them."""
    if _FURTHER.search(source.pathname) and not _FURTHER.search(target.pathname):
        return True
    if source.pathname.rstrip("/") != target.pathname.rstrip("/"):
        return False
    kept = {*parse_qsl(target.search[1:], keep_blank_values=True), *_FIRST}
    asked = parse_qsl(source.search[1:], keep_blank_values=True)
    return any(name.lower() in _CHOOSING and (name, value) not in kept for name, value in asked)


def _is_one_site(one: str, other: str) -> bool:
    site = registrable_domain(one)
    return bool(site) and site == registrable_domain(other)


def _host(url: str) -> str:
    try:
        host: str = URL(url).hostname
    except ValueError:
        return ""
    return host.removeprefix("www.").rstrip(".")
