"""Invitations: codes that make one account each, shown once, kept as hashes, ended after 14 days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fedimark.accounts.codes import code_hash, new_code
from fedimark.accounts.rows import insert
from fedimark.database import execute, fetch, fetch_one, write
from fedimark.errors import Forbidden, Refused
from fedimark.here import MICROS, now
from fedimark.language.said import _
from fedimark.policy.visibility import Viewer

LASTS: Final = 14 * 24 * 3600 * MICROS
MOST_WAITING: Final = 20  # a person


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation as its maker sees it; the code itself is not kept. Moments are microseconds since 1970, UTC."""

    made_at: int
    used: bool
    expired: bool


def may_invite(viewer: Viewer, registration: str) -> bool:
    """Whether a person may make invitations: everybody while signing up takes one, admins always."""
    return viewer.is_admin or registration == "invite"


async def make_invite(viewer: Viewer, registration: str) -> str:
    """Make an invitation and return its code, which cannot be shown again.

    Raises Forbidden for who may not, Refused when 20 of theirs are waiting.
    """
    if not may_invite(viewer, registration):
        raise Forbidden("This server takes no new people just now.")
    code = new_code()
    async with write():
        waiting = await fetch_one(
            "SELECT count(*) AS n FROM invite WHERE made_by = ? AND used_at IS NULL AND expires_at > ?",
            viewer.account_id,
            now(),
        )
        if waiting and waiting["n"] >= MOST_WAITING:
            raise Refused(_("%(most)s of your invitations are waiting; let somebody use one first.", most=MOST_WAITING))
        await insert(
            "invite",
            code_hash=code_hash(code),
            made_by=viewer.account_id,
            created_at=now(),
            expires_at=now() + LASTS,
        )
    return code


async def use_invite(code: str, registration: str) -> None:
    """Inside `write`: use an invitation up. Raises Refused with field `invite` when it is unknown, used or expired.

    While registration is closed only an admin's counts.
    """
    used = await execute(
        """
        UPDATE invite SET used_at = ?
        WHERE code_hash = ? AND used_at IS NULL AND expires_at > ?
          AND (? OR made_by IN (SELECT id FROM account WHERE is_admin))
          AND made_by IN (SELECT c.id FROM account c JOIN actor a ON a.id = c.actor_id WHERE a.suspended_at IS NULL)
        """,
        now(),
        code_hash(code),
        now(),
        registration != "closed",
    )
    if not used:
        raise Refused("This invitation is not known here, was used, or has expired.", field="invite")


async def list_invites(viewer: Viewer) -> tuple[Invited, ...]:
    """A person's invitations, the newest first, at most 100."""
    rows = await fetch(
        "SELECT * FROM invite WHERE made_by = ? ORDER BY created_at DESC, id DESC LIMIT 100", viewer.account_id
    )
    return tuple(
        Invited(row["created_at"], used=row["used_at"] is not None, expired=row["expires_at"] <= now()) for row in rows
    )
