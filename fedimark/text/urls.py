"""PURE. Addresses of pages: which we store, as given, and which of them are the same page.

The canonical URL only merges entries; what a person saved is kept, exported and linked exactly as given.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import string
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

from ada_url import URL, HostType

from fedimark.language.said import _
from fedimark.text.trackers import is_tracker

CANONICAL_VERSION: Final = 4
URL_LIMIT: Final = 8_000
LINK_SCHEMES: Final = frozenset({"http", "https", "javascript", "mailto", "ftp", "file"})

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_FEED = re.compile(r"feed:(?=//|https?://)", re.IGNORECASE)
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACE = re.compile(r"\s")
_PORT_FIRST = re.compile(r"\d+(?:[/?#]|\Z)")
_WEB_HOST = re.compile(r"(?:https?|ftp)://[^/?#\\]+(?:[/?#]|\Z)", re.IGNORECASE)

_KEYS: Final = frozenset(
    {"token", "key", "sig", "signature", "password", "passwd", "secret", "code", "auth"}
    | {"access_token", "api_key", "apikey", "session"}
)
_KEY_PREFIXES: Final = ("x-amz-", "x-goog-")
_PRIVATE_ZONES: Final = (
    *(".local", ".localhost", ".internal", ".intranet", ".lan", ".home", ".corp", ".private"),
    ".home.arpa",
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_ON_PRIVATE_NETWORK: Final = "its host is on a private network"
_SECRET_WORD = re.compile(r"(?:secret|private|token|apikey|api_key)", re.IGNORECASE)
_RUN = re.compile("[A-Za-z0-9]{8,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BETWEEN_PAIRS = re.compile("[&;?]")
# Nine addresses of ten: no user, no port, no number for a host, nothing that a parser could stumble over.
_PLAIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(?:[/?#][!#-&(-;=?-_a-z~]*+)?", re.ASCII
)
# Of these, those that a parser would give back as they are: no dots to go up by, nothing escaped, no fragment.
_HOST = r"((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})"
_STEP = r"/(?!\.\.?(?:[/?]|\Z))[A-Za-z0-9._~!$&()*+,;=:@-]*+"
_USUAL = re.compile(rf"https?://{_HOST}((?:{_STEP})*+)(?:\?([A-Za-z0-9._~!$&()*+,;=:@/?-]*+))?", re.ASCII)
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_SPELLED = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*+"
_STRICT = re.compile(
    rf"https?://(?:[^/?#\[\]@]++@)?(?:\[[0-9a-f:.]++\](?::\d+)?|[^/?#\[\]@]++)/{_SPELLED}(?:#{_SPELLED})?"
)
# What Java's servers write into every address of whoever refuses their cookie.
_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
# What needs no escape and means the same with one: RFC 3986's unreserved characters, and the marks that RFC 2396
# counted among them, as in `/wiki/Mercury_(planet)`. An apostrophe in a query is always escaped by the WHATWG's rules.
_PLAIN_IN_QUERY: Final = frozenset(f"{string.ascii_letters}{string.digits}-._~!*()")
_PLAIN_IN_PATH: Final = _PLAIN_IN_QUERY | {"'"}


class BadUrl(ValueError):
    """A URL nobody can save; `message` is fit to stand beside a form field."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def check(raw: str) -> str:
    """Return the URL exactly as given, without the white space around it; `feed:` becomes http(s).

    Raises BadUrl. Nothing is normalised: Pinboard's `hash` is the md5 of these very characters.
    """
    if _is_plain(raw):
        return raw
    url = _without_feed(raw.strip())
    if not url:
        raise BadUrl(_("Give the address of a page."))
    if len(url) > URL_LIMIT:
        raise BadUrl(_("This address is longer than %(most)s characters.", most=URL_LIMIT))
    if _UNFIT.search(url):
        raise BadUrl(_("This address holds characters that no address can hold."))
    scheme = _allowed_scheme(url)
    # Bookmarklets are programs, and programs hold spaces; in every other address one means a slip.
    if scheme != "javascript" and _SPACE.search(url):
        raise BadUrl(_("An address cannot hold white space: write %20 for a space inside it."))
    if scheme in {"http", "https", "ftp"} and not _WEB_HOST.match(url):
        raise BadUrl(_("This address names no host: it should begin like %(scheme)s://example.org/.", scheme=scheme))
    parsed = _parse(url)
    if parsed is None or (scheme in {"http", "https", "ftp"} and not parsed.hostname.strip(".")):
        raise BadUrl(_("This is not an address a browser could open."))
    return url


