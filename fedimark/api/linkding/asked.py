"""What a client of linkding asked: pages, filters and fields, read tolerantly as the original reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from fedimark.database import Row
from fedimark.doorway.forms import SentForm, read_form
from fedimark.errors import Malformed, NotFound, Refused, TooLarge, WrongType
from fedimark.here import MICROS, here

USUAL: Final = 100  # a page, where nothing is said; there is no most
_MOST: Final = 2**31 - 1
_TRUE: Final = frozenset({"t", "true", "y", "yes", "on", "1"})
_FALSE: Final = frozenset({"f", "false", "n", "no", "off", "0"})
_FORMS: Final = (b"application/x-www-form-urlencoded", b"multipart/form-data")
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_NO_MOMENT: Final = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
SORTS: Final = ("added_asc", "added_desc", "modified_asc", "modified_desc", "title_asc", "title_desc")

Fields = Mapping[str, Any]
"""What was sent, by name: values of JSON, or texts of a form (of `tag_names` all of them)."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list is asked for."""

    limit: int = USUAL
    offset: int = 0

    @classmethod
    def of(cls, request: Request) -> Slice:
        """As a query says it; what is no number is not said."""
        query = request.query_params
        return cls(_number(query.get("limit", "")) or USUAL, _number(query.get("offset", "")))

    def around(self, request: Request, count: int) -> tuple[str | None, str | None]:
        """The addresses of the next and of the previous part, None at an end."""
        after, before = self.offset + self.limit, self.offset - self.limit
        following = _address(request, limit=self.limit, offset=after) if after < count else None
        preceding = _address(request, limit=self.limit, offset=before) if self.offset else None
        return following, preceding


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list of bookmarks. Moments are microseconds since 1970; `bundle` is a row of the asker's."""

    q: str = ""
    unread: bool | None = None
    shared: bool | None = None
    sort: str = "added_desc"
    added_since: int | None = None
    modified_since: int | None = None
    bundle: Row | None = None
    user: str = ""

    @classmethod
    def of(cls, request: Request, bundle: Row | None = None) -> Filters:
        """As a query says it; a word that means nothing filters nothing."""
        query = request.query_params
        sort = query.get("sort", "")
        states = {"yes": True, "no": False}
        return cls(
            q=query.get("q", ""),
            unread=states.get(query.get("unread", "")),
            shared=states.get(query.get("shared", "")),
            sort=sort if sort in SORTS else "added_desc",
            added_since=_since(query.get("added_since", "")),
            modified_since=_since(query.get("modified_since", "")),
            bundle=bundle,
            user=query.get("user", ""),
        )


async def read_fields(request: Request) -> Fields:
    """The fields of a body: JSON or a form; of an empty one none, whatever it calls itself.

    Raises Malformed, Refused (JSON, but not an object), WrongType or TooLarge.
    """
    kind, _ = parse_options_header(request.headers.get("content-type"))
    if kind in _FORMS:
        return fields_of(await read_form(request))
    body = await _body(request)
    if not body.strip():
        return {}
    if kind != b"application/json":
        raise WrongType(f'Unsupported media type "{kind.decode("latin-1")[:100]}" in request.')
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("JSON parse error.") from error
    if not isinstance(found, dict):
        raise Refused(f"Invalid data. Expected a dictionary, but got {type(found).__name__}.")
    return found


def fields_of(form: SentForm) -> Fields:
    """The fields of a form; tags may be sent one by one."""
    fields: dict[str, Any] = dict(form)
    if "tag_names" in fields:
        fields["tag_names"] = list(form.every("tag_names"))
    return fields


def text_of(fields: Fields, name: str) -> str | None:
    """A text, None where it was not sent. Raises Refused for the field."""
    if name not in fields:
        return None
    value = fields[name]
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        raise Refused("This field may not be null.", field=name)
    if not isinstance(value, str):
        raise Refused("Not a valid string.", field=name)
    return value


def needed(fields: Fields, name: str) -> str:
    """A text that must be there. Raises Refused for the field."""
    text = text_of(fields, name)
    if text is None:
        raise Refused("This field is required.", field=name)
    if not text.strip():
        raise Refused("This field may not be blank.", field=name)
    return text


def flag_of(fields: Fields, name: str) -> bool | None:
    """Yes or no, None where it was not sent. Raises Refused for the field."""
    if name not in fields:
        return None
    value = fields[name]
    if value is None:
        raise Refused("This field may not be null.", field=name)
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    if word not in _TRUE | _FALSE:
        raise Refused("Must be a valid boolean.", field=name)
    return word in _TRUE


def number_of(fields: Fields, name: str) -> int | None:
    """A whole number, None where it was not sent, or nothing as its value. Raises Refused for the field."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or abs(number) > _MOST:
        raise Refused("A valid integer is required.", field=name)
    return number


def tags_of(fields: Fields) -> str | None:
    """The tags as one text, None where they were not sent; a space inside a tag becomes `-`. Raises Refused."""
    if "tag_names" not in fields:
        return None
    names = fields["tag_names"]
    if not isinstance(names, list):
        raise Refused(f'Expected a list of items but got type "{type(names).__name__}".', field="tag_names")
    if not all(isinstance(name, str) for name in names):
        raise Refused("Not a valid string.", field="tag_names")
    words = (word.split() for name in names for word in name.split(","))
    return " ".join("-".join(word) for word in words if word)


def moment_of(fields: Fields, name: str) -> int | None:
    """A moment in microseconds, None where it was not sent. Raises Refused for the field."""
    text = text_of(fields, name)
    if text is None:
        return None
    at = _moment(text)
    if at is None:
        raise Refused(_NO_MOMENT, field=name)
    return at


def id_of(request: Request, name: str = "id") -> int:
    """A number in an address. Raises NotFound for what cannot be one."""
    number = _number(request.path_params[name], none=-1)
    if number < 0:
        raise NotFound("Not found.")
    return number


def _number(text: str, none: int = 0) -> int:
    """A number that is not less than nothing and fits the database; `none` for what is no such number."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else -1
    return min(number, _MOST) if number >= 0 else none


def _since(text: str) -> int | None:
    # A plus that was not escaped arrives as a space.
    return _moment(text.replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)


def _moment(text: str) -> int | None:
    try:
        at = datetime.fromisoformat(text.strip())
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        passed = at - _FIRST
    except (ValueError, OverflowError):
        return None
    if passed.days < 0:  # before the first year, by its time zone
        return None
    whole = passed.days * 86_400 + passed.seconds
    return (whole - 62_135_596_800) * MICROS + passed.microseconds


def _address(request: Request, *, limit: int, offset: int) -> str:
    kept = [(name, text) for name, text in request.query_params.multi_items() if name not in ("limit", "offset")]
    place = [("offset", str(offset))] if offset > 0 else []
    query = urlencode(sorted([*kept, ("limit", str(limit)), *place]))
    path = request.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    return f"{here().settings.base_url}{path}?{query}"


async def _body(request: Request) -> bytes:
    limit, taken, parts = here().settings.body_limit_bytes, 0, []
    async for part in request.stream():
        taken += len(part)
        if taken > limit:
            raise TooLarge(f"This door takes at most {limit:,} bytes.")
        parts.append(part)
    return b"".join(parts)
