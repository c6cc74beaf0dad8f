"""PURE. Tolerant reading: the many shapes other servers give one fact, brought to one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from fedimark.vocab.terms import AS, PUBLIC, PUBLIC_SPELLINGS, Doc

DEEPEST = 32
LONGEST_ID = 2_048
LONGEST_NAME = 2_048
MOST_RECIPIENTS = 1_000

_QUOTES = "https://w3id.org/fep/044f#"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# An unclosed string runs to the end, so that no start is tried twice and time stays linear.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WEB_URL = re.compile(
    r"https?://[^\x00-\x20\x7f-\xa0\ud800-\udfff/?#@\\]+(?:[/?#][^\x00-\x20\x7f-\xa0\ud800-\udfff]*)?", re.IGNORECASE
)
# Most are such: nothing about their host and port is left to doubt.
_USUAL_URL = re.compile(
    r"https?://[a-z0-9.-]+(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?(?:[/?#][^\x00-\x20\x7f-\xa0\ud800-\udfff]*)?",
    re.IGNORECASE | re.ASCII,
)
_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,18}))?)?"
    r"(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2}))"
)


class Unreadable(ValueError):
    """A document we cannot take; `reason` is a fixed word for logs and answers, never the sender's text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def loads(body: bytes) -> Doc:
    """Read a JSON object from UTF-8, at most 32 levels deep, in time linear in its length.

    Raises Unreadable for anything else, and for what two readers would read differently or no database can hold:
    a key given twice, NaN and Infinity, numbers beyond double precision, lone surrogates, NUL.
    """
    if is_too_deep(body):
        raise Unreadable("too-deep")
    try:
        doc = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable("not-json") from error
    if not isinstance(doc, dict):
        raise Unreadable("not-an-object")
    if has_odd_escapes(body):
        _check_strings(doc)
    return doc


def is_too_deep(body: bytes) -> bool:
    """Whether JSON is nested more than 32 levels deep, in time linear in its length."""
    return body.count(b"[") + body.count(b"{") > DEEPEST and _depth(body) > DEEPEST


def has_odd_escapes(body: bytes) -> bool:
    """Whether JSON may hold NUL or half a surrogate pair, which no database can hold."""
    return b"\\u" in body and _SUSPECT_ESCAPE.search(body) is not None


def field(doc: Doc, name: str) -> object:
    """`doc[name]`, or `doc["@name"]` as JSON-LD spells it; None when absent. Raises Unreadable when they differ."""
    plain, expanded = doc.get(name), doc.get(f"@{name}")
    if plain is not None and expanded is not None and plain != expanded:
        raise Unreadable(name)
    return expanded if plain is None else plain


def types(doc: Doc) -> tuple[str, ...]:
    """The types of a document without their namespace: `as:Note` and its full IRI are `Note`. At most eight."""
    value = field(doc, "type")
    # As nearly all write it: one word, in no namespace.
    if type(value) is str and ":" not in value and len(value) <= LONGEST_ID:
        return (value,)
    names = value if isinstance(value, list) else [value]
    return tuple(
        name.removeprefix(f"{AS}#").removeprefix("as:").removeprefix(_QUOTES)
        for name in names[:8]
        if isinstance(name, str) and len(name) <= LONGEST_ID
    )


def one_type(doc: Doc, known: Iterable[str]) -> str | None:
    """The one type of `doc` that is among `known`, or None. Raises Unreadable when several are: it means two things."""
    said = types(doc)
    if len(said) == 1:
        return said[0] if said[0] in known else None
    found = {name for name in said if name in known}
    if len(found) > 1:
        raise Unreadable("type")
    return found.pop() if found else None


def own_id(doc: Doc) -> str | None:
    """The id of a document, None when it has none. Raises Unreadable unless it is a short http(s) URL."""
    value = field(doc, "id")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST_ID or not is_web_url(value):
        raise Unreadable("id")
    return value


def ids(value: object, most: int = MOST_RECIPIENTS) -> tuple[str, ...]:
    """The ids in a string, an object, or a list of them, in order and each once; what has no id is passed over.

    Raises Unreadable for more than `most` or for one over 2,048 characters: cutting could change who is addressed.
    """
    if value is None:
        return ()
    if type(value) is str and 0 < len(value) <= LONGEST_ID:
        return (value,)
    values = value if isinstance(value, list | tuple) else (value,)
    if len(values) > most:
        raise Unreadable("too-many")
    found: dict[str, None] = {}
    for each in values:
        said = (field(each, "id") or each.get("href")) if isinstance(each, dict) else each
        if not isinstance(said, str) or not said:
            continue
        if len(said) > LONGEST_ID:
            raise Unreadable("too-long")
        found[said] = None
    return tuple(found)


