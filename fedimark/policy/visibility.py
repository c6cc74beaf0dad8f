"""PURE. Who may see which bookmark: the one place that decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Visibility(IntEnum):
    """How far a bookmark reaches; the number is what the database holds, a larger one reaches further."""

    PRIVATE = 0
    FOLLOWERS = 1
    UNLISTED = 2
    PUBLIC = 3

    @property
    def word(self) -> str:
        """The word that forms, files and the command line use."""
        return self.name.lower()


BY_WORD = {v.word: v for v in Visibility}


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in person a page is drawn for; None stands for everybody else."""

    account_id: int
    actor_id: int
    username: str
    is_admin: bool
    time_zone: str
    default_visibility: Visibility
    privacy_lock: bool
    theme: str
    descriptions: str = "some"  # how much of them lists show: none, some, all
    language: str = "auto"  # one of language.catalogue.LOCALES, or as the browser asks
    own_css: str = ""  # the version of their own style sheet, empty without one
    session_id: int = 0
    unread: int = 0  # notifications, at most 100
    muted: str = ""  # for admins of a muted server: what policy.muted.read_muted reads


def least_shown(owner_actor_id: int, viewer: Viewer | None, *, viewer_follows_owner: bool) -> Visibility:
    """The least visibility this viewer sees on a person's own pages: everything at or above it is shown."""
    if viewer is not None and viewer.actor_id == owner_actor_id:
        return Visibility.PRIVATE
    if viewer is not None and viewer_follows_owner:
        return Visibility.FOLLOWERS
    return Visibility.UNLISTED


def sees_note(owner_actor_id: int, viewer: Viewer | None, *, is_public: bool) -> bool:
    """Whether this viewer sees a note: everybody where it is public, else its owner alone."""
    return is_public or (viewer is not None and viewer.actor_id == owner_actor_id)


def is_listed(visibility: Visibility, *, author_consents: bool) -> bool:
    """Whether a save appears in `/t`, `/recent`, `/url`, others' search and suggestions.

    People of this server consent by making it public; remote ones by `indexable`.
    """
    return visibility is Visibility.PUBLIC and author_consents


def leaves(visibility: Visibility) -> bool:
    """Whether a save is spoken of to other servers at all."""
    return visibility is not Visibility.PRIVATE


def may_be_passed_on(visibility: Visibility) -> bool:
    """Whether others may share a save: what was meant for followers alone is not theirs to show."""
    return visibility >= Visibility.UNLISTED


def allowed(wanted: Visibility, *, privacy_lock: bool) -> Visibility:
    """What a save may be: under Privacy Lock everything is private, through any door."""
    return Visibility.PRIVATE if privacy_lock else wanted


def same_publication(before: Visibility, after: Visibility) -> bool:
    """Whether a change of visibility keeps the publication's id.

    Public and unlisted reach the same readers, so an Update does. Narrowing to followers, or widening from them,
    ends the publication and begins another: who holds the old one must be told to delete it, who never had it
    needs a Create.
    """
    if before is after:
        return True
    return {before, after} == {Visibility.PUBLIC, Visibility.UNLISTED}
