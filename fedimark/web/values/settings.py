"""PURE. What lists of the settings show: where one is signed in, keys, and invitations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A place where the viewer is signed in; times in microseconds, `address` may be empty."""

    id: str
    agent: str
    address: str
    made_at: int
    used_at: int
    current: bool


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key of the viewer's programs, and what it does in words; `used_at` is None while it never was used."""

    id: str
    name: str
    does: str
    made_at: int
    used_at: int | None


@dataclass(frozen=True, slots=True)
class InviteLine:
    """An invitation: `href` is the sign-up page with its code, empty once that was shown.

    `used_by` is the name it became, empty while it waits.
    """

    code: str
    href: str
    made_at: int
    used_by: str = ""
    expired: bool = False
