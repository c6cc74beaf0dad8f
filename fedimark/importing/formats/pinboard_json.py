"""PURE. Pinboard's JSON: an array of objects as `posts/all` and the backup page give it, or one inside an object, as
`posts/get` and `posts/recent` do.

`description` is the title and `extended` the description, for historical reasons. Espial's variant lacks `hash` and
`meta`; some write `tag` for `tags`, or a list.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fedimark.importing.formats.json_array import elements
from fedimark.importing.formats.json_tree import Row, walk
from fedimark.importing.formats.making import PLAIN, Reading, is_yes, made, private, shared
from fedimark.importing.formats.moments import iso
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft, excerpt
from fedimark.language.said import _
from fedimark.policy.visibility import Visibility

OPEN, BETWEEN, CLOSE = b"[\n", b",\n", b"\n]\n"

_INSIDE = frozenset({"posts"})
_ANSWER = re.compile(rb'\{[^\[\]{}]{0,1000}"(?:user|until)"[^\[\]{}]{0,1000}"posts"\s*:\s*\[\s*[\]{]')
_SHORT = 1_024
_TEXTS = ("href", "url", "description", "extended", "time", "tags", "tag")


class _Unreadable(ValueError):
    """A field that is not what it should be; the message is for people."""


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format: an array that is empty or begins with an object."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return _ANSWER.match(start) is not None
    return start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b"]", b"")


def read(stream: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each row, or Broken with the reason, in the order of the file.

    `shared` absent or blank gives visibility None: the owner's default. An address that looks secret is never made
    public by a file: it gives None too, so that only its owner can.
    """
    for element in _elements(stream):
        if isinstance(element, Broken):
            yield element
        elif not isinstance(element, dict):
            yield Broken(_("This row is no bookmark."), _shown(element))
        else:
            yield row_of(element)


def _elements(stream: Source) -> Iterator[object | Broken]:
    """The rows of an array, or of the `posts` of an answer, whose other fields are none."""
    if stream.read(_SHORT).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        stream.seek(0)
        for found in walk(stream, _INSIDE):
            if isinstance(found, Broken):
                yield found
            elif isinstance(found, Row):
                yield found.value
        return
    stream.seek(0)
    yield from elements(stream)


def row_of(row: Mapping[str, object], line: int = 0) -> Draft | Broken:
    """Make a Draft of Pinboard's fields, in JSON or as attributes of XML.

    Delicious adds `private`, which counts where both stand.
    """
    try:
        texts = {name: _text(row, name) for name in _TEXTS}
    except _Unreadable as error:
        return Broken(error.args[0], _shown(row.get("href") or row.get("description")), line=line)
    visibility = private(row.get("private"))
    return made(
        url=texts["href"] or texts["url"],
        title=texts["description"],
        description=texts["extended"],
        tag_text=texts["tags"] or texts["tag"],
        visibility=shared(row.get("shared")) if visibility is None else visibility,
        to_read=is_yes(row.get("toread")),
        time=texts["time"],
        line=line,
    )


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
    raise _Unreadable(_("Its “%(name)s” is no text.", name=name))


def write(row: Mapping[str, Any]) -> bytes:
    """One bookmark row as Pinboard writes it; `OPEN`, `BETWEEN` and `CLOSE` make a file of several.

    Private tags are included: the file is its owner's.
    """
    return json.dumps(post(row), ensure_ascii=False, separators=(",", ":")).encode()


def post(row: Mapping[str, Any]) -> dict[str, str]:
    """One bookmark row in Pinboard's fields."""
    said = {
        "href": row["url"],
        "description": row["title"],
        "extended": row["description"],
        "meta": "",
        "hash": row["url_md5"],
        "time": iso(row["saved_at"]),
        "shared": "yes" if row["visibility"] == Visibility.PUBLIC else "no",
        "toread": "yes" if row["to_read"] else "no",
        "tags": row["tags"],
    }
    # What `meta` is made of at Pinboard nobody knows; clients only ask whether it changed.
    said["meta"] = hashlib.md5("\0".join(said.values()).encode(), usedforsecurity=False).hexdigest()
    return said
