"""Reading as typed languages do: a document has the shape that a struct names, or it is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Doc = dict[str, Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Refused(Exception):
    """A document this software cannot read; the reason is for whoever reads the test."""


class _Url:
    """An absolute http(s) address."""


class _Time:
    """An RFC 3339 time."""


URL, TIME, ANY = _Url(), _Time(), object()


@dataclass(frozen=True, slots=True)
class Needed:
    """A key that must be there, and not null."""

    shape: Any


@dataclass(frozen=True, slots=True)
class OneOrMany:
    """A value, or a list of such."""

    shape: Any


@dataclass(frozen=True, slots=True)
class Either:
    """The first of these that fits."""

    shapes: tuple[Any, ...]


class Absent:
    """A key that must not be there."""


def check(value: Any, shape: Any, at: str = "") -> None:
    """Return when a value has a shape; raises Refused with the place where it does not.

    A shape is a type, `URL`, `TIME`, `ANY`, a list of one shape, a dict of shapes by key, or one of the classes above.
    Keys that no shape names are passed over; null counts as missing.
    """
    fits = {
        bool: lambda: isinstance(value, bool),
        int: lambda: isinstance(value, int) and not isinstance(value, bool),
        str: lambda: isinstance(value, str),
        URL: lambda: isinstance(value, str) and is_url(value),
        TIME: lambda: isinstance(value, str) and _TIME.fullmatch(value) is not None,
        ANY: lambda: True,
    }
    if isinstance(shape, list):
        _refuse_unless(isinstance(value, list), value, at)
        for number, each in enumerate(value):
            check(each, shape[0], f"{at}[{number}]")
    elif isinstance(shape, dict):
        _refuse_unless(isinstance(value, dict), value, at)
        for key, inner in shape.items():
            _check_key(value, key, inner, at)
    elif isinstance(shape, OneOrMany):
        check(value if isinstance(value, list) else [value], [shape.shape], at)
    elif isinstance(shape, Either):
        _refuse_unless(any(_fits(value, each) for each in shape.shapes), value, at)
    else:
        _refuse_unless(fits[shape](), value, at)


def is_url(value: str) -> bool:
    """Whether this is an absolute http(s) address."""
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not re.search(r"\s", value)


def host_of(url: Any) -> str:
    """The host of an address; empty for what is none."""
    return urlsplit(url).netloc.lower() if isinstance(url, str) else ""


def same_host(*urls: Any) -> None:
    """Refuse addresses that are not all of one host."""
    if len({host_of(url) for url in urls}) > 1:
        raise Refused(f"hosts differ: {urls}")


def id_of(value: Any) -> str:
    """The id that a string or an object names; empty when none."""
    found = value.get("id", "") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def many(value: Any) -> list[Any]:
    """A value as a list: none, one, or several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _check_key(value: Doc, key: str, shape: Any, at: str) -> None:
    where = f"{at}.{key}" if at else key
    said = value.get(key)
    if shape is Absent:
        _refuse_unless(said is None, said, where)
    elif said is None:
        _refuse_unless(not isinstance(shape, Needed), said, where)
    else:
        check(said, shape.shape if isinstance(shape, Needed) else shape, where)


def _fits(value: Any, shape: Any) -> bool:
    try:
        check(value, shape)
    except Refused:
        return False
    return True


def _refuse_unless(fits: bool, value: Any, at: str) -> None:
    if not fits:
        raise Refused(f"{at or 'the document'} is {value!r}"[:300])
