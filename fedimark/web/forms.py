"""The form that saves: what was typed, made a Draft, or messages beside the fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fedimark.bookmarks.dialects import read_flag
from fedimark.bookmarks.draft import Draft, read_draft
from fedimark.database import Row
from fedimark.errors import Refused
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.text import tags, urls
from fedimark.timelines.sources import CopySource
from fedimark.web.values.page import Form
from fedimark.web.values.saving import DotTag

TEXTS = ("url", "title", "description", "tags", "visibility", "private_note", "from")
CHECKS = ("to_read", "starred", "archived")


@dataclass(frozen=True, slots=True)
class BookmarkForm:
    """A form as it came: `draft` when everything can be saved, else `shown` says what is wrong.

    `dots` are tags that a leading dot makes private though another may be meant; the form asks once.
    """

    shown: Form
    draft: Draft | None = None
    dots: tuple[DotTag, ...] = ()
    choice: str = ""  # what to do with another spelling of the page: replace, keep, or not asked yet
    back: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, typed: Mapping[str, str], dots_seen: Sequence[str], also: Sequence[str] = ()) -> BookmarkForm:
        """Read a posted form; `also` are suggested tags that were ticked."""
        values = {name: typed.get(name, "") for name in (*TEXTS, *CHECKS)}
        words = values["tags"].replace(",", " ").split()
        values["tags"] = " ".join((values["tags"], *(tag for tag in also if tag not in words))).strip()
        if instead := typed.get("instead"):
            values["tags"] = _offered(values["tags"], instead)
        empty = cls(Form(values), choice=typed.get("spelling", ""), back=typed.get("back", ""), values=values)
        try:
            draft = _draft(values)
        except Refused as error:
            return replace(empty, shown=Form(values, {error.field: error.message}))
        dots = tuple(dot for dot in dots_of(draft.tags) if dot.tag not in dots_seen)
        return replace(empty, draft=None if dots or instead else draft, dots=dots)


def _draft(values: Mapping[str, str]) -> Draft:
    return read_draft(
        url=values["url"],
        title=values["title"],
        description=values["description"],
        tag_text=values["tags"],
        visibility=values["visibility"],
        to_read=bool(values["to_read"]),
        starred=bool(values["starred"]),
        archived=bool(values["archived"]),
        private_note=values["private_note"],
        source=values["from"],
    )


def dots_of(words: Sequence[str]) -> tuple[DotTag, ...]:
    """The tags of a draft for which the form offers another: `.net`, `dotnet`."""
    hints = ((word, tags.dotnet_hint(word)) for word in words)
    return tuple(DotTag(word, offer) for word, offer in hints if offer)


def prefilled(query: Mapping[str, str], viewer: Viewer) -> Form:
    """The form filled in from an address (`/add?url=…`); nothing is checked yet and nothing saved.

    `later` and `toread`, `private` and `shared` are Pinboard's words: they only choose what the form begins with.
    """
    values = {name: query.get(name, "") for name in ("url", "title", "description", "tags", "private_note")}
    said = {name: read_flag(query.get(name)) for name in ("later", "toread", "private", "shared")}
    reach = (
        Visibility.PRIVATE.word if said["private"] or said["shared"] is False else _preselected(values["url"], viewer)
    )
    return Form({**values, "to_read": "yes" if said["later"] or said["toread"] else "", "visibility": reach})


def copied(source: CopySource, viewer: Viewer) -> Form:
    """The form filled in from a bookmark of somebody else; of one that is not for everybody with its address alone."""
    row = source.row
    if not source.is_open:
        return Form({"url": row["url"], "visibility": Visibility.PRIVATE.word})
    values = {"url": row["url"], "title": row["title"], "description": row["description"], "tags": source.tags}
    return Form({**values, "from": source.uri, "visibility": _preselected(row["url"], viewer)})


def from_row(row: Row) -> Form:
    """The form filled in with a bookmark."""
    values = {name: row[name] for name in ("url", "title", "description", "tags", "private_note")}
    values |= {name: "yes" if row[name] else "" for name in CHECKS}
    return Form({**values, "visibility": Visibility(row["visibility"]).word})


def _preselected(url: str, viewer: Viewer) -> str:
    if viewer.privacy_lock or (url and urls.is_secret_looking(url)):
        return Visibility.PRIVATE.word
    return viewer.default_visibility.word


def _offered(typed: str, instead: str) -> str:
    """The tags with one of them exchanged for its offer."""
    return " ".join((tags.dotnet_hint(word) or word) if word == instead else word for word in tags.split(typed))
