"""Sessions of this server: the browser's cookie holds a token of 256 bits, the row its hash."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fedimark.accounts.queries import VIEWER_COLUMNS, viewer_from
from fedimark.accounts.rows import insert
from fedimark.database import execute, fetch, fetch_one, write
from fedimark.errors import NotFound, Unavailable
from fedimark.here import MICROS, here, now
from fedimark.notifications.standing import UNREAD
from fedimark.policy.visibility import Viewer
from fedimark.text.clean import one_line

_SEEN_EVERY: Final = 10 * 60 * MICROS

_VIEWER = f"""
SELECT {VIEWER_COLUMNS}, session.id AS session_id, session.seen_at, {UNREAD} AS unread
FROM session
JOIN account ON account.id = session.account_id
JOIN actor ON actor.id = account.actor_id
WHERE session.token_hash = ? AND session.seen_at > ? AND actor.suspended_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Signed:
    """One of a person's sessions; moments are microseconds since 1970, UTC."""

    id: int
    browser: str
    address: str
    made_at: int
    used_at: int
    current: bool


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def open_session(account_id: int, browser: str = "", address: str = "") -> str:
    """Open a session and return its token, which only the browser will hold."""
    token = secrets.token_urlsafe(32)
    async with write():
        await insert(
            "session",
            token_hash=token_hash(token),
            account_id=account_id,
            created_at=now(),
            seen_at=now(),
            browser=one_line(browser, 200),
            address=one_line(address, 45),
        )
    return token


async def viewer_of(token_hash: str) -> Viewer | None:
    """Who a session belongs to, in one statement; None when it is unknown, ended or unused for too long.

    At most every ten minutes it also writes down that the session is in use.
    """
    row = await fetch_one(_VIEWER, token_hash, _oldest())
    if row is None:
        return None
    if now() - row["seen_at"] > _SEEN_EVERY:
        # A full or read-only disk must not keep anybody from reading.
        with suppress(Unavailable):
            await execute(
                "UPDATE session SET seen_at = ? WHERE id = ? AND seen_at = ?", now(), row["session_id"], row["seen_at"]
            )
    return viewer_from(row, row["session_id"])


async def list_sessions(viewer: Viewer) -> tuple[Signed, ...]:
    """A person's sessions that still hold, the last used first."""
    rows = await fetch(
        "SELECT * FROM session WHERE account_id = ? AND seen_at > ? ORDER BY seen_at DESC, id DESC",
        viewer.account_id,
        _oldest(),
    )
    return tuple(
        Signed(
            row["id"],
            row["browser"],
            row["address"],
            row["created_at"],
            row["seen_at"],
            current=row["id"] == viewer.session_id,
        )
        for row in rows
    )


async def revoke(viewer: Viewer, session_id: int) -> None:
    """End one of a person's own sessions. Raises NotFound for any other."""
    if not await execute("DELETE FROM session WHERE id = ? AND account_id = ?", session_id, viewer.account_id):
        raise NotFound


async def close_token(token: str) -> None:
    """End the session of a token; an unknown or empty one is fine."""
    if token:
        await execute("DELETE FROM session WHERE token_hash = ?", token_hash(token))


async def end_sessions(account_id: int, keep: int = 0) -> None:
    """End all sessions of an account but the one to keep."""
    await execute("DELETE FROM session WHERE account_id = ? AND id <> ?", account_id, keep)


def _oldest() -> int:
    return now() - here().settings.session_days * 24 * 3600 * MICROS
