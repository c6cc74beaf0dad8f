"""PURE. Pinboard's JSON: an array of objects as `posts/all` and the backup page give it.

`description` is the title and `extended` the description, for historical reasons. Espial's variant lacks `hash` and
`meta`; some write `tag` for `tags`, or a list.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from fedimark.bookmarks.draft import read_draft
from fedimark.errors import Refused
from fedimark.importing.formats.json_array import elements
from fedimark.importing.rows import Broken, Draft, excerpt
from fedimark.policy.visibility import Visibility
from fedimark.text import tags

OPEN, BETWEEN, CLOSE = b"[\n", b",\n", b"\n]\n"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_YES = frozenset({"yes", "true", "1"})
_TEXTS = ("href", "url", "description", "extended", "time", "tags", "tag")


class _Unreadable(ValueError):
    """A field that is not what it should be; the message is for people."""


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format: an array that is empty or begins with an object."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b"]", b"")


def read(stream: BinaryIO) -> Iterator[Draft | Broken]:
    """Yield a Draft for each row, or Broken with the reason, in the order of the file.

    `shared` absent or blank gives visibility None: the owner's default. An address that looks secret is never made
    public by a file: it gives None too, so that only its owner can.
    """
    for element in elements(stream):
        if isinstance(element, Broken):
            yield element
        elif not isinstance(element, dict):
            yield Broken("This row is no bookmark.", _shown(element))
        else:
            yield _row(element)


def _row(row: dict[str, object]) -> Draft | Broken:
    try:
        texts = {name: _text(row, name) for name in _TEXTS}
        url = texts["href"] or texts["url"]
        draft = read_draft(
            url=url,
            title=texts["description"],
            description=texts["extended"],
            tag_text=" ".join(tags.split(texts["tags"] or texts["tag"])),
            visibility=_visibility(row),
            to_read=_word(row, "toread") in _YES,
            saved_at=_moment(texts["time"]),
        )
    except _Unreadable as error:
        return Broken(str(error), _shown(row.get("href") or row.get("description")))
    except Refused as error:
        return Broken(error.message, excerpt(url))
    if draft.secret and draft.visibility is not Visibility.PRIVATE:
        return replace(draft, visibility=None)
    return draft


def _shown(value: object) -> str:
    return excerpt(value) if isinstance(value, str) else ""


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    if value is None or value is False:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and name in ("tags", "tag"):
        return " ".join("-".join(str(tag).split()) for tag in value)
    raise _Unreadable(f"Its “{name}” is no text.")


def _word(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip().lower()


def _visibility(row: Mapping[str, object]) -> str:
    shared = _word(row, "shared")
    if not shared:
        return ""
    # A word nobody knows must not publish anything.
    return (Visibility.PUBLIC if shared in _YES else Visibility.PRIVATE).word


def _moment(text: str) -> int | None:
    """`2010-12-11T19:48:02Z`, with an offset, microseconds or no zone (UTC), or a bare date; None when blank."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        # Into UTC, which fails for the hours before the year 1 that an offset can name.
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC) - _EPOCH) // _MICRO
    except (ValueError, OverflowError):
        raise _Unreadable(f"Its time “{excerpt(text)}” can’t be read.") from None


def write(row: Mapping[str, Any]) -> bytes:
    """One bookmark row as Pinboard writes it; `OPEN`, `BETWEEN` and `CLOSE` make a file of several.

    Private tags are included: the file is its owner's.
    """
    return json.dumps(_post(row), ensure_ascii=False, separators=(",", ":")).encode()


def _post(row: Mapping[str, Any]) -> dict[str, str]:
    post = {
        "href": row["url"],
        "description": row["title"],
        "extended": row["description"],
        "meta": "",
        "hash": row["url_md5"],
        "time": (_EPOCH + row["saved_at"] * _MICRO).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "shared": "yes" if row["visibility"] == Visibility.PUBLIC else "no",
        "toread": "yes" if row["to_read"] else "no",
        "tags": row["tags"],
    }
    # What `meta` is made of at Pinboard nobody knows; clients only ask whether it changed.
    post["meta"] = hashlib.md5("\0".join(post.values()).encode(), usedforsecurity=False).hexdigest()
    return post
