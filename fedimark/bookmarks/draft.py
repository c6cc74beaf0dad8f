"""PURE. What somebody wants to save, cleaned: every door makes a Draft, and only a Draft can be saved."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.errors import Refused
from fedimark.language.said import _
from fedimark.policy.visibility import BY_WORD, Viewer, Visibility
from fedimark.text import clean, tags, urls


@dataclass(frozen=True, slots=True)
class Owner:
    """A person of this server as the one who saves: what every door knows of them."""

    actor_id: int
    username: str
    default_visibility: Visibility
    privacy_lock: bool
    no_replies: bool = False  # under what they save from now on

    @classmethod
    def of(cls, viewer: Viewer) -> Owner:
        """The signed-in person as a saver."""
        return cls(viewer.actor_id, viewer.username, viewer.default_visibility, viewer.privacy_lock)


@dataclass(frozen=True, slots=True)
class Draft:
    """A bookmark to be. `visibility` None: the door said nothing. `saved_at` None: now (microseconds, UTC).

    `source` is the id of the bookmark that it is copied from, as the door says; it is believed where it is so.
    """

    url: str
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    visibility: Visibility | None = None
    to_read: bool = False
    starred: bool = False
    archived: bool = False
    private_note: str = ""
    saved_at: int | None = None
    source: str = ""

    @property
    def secret(self) -> str | None:
        """Why the address looks like one that should stay private, or None."""
        return urls.is_secret_looking(self.url)


def read_draft(
    *,
    url: str,
    title: str = "",
    description: str = "",
    tag_text: str = "",
    visibility: str = "",
    to_read: bool = False,
    starred: bool = False,
    archived: bool = False,
    private_note: str = "",
    saved_at: int | None = None,
    source: str = "",
) -> Draft:
    """Make a Draft of what was typed, truncating as Pinboard does (title 255, description 65,536, tags 255, 100 tags).

    Raises Refused with the field's name when the address cannot be saved, a tag is made of dots alone, or the
    visibility is no word we know.
    """
    read = tags.read(tag_text)
    if read.refused:
        raise Refused(_("A tag can’t be made of dots alone: %(tag)s", tag=read.refused[0]), field="tags")
    if visibility and visibility not in BY_WORD:
        raise Refused("Choose public, unlisted, followers or private.", field="visibility")
    return Draft(
        url=checked_url(url),
        title=clean.one_line(title),
        description=clean.many_lines(description),
        tags=read.tags,
        visibility=BY_WORD.get(visibility),
        to_read=to_read,
        starred=starred,
        archived=archived,
        private_note=clean.many_lines(private_note),
        saved_at=saved_at,
        source=source,
    )


def checked_url(url: str) -> str:
    """An address as it will be kept; raises Refused for the field `url`."""
    try:
        return urls.check(url)
    except urls.BadUrl as error:
        raise Refused(error.message, field="url") from error


def visibility_of(draft: Draft, owner: Owner, before: Visibility | None) -> Visibility:
    """How far a draft will reach: what the door said, else as before, else private for secret-looking addresses,
    else the owner's default; Privacy Lock overrides all. What is not http(s) never leaves.
    """
    if owner.privacy_lock:
        return Visibility.PRIVATE
    if draft.visibility is not None:
        return draft.visibility
    if before is not None:
        return before
    return Visibility.PRIVATE if draft.secret else owner.default_visibility