def canonical(url: str) -> str:
    """Return canonical v4: one spelling for all addresses of one page; the vectors in tests/pure define it.

    What is not http(s) becomes its WHATWG href; what cannot be parsed stays. Idempotent; raises nothing. (RFC 3986 §6)
    """
    if (usual := _usual(url)) is not None:
        host, path, query = usual.groups()
        path = _SESSION.sub("", path) if ";" in path else path
        return f"https://{host}{path or '/'}{_untracked(f'?{query}', host, path or '/') if query else ''}"
    parsed = _parse(url)
    if parsed is None:
        return url
    if parsed.protocol not in {"http:", "https:"}:
        return parsed.href
    # http on a port of its own keeps the port: only the scheme is taken for a detail.
    port = "" if parsed.port in {"", "443"} else f":{parsed.port}"
    # Behind `:~:` stands what a browser marks on the page, and no page ever sees it.
    fragment = parsed.hash.partition(":~:")[0] if parsed.hash.startswith(("#!", "#/")) else ""
    host, path = _undotted(parsed.hostname), _SESSION.sub("", _unescaped(parsed.pathname, _PLAIN_IN_PATH))
    return f"https://{host}{port}{path}{_untracked(parsed.search, host, path)}{fragment}"


def link_hash(canonical_url: str) -> str:
    """Return the 40 hex digits by which this server addresses a page: the head of SHA-256."""
    return hashlib.sha256(canonical_url.encode()).hexdigest()[:40]


def md5(url: str) -> str:
    """Return Pinboard's `hash`: the md5 of the URL as stored, in hex. It names, it protects nothing."""
    return hashlib.md5(url.encode(), usedforsecurity=False).hexdigest()


def host_of(url: str) -> str:
    """Return the host to show beside a title, without `www.` and port; empty when there is none.

    Punycode stays punycode: letters that only look like others must not.
    """
    host = usual_host(url)
    if not host:
        parsed = _parse(url)
        if parsed is None:
            return ""
        host = str(parsed.hostname).rstrip(".")
    bare = host.removeprefix("www.")
    return bare if "." in bare else host


def strict(url: str) -> str:
    """Return a web address as RFC 3986 spells it, for readers that take no other; empty where none means the same.

    A percent sign that escapes nothing, or a bracket in a path, cannot be spelled otherwise without meaning another.
    """
    parsed = _parse(url)
    href: str = parsed.href if parsed is not None else ""
    return href if _STRICT.fullmatch(href) else ""


def usual_host(url: str) -> str:
    """Return the host of an address of the usual kind, which needs no parser; empty for all others."""
    usual = _usual(url)
    return usual[1] if usual is not None else ""


def federable(url: str) -> bool:
    """Tell whether other servers may hear of this URL: http and https only."""
    if _usual(url) is not None:
        return True
    parsed = _parse(url)
    return parsed is not None and parsed.protocol in {"http:", "https:"}


def is_secret_looking(url: str) -> str | None:
    """Say why a URL had better stay private and never be fetched, or None when it looks public.

    Reads the fragment's keys too: that is where OAuth leaves its tokens. Resolves no name.
    """
    if _is_plain(url):
        head, _, fragment = url.partition("#")
        before, _, query = head.partition("?")
        if before.split("/", 3)[2].endswith(_PRIVATE_ZONES):
            return _ON_PRIVATE_NETWORK
        return _key_in(query, fragment) if query or fragment else None
    parsed = _parse(url)
    if parsed is None:
        return None
    if parsed.protocol == "file:":
        return "it is a file on somebody's own machine"
    if parsed.protocol not in {"http:", "https:", "ftp:"}:
        return None
    if parsed.username or parsed.password:
        return "it carries a user name or password"
    if _is_private_host(parsed.hostname, parsed.host_type):
        return _ON_PRIVATE_NETWORK
    return _key_in(parsed.search[1:], parsed.hash[1:])


def _key_in(query: str, fragment: str) -> str | None:
    for pair in _BETWEEN_PAIRS.split(f"{query}&{fragment}"):
        name = pair.partition("=")[0].lower()
        if "%" in name or "+" in name:
            name = unquote_plus(name).lower()
        if name in _KEYS or name.startswith(_KEY_PREFIXES):
            return f"it carries “{name[:40]}”, which may open a door"
    return None


