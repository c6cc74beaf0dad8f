"""PURE. What an edit of many bookmarks does to each of them, as a form says it and as a job remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from fedimark.errors import Refused
from fedimark.language.said import _
from fedimark.policy.visibility import BY_WORD, Visibility
from fedimark.text import tags

MARKS = ("to_read", "starred", "archived")
KEPT = ("tags", "visibility", *MARKS)  # columns that an undo brings back
_ANSWERS = {"": None, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to each bookmark; None and nothing leave it as it is.

    `respell` are pairs of a tag's key and the word that takes its place, empty for none; `remove` are keys. `delete`
    stands alone.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    respell: tuple[tuple[str, str], ...] = ()
    visibility: Visibility | None = None
    to_read: bool | None = None
    starred: bool | None = None
    archived: bool | None = None
    delete: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether it changes nothing at all."""
        return self == Change()

    def words(self, before: str) -> str:
        """The tags of a bookmark as they will be."""
        gone = {tags.key(word) for word in self.remove}
        kept = [word for word in before.split() if tags.key(word) not in gone]
        return " ".join(tags.split(" ".join([*kept, *self.add])))

    def marks(self, row: Mapping[str, Any]) -> dict[str, bool]:
        """The marks that become others."""
        wanted = {name: getattr(self, name) for name in MARKS}
        return {name: value for name, value in wanted.items() if value is not None and bool(row[name]) != value}

    def document(self) -> dict[str, Any]:
        """As JSON keeps it."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return said | {"visibility": self.visibility.word if self.visibility is not None else None}


def read_document(said: Mapping[str, Any]) -> Change:
    """What `document` wrote."""
    return Change(
        add=tuple(said["add"]),
        remove=tuple(said["remove"]),
        respell=tuple((key, word) for key, word in said["respell"]),
        visibility=BY_WORD.get(said["visibility"] or ""),
        **{name: said[name] for name in (*MARKS, "delete")},
    )


def read_change(typed: Mapping[str, str]) -> Change:
    """What a form says: `add`, `remove`, `visibility`, and `yes` or `no` for each mark; `delete` lets all else be.

    Raises Refused with the field's name for what is no tag, no visibility or no answer, and when nothing would change.
    """
    if typed.get("delete"):
        return Change(delete=True)
    visibility = typed.get("visibility", "")
    if visibility and visibility not in BY_WORD:
        raise Refused("Choose public, unlisted, followers or private.", field="visibility")
    for name in MARKS:
        if typed.get(name, "") not in _ANSWERS:
            raise Refused("Choose yes, no or neither.", field=name)
    change = Change(
        add=_tags(typed, "add"),
        remove=tuple(tags.key(word) for word in _tags(typed, "remove")),
        visibility=BY_WORD.get(visibility),
        **{name: _ANSWERS[typed.get(name, "")] for name in MARKS},  # type: ignore[arg-type]
    )
    if change.is_nothing:
        raise Refused("Say what shall change: tags, who may see them, or a mark.", field="add")
    return change


def _tags(typed: Mapping[str, str], name: str) -> tuple[str, ...]:
    read = tags.read(typed.get(name, ""))
    if read.refused:
        raise Refused(_("A tag can’t be made of dots alone: %(tag)s", tag=read.refused[0]), field=name)
    return read.tags