def one_id(value: object) -> str | None:
    """The one http(s) id that `value` names, None when it names none. Raises Unreadable for two, or another scheme."""
    found = ids(value)
    if not found:
        return None
    if len(found) > 1 or not is_web_url(found[0]):
        raise Unreadable("id")
    return found[0]


def needed_id(value: object, reason: str) -> str:
    """As `one_id`, but raises Unreadable(reason) where there is none."""
    try:
        found = one_id(value)
    except Unreadable as error:
        raise Unreadable(reason) from error
    if found is None:
        raise Unreadable(reason)
    return found


def recipients(value: object) -> tuple[str, ...]:
    """Who is addressed, at most 1,000; every spelling of Public becomes its full IRI."""
    return tuple(dict.fromkeys(PUBLIC if each in PUBLIC_SPELLINGS else each for each in ids(value)))


def is_public(value: object) -> bool:
    """Whether Public is among the ids in `value`, in any of its three spellings."""
    return PUBLIC in recipients(value)


def is_web_url(value: object) -> bool:
    """Whether `value` is an absolute http(s) URL without user info, white space, control characters or lone surrogates.

    Its host and port are such as can be taken apart: whoever reads the URL later need not fear that.
    """
    if not isinstance(value, str) or len(value) > 8_192:
        return False
    if _USUAL_URL.fullmatch(value) is not None:
        return True
    if _WEB_URL.fullmatch(value) is None:
        return False
    try:
        return urlsplit(value).port != 0
    except ValueError:
        return False


def text(value: object, most: int = LONGEST_NAME) -> str:
    """A string without outer white space, cut to `most` characters; empty for everything else."""
    return value.strip()[:most].strip() if isinstance(value, str) else ""


def mapped_text(doc: Doc, name: str, most: int = LONGEST_NAME) -> str:
    """`doc[name]`, else the first text of its language map `nameMap`."""
    plain = text(doc.get(name), most)
    languages = doc.get(f"{name}Map")
    if plain or not isinstance(languages, dict):
        return plain
    return next((said for said in (text(value, most) for value in languages.values()) if said), "")


def when(value: object) -> int | None:
    """An RFC 3339 time as microseconds since 1970 UTC; None for anything else and outside the years 1970 to 9999.

    Seconds may be missing as ActivityStreams allows, an offset may not. (AS2 Core §2.3)
    """
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, off_hours, off_minutes = match.groups()
    micros = int(((fraction or "") + "000000")[:6])
    offset = timedelta(hours=int(off_hours or 0), minutes=int(off_minutes or 0))
    if offset >= timedelta(days=1):
        return None
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micros, tzinfo=UTC)
        moment = local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        return None
    at = (moment - _EPOCH) // _MICROSECOND
    return at if at >= 0 else None


def url_of(value: object) -> str | None:
    """The page that a `url` means: the first text/html link, else the first href; http(s) only, the first 32."""
    values = value[:32] if isinstance(value, list) else [value]
    links = [(each.get("href"), each.get("mediaType")) if isinstance(each, dict) else (each, None) for each in values]
    web = [
        (href, media_type)
        for href, media_type in links
        if isinstance(href, str) and len(href) <= LONGEST_ID and is_web_url(href)
    ]
    pages = [href for href, media_type in web if media_type == "text/html"]
    return next(iter(pages or [href for href, _ in web]), None)


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > deepest:
            deepest = depth
            if deepest > DEEPEST:
                break
    return deepest


def _object(pairs: list[tuple[str, object]]) -> Doc:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable("key-twice")
    return found


def _no_constant(_: str) -> float:
    raise Unreadable("not-a-number")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Unreadable("not-a-number")
    return number


def _int(digits: str) -> int:
    if len(digits) > 20:
        raise Unreadable("not-a-number")
    return int(digits)


def _check_strings(value: object) -> None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value) is not None:
            raise Unreadable("unstorable-text")
    elif isinstance(value, dict):
        for key, each in value.items():
            _check_strings(key)
            _check_strings(each)
    elif isinstance(value, list):
        for each in value:
            _check_strings(each)
