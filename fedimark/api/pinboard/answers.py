"""PURE. Answers in the two shapes that Pinboard's clients know, XML and JSON; the JSON has no space in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal
from xml.sax.saxutils import escape, quoteattr

from fedimark.bookmarks.dialects import reads_shared, yes_or_no
from fedimark.importing.formats.moments import iso

Format = Literal["json", "xml"]
Post = dict[str, str]

MEDIA_TYPES: Final[Mapping[Format, str]] = {"json": "text/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
BETWEEN: Final[Mapping[Format, str]] = {"json": ",", "xml": ""}
CLOSED: Final[Mapping[Format, str]] = {"json": "]", "xml": "</posts>"}
HEAD: Final = '<?xml version="1.0" encoding="UTF-8" ?>'

# Nobody knows what `meta` is made of at Pinboard: clients only ask whether it changed.
_FIELDS: Final = (
    *("url", "title", "description", "private_note", "tags", "visibility", "to_read", "starred", "archived"),
    *("saved_at", "updated_at"),
)


def post(row: Mapping[str, Any]) -> Post:
    """One bookmark row in Pinboard's fields: `description` is its title, `extended` its description."""
    said = "\0".join(str(int(value) if isinstance(value, bool) else value) for value in map(row.__getitem__, _FIELDS))
    return {
        "href": row["url"],
        "description": row["title"],
        "extended": row["description"],
        "meta": hashlib.md5(said.encode(), usedforsecurity=False).hexdigest(),
        "hash": row["url_md5"],
        "time": iso(row["saved_at"]),
        "shared": yes_or_no(reads_shared(row["visibility"])),
        "toread": yes_or_no(bool(row["to_read"])),
        "tags": row["tags"],
    }


def code(form: Format, said: str) -> str:
    """What became of a call: `done`, or what was wrong."""
    return _json({"result_code": said}) if form == "json" else f"{HEAD}<result code={_quoted(said)} />"


def result(form: Format, said: str) -> str:
    """The same of the calls that Pinboard answers otherwise."""
    return _json({"result": said}) if form == "json" else f"{HEAD}<result>{_text(said)}</result>"


def update(form: Format, at: int) -> str:
    """When anything changed last."""
    if form == "json":
        return _json({"update_time": iso(at)})
    return f"{HEAD}<update time={_quoted(iso(at))} />"


def posts(form: Format, user: str, at: int, shown: Sequence[Mapping[str, Any]]) -> str:
    """Some bookmarks of a person, with the moment of the newest."""
    if form == "json":
        return _json({"date": iso(at), "user": user, "posts": list(shown)})
    return f"{HEAD}<posts user={_quoted(user)} dt={_quoted(iso(at))}>{''.join(map(_element, shown))}</posts>"


def opened(form: Format, user: str) -> str:
    """What stands before all bookmarks of a person; between them stands `BETWEEN`, and `CLOSED` behind."""
    return "[" if form == "json" else f"{HEAD}<posts user={_quoted(user)}>"


def one(form: Format, row: Mapping[str, Any]) -> str:
    """One of all bookmarks."""
    return _json(post(row)) if form == "json" else _element(post(row))


def dates(form: Format, user: str, tag: str, days: Iterable[tuple[int, int]]) -> str:
    """How many bookmarks on each day."""
    counted = {iso(day)[:10]: amount for day, amount in days}
    if form == "json":
        return _json({"user": user, "tag": tag, "dates": counted})
    lines = "".join(f'<date count="{amount}" date={_quoted(day)} />' for day, amount in counted.items())
    return f"{HEAD}<dates tag={_quoted(tag)} user={_quoted(user)}>{lines}</dates>"


def suggested(form: Format, popular: Sequence[str], recommended: Sequence[str]) -> str:
    """Tags to give to a page: two objects, in this order."""
    if form == "json":
        return _json([{"popular": list(popular)}, {"recommended": list(recommended)}])
    named = [*(("popular", tag) for tag in popular), *(("recommended", tag) for tag in recommended)]
    return f"{HEAD}<suggested>{''.join(f'<{name}>{_text(tag)}</{name}>' for name, tag in named)}</suggested>"


def tag_counts(form: Format, counted: Mapping[str, int]) -> str:
    """All tags with how many bookmarks carry them."""
    if form == "json":
        return _json(counted)
    lines = "".join(f'<tag count="{amount}" tag={_quoted(tag)} />' for tag, amount in counted.items())
    return f"{HEAD}<tags>{lines}</tags>"


def notes(form: Format, shown: Sequence[Mapping[str, Any]]) -> str:
    """All notes, without their text."""
    if form == "json":
        return _json({"count": len(shown), "notes": list(shown)})
    return f'{HEAD}<notes count="{len(shown)}">{"".join(map(_note, shown))}</notes>'


def note(form: Format, shown: Mapping[str, Any]) -> str:
    """One note, with its text."""
    return _json(shown) if form == "json" else HEAD + _note(shown)


def changes(form: Format, until: str, shown: Sequence[Post], gone: Sequence[str], **said: bool) -> str:
    """What changed since a moment."""
    if form == "json":
        return _json({"until": until, **said, "posts": list(shown), "deleted": list(gone)})
    marks = "".join(f' {name}="{yes_or_no(value)}"' for name, value in said.items())
    lines = "".join(f"<deleted hash={_quoted(name)} />" for name in gone)
    return f"{HEAD}<delta until={_quoted(until)}{marks}>{''.join(map(_element, shown))}{lines}</delta>"


def _element(shown: Mapping[str, Any]) -> str:
    """A bookmark in XML, where its tags are called `tag`."""
    named = ((("tag" if name == "tags" else name), value) for name, value in shown.items())
    return f"<post {' '.join(f'{name}={_quoted(str(value))}' for name, value in named)} />"


def _note(shown: Mapping[str, Any]) -> str:
    named = " ".join(
        f"{name}={_quoted(str(shown[name]))}" for name in ("id", "hash", "created_at", "updated_at", "length")
    )
    text = f"<text>{_text(shown['text'])}</text>" if "text" in shown else ""
    return f"<note {named}><title>{_text(shown['title'])}</title>{text}</note>"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quoted(text: str) -> str:
    return quoteattr(_fit(text), {"\n": "&#10;", "\t": "&#9;"})


def _text(text: str) -> str:
    return escape(_fit(text))


def _fit(text: str) -> str:
    # What a person here saves has none of these; what others say may.
    return (
        text
        if text.isprintable()
        else "".join(c for c in text if c in "\n\t" or (c >= " " and c not in "\ufffe\uffff"))
    )
