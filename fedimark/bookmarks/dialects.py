"""PURE. What other software's `shared`, `PRIVATE` and `toread` mean here: the one table for its APIs and its files.

They know two states where there are four: shown reads as public and unlisted do, not shown as followers and private
do. Writing the state that a bookmark already shows changes nothing, so a program that only sends back what it read
takes nothing away.

    before      shared: yes                         shared: no
    (new)       the default if it is shown,         private
                else public
    public      public                              private; public where it may not hide
    unlisted    unlisted                            private; unlisted where it may not hide
    followers   as for a new one                    followers
    private     as for a new one                    private

Under Privacy Lock all of it is private (`draft.visibility_of`). An address that looks secret is never shown because a
program or file says so: they say it of everything.
"""

from __future__ import annotations

from typing import Final

from fedimark.bookmarks.draft import Owner
from fedimark.policy.visibility import Visibility
from fedimark.text import urls

YES: Final = frozenset({"1", "y", "yes", "true", "on", "t", "public", "shared"})
NO: Final = frozenset({"0", "n", "no", "false", "off", "f"})


def reads_shared(visibility: int) -> bool:
    """What `shared` says of a bookmark, to who may see it."""
    return visibility >= Visibility.UNLISTED


def yes_or_no(shown: bool) -> str:
    """The same in Pinboard's words."""
    return "yes" if shown else "no"


def read_flag(value: object) -> bool | None:
    """A field that says yes or no, in any word that programs and files use; None where it says nothing or is unknown.

    Pinboard's clients say `yes`, `true` and `1`; files have numbers and booleans too.
    """
    word = value.strip().lower() if isinstance(value, str) else "" if value is None else str(value).lower()
    return True if word in YES else False if word in NO else None


def read_shared(value: object) -> bool | None:
    """What a field that says whether everybody may see something means. A word nobody knows publishes nothing."""
    return _read(value, False)


def read_private(value: object) -> bool | None:
    """The same as `shared`, of a field that says whether only the owner may."""
    said = _read(value, True)
    return None if said is None else not said


def visibility_said(
    shared: bool | None, before: Visibility | None, owner: Owner, url: str = "", *, may_hide: bool = True
) -> Visibility | None:
    """How far a bookmark is to reach when a program says `shared`: None where it says nothing that changes anything.

    `before` is how far it reaches, None for a new one, and `url` its address; without `may_hide` what is shown stays
    so.
    """
    if shared is None or (before is not None and shared == reads_shared(before)):
        return before
    if not shared:
        return Visibility.PRIVATE if may_hide or before is None else before
    if url and urls.is_secret_looking(url):
        return before
    return owner.default_visibility if reads_shared(owner.default_visibility) else Visibility.PUBLIC


def visibility_in_file(said: Visibility | None, before: Visibility) -> Visibility | None:
    """How far a bookmark here is to reach when a file is read that has it too and knows public and private alone.

    What files are written of says no for unlisted, lest another server list it: so no leaves that as it is too.
    """
    if said is Visibility.PRIVATE and before is not Visibility.PUBLIC:
        return before
    if said is Visibility.PUBLIC and before is Visibility.UNLISTED:
        return before
    return said


def _read(value: object, unknown: bool) -> bool | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    said = read_flag(value)
    return unknown if said is None else said