@lru_cache(maxsize=256)
def _is_plain(url: str) -> bool:
    return len(url) <= URL_LIMIT and _PLAIN.fullmatch(url) is not None and "xn--" not in url


@lru_cache(maxsize=256)
def _usual(url: str) -> re.Match[str] | None:
    # A parser takes ten times as long as this, and an import asks for thousands.
    return _USUAL.fullmatch(url) if "xn--" not in url else None


def looks_keyed(url: str) -> bool:
    """Tell whether some part of an address could be what keeps its page from everybody: a feed's key, for instance.

    Also true for what only looks so, as many ids do: `/secret:…/`, `?key=`, long runs of letters and digits.
    """
    parsed = _parse(url)
    if parsed is None or is_secret_looking(url) is not None:
        return True
    said = unquote_plus(f"{parsed.hostname} {parsed.pathname} {parsed.search} {parsed.hash}")
    if _SECRET_WORD.search(said):
        return True
    return any(_is_mixed(run) for run in _RUN.findall(_UUID.sub("0a" * 8, said)))


def _is_mixed(run: str) -> bool:
    """Whether letters and digits stand in one run, or letters of no word: many small among many capital ones."""
    letters = [character for character in run if character.isalpha()]
    capitals = sum(character.isupper() for character in letters)
    has_digits = len(letters) < len(run)
    return (has_digits and bool(letters)) or (not letters and len(run) >= 20) or 4 <= capitals <= len(letters) - 4


@lru_cache(maxsize=256)  # one address is looked at from several sides
def _parse(url: str) -> URL | None:
    try:
        return URL(url)
    except ValueError:  # lone surrogates too: UnicodeEncodeError is one
        return None


def _without_feed(url: str) -> str:
    rest = _FEED.sub("", url, count=1) if _FEED.match(url) else url
    return f"http:{rest}" if rest is not url and rest.startswith("//") else rest


def _allowed_scheme(url: str) -> str:
    found = _SCHEME.match(url)
    rest = url[found.end() :] if found else ""
    scheme = found[1].lower() if found else ""
    if scheme in LINK_SCHEMES:
        if not rest:
            raise BadUrl(_("Nothing follows %(scheme)s: in this address.", scheme=scheme))
        return scheme
    # `example.org:8080/page` begins like a scheme, and means a host and its port.
    if not found or "." in scheme or _PORT_FIRST.match(rest):
        shown = url if len(url) <= 60 else f"{url[:60]}…"
        raise BadUrl(_("This address has no scheme: did you mean https://%(rest)s?", rest=shown.lstrip("/")))
    raise BadUrl(
        _(
            "Addresses beginning %(scheme)s: cannot be saved, only http, https, javascript, mailto, ftp and file.",
            scheme=scheme[:30],
        )
    )


def _undotted(host: str) -> str:
    if not host.endswith("."):
        return host
    # Without its dots a name may turn out to be a number, so it is read again: `1..` is 0.0.0.1.
    again = _parse(f"https://{host.rstrip('.')}/")
    return again.hostname if again is not None else host


def _untracked(search: str, host: str, path: str) -> str:
    """A query without trackers and without pairs that are empty; what is left keeps its order."""
    kept = []
    for pair in search[1:].split("&"):
        name, _, value = pair.partition("=")
        if pair and not is_tracker(unquote_plus(name), unquote_plus(value), host, path):
            kept.append(_unescaped(pair, _PLAIN_IN_QUERY))
    return f"?{'&'.join(kept)}" if kept else ""


def _unescaped(part: str, plain: frozenset[str]) -> str:
    """A part of an address without escapes that mean nothing, the others in capital letters."""
    # Where some percent sign escapes nothing, taking others away could make it escape something.
    if "%" not in part or _STRAY_PERCENT.search(part):
        return part
    return _ESCAPE.sub(lambda found: _character(found[0], plain), part)


def _character(escape: str, plain: frozenset[str]) -> str:
    meant = chr(int(escape[1:], 16))
    return meant if meant in plain else escape.upper()


def _is_private_host(hostname: str, kind: HostType) -> bool:
    if kind != HostType.DEFAULT:
        return _is_private_address(hostname.strip("[]"))
    host = hostname.rstrip(".")
    return "." not in host or host.endswith(_PRIVATE_ZONES)


def _is_private_address(literal: str) -> bool:
    address = ipaddress.ip_address(literal)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return not inner.is_global or inner.is_multicast
    return not address.is_global or address.is_multicast
