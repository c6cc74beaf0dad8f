"""PURE. Saves as a page reads them: in brief where they are only named, whole where their words may stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Generic, NamedTuple, TypeAlias, TypeVar


class Saver(NamedTuple):
    """A save in brief: whose it is; `name` is what orders saves of one moment and one handle."""

    link_id: int
    id: int
    actor_id: int
    saved_at: int
    is_save: bool
    listed: bool
    name: str
    local_name: str | None
    username: str
    at_host: str
    person_name: str
    person_url: str

    def __hash__(self) -> int:
        """By a few of all that makes two of them equal: hundreds are looked up for a page."""
        return hash((self.id, self.saved_at))


class Save(NamedTuple):
    """A save with its words and its owner's marks: what an entry is made of."""

    link_id: int
    id: int
    actor_id: int
    saved_at: int
    is_save: bool
    listed: bool
    name: str
    local_name: str | None
    username: str
    at_host: str
    person_name: str
    person_url: str
    public_id: str | None
    visibility: int
    to_read: bool
    starred: bool
    archived: bool
    tags: str
    url: str
    title: str
    description: str
    uri: str | None
    page_url: str
    is_local: bool
    updated_at: int

    def __hash__(self) -> int:
        """As above."""
        return hash((self.id, self.updated_at))


Seen: TypeAlias = Saver | Save
S = TypeVar("S", bound=Seen)


@dataclass(slots=True)
class Around(Generic[S]):
    """The saves of one link, by moment: those `near` are of the reader and their network; `all` has them too."""

    all: list[S] = field(default_factory=list)
    near: list[Save] = field(default_factory=list)

    def heard(self) -> Around[S]:
        """Those who speak for the link; who only mentions a page stands for it where nobody saved it."""
        saves = [each for each in self.all if each.is_save]
        if not saves or len(saves) == len(self.all):
            return self
        return Around(saves, [each for each in self.near if each.is_save])


_moment = attrgetter("saved_at")


def in_order(saves: Iterable[S]) -> list[S]:
    """Saves of one link by moment."""
    found = sorted(saves, key=_moment)
    if len({save.saved_at for save in found}) < len(found):
        found.sort(key=_order)
    return found


def _order(save: Seen) -> tuple[int, str, str]:
    """Savers stand by moment, then by name; never in the order in which we heard of them."""
    return save.saved_at, f"{save.username}@{save.at_host}", save.name
