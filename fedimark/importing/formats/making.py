"""PURE. A row of any format made into a Draft, or into a sentence that says why it is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import urljoin

from fedimark.bookmarks import dialects
from fedimark.bookmarks.draft import read_draft
from fedimark.errors import Refused
from fedimark.importing.formats.moments import NoMoment, moment
from fedimark.importing.rows import Broken, Draft, excerpt
from fedimark.policy.visibility import Visibility

Folders = Literal["leave", "tags", "path"]

_SHOWN: Final = {None: None, True: Visibility.PUBLIC, False: Visibility.PRIVATE}
_WORDS: Final[Mapping[Visibility | None, str]] = MappingProxyType({None: "", **{v: v.word for v in Visibility}})


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read.

    `folders`: leave them, make each of a row's folders a tag, or one tag of the whole path (`work/sql`). `home`: where
    addresses lead that a file gives without their server, as Shaarli does with its own notes.
    """

    folders: Folders = "leave"
    home: str = ""


PLAIN = Reading()


def made(
    *,
    url: str,
    title: str = "",
    description: str = "",
    tag_text: str = "",
    visibility: Visibility | None = None,
    to_read: bool = False,
    starred: bool = False,
    archived: bool = False,
    private_note: str = "",
    time: str | int = "",
    saved_at: int | None = None,
    source: str = "",
    line: int = 0,
) -> Draft | Broken:
    """Make a Draft of a row's fields, or Broken with the reason; `line` is where the row stands.

    `time` is read in any spelling, `saved_at` taken as it is. An address that looks secret is never made public by a
    file: its visibility is left to its owner.
    """
    try:
        draft = read_draft(
            url=url,
            title=title,
            description=description,
            tag_text=tag_text,
            visibility=_WORDS[visibility],
            to_read=to_read,
            starred=starred,
            archived=archived,
            private_note=private_note,
            saved_at=moment(time) if time else saved_at,
            source=source,
        )
    except NoMoment as error:
        return Broken(error.message, excerpt(url), line=line)
    except Refused as error:
        return Broken(error.message, excerpt(url or title), line=line)
    if draft.visibility not in (None, Visibility.PRIVATE) and draft.secret:
        return replace(draft, visibility=None)
    return draft


def tag_of(name: str) -> str:
    """One tag of a name that may hold spaces and commas; empty when nothing is left to name."""
    tag = "-".join(name.replace(",", " ").split())
    return tag if tag.strip(".") else ""


def tags_of(names: Iterable[object]) -> str:
    """Names of tags, each of which may hold spaces, as `made` takes them."""
    return " ".join(tag_of(name) for name in names if isinstance(name, str))


def folders_of(path: Sequence[str], reading: Reading) -> str:
    """The tags that a row's folders give, outermost first, as `made` takes them."""
    if reading.folders == "leave":
        return ""
    names = [name for name in map(tag_of, path) if name]
    return " ".join(names) if reading.folders == "tags" else "/".join(names)


def is_yes(value: object) -> bool:
    """Whether a field says yes, in any of the words that files use."""
    if not value or value == "0":
        return False
    return value is True or value == "1" or bool(dialects.read_flag(value))


def shared(value: object) -> Visibility | None:
    """What a field that says whether everybody may see a row means: None when it says nothing."""
    return _SHOWN[dialects.read_shared(value)]


def private(value: object) -> Visibility | None:
    """What a field that says whether only the owner may see a row means: None when it says nothing."""
    return Visibility.PUBLIC if value == "0" else _SHOWN[dialects.read_private(value)]


def at_home(url: str, reading: Reading) -> str:
    """An address of the file's own server made whole, where it is known which that is."""
    return urljoin(reading.home, url) if reading.home else url
