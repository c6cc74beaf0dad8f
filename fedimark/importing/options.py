"""PURE. How a person wants a file to be brought in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast, get_args

from fedimark.errors import Refused
from fedimark.importing.formats.making import Folders, Reading
from fedimark.importing.rows import Draft
from fedimark.language.said import _
from fedimark.policy.visibility import BY_WORD, Visibility
from fedimark.text import tags, urls

Clash = Literal["file", "mine", "both"]

AS_THE_FILE_SAYS: Final = "file"
"""The word for a visibility that is not overridden."""
_MOST_TAGS: Final = 100


@dataclass(frozen=True, slots=True)
class Options:
    """`folders` and `home` say how the file is read, `tags` are put on every row.

    `visibility` None is as the file says. `clash` is whose words win where a row is here already in other words: the
    file's, mine, or both: mine, with what they lack from the file.
    """

    folders: Folders = "leave"
    home: str = ""
    tags: tuple[str, ...] = ()
    visibility: Visibility | None = None
    clash: Clash = "file"

    @property
    def reading(self) -> Reading:
        """How the formats are to read the file."""
        return Reading(self.folders, self.home)

    def applied(self, draft: Draft) -> Draft:
        """A row as this person wants it; an address that looks secret is never shown to others by this."""
        if self.tags:
            known = {tags.key(word) for word in draft.tags}
            more = tuple(word for word in self.tags if tags.key(word) not in known)
            draft = replace(draft, tags=(draft.tags + more)[:_MOST_TAGS])
        if self.visibility is None:
            return draft
        hidden = self.visibility is not Visibility.PRIVATE and draft.secret
        return replace(draft, visibility=Visibility.PRIVATE if hidden else self.visibility)

    def document(self) -> dict[str, Any]:
        """As JSON, in a job's row; the same fields as `read_options` takes."""
        return {
            "folders": self.folders,
            "home": self.home,
            "tags": " ".join(self.tags),
            "visibility": self.visibility.word if self.visibility is not None else AS_THE_FILE_SAYS,
            "clash": self.clash,
        }


PLAIN = Options()


def read_options(fields: Mapping[str, str]) -> Options:
    """Options of a form, a command or `document`; what is absent stays plain. Raises Refused with the field."""
    folders, clash = fields.get("folders") or "leave", fields.get("clash") or "file"
    if folders not in get_args(Folders):
        raise Refused("Choose what becomes of folders.", field="folders")
    if clash not in get_args(Clash):
        raise Refused("Choose whose words win.", field="clash")
    reach = fields.get("visibility") or AS_THE_FILE_SAYS
    if reach != AS_THE_FILE_SAYS and reach not in BY_WORD:
        raise Refused("Choose public, unlisted, followers or private, or as the file says.", field="visibility")
    read = tags.read(fields.get("tags") or "")
    if read.refused:
        raise Refused(_("A tag can’t be made of dots alone: %(tag)s", tag=read.refused[0]), field="tags")
    home = (fields.get("home") or "").strip()
    return Options(
        folders=cast("Folders", folders),
        home=_home(home) if home else "",
        tags=read.tags,
        visibility=BY_WORD.get(reach),
        clash=cast("Clash", clash),
    )


def _home(typed: str) -> str:
    try:
        home = urls.check(typed)
    except urls.BadUrl as error:
        raise Refused(error.message, field="home") from error
    if not home.startswith(("http://", "https://")):
        raise Refused("Type an address that begins with https://", field="home")
    return home
