"""Reading accounts and their actors."""

from __future__ import annotations

from fedimark.database import Row, fetch_one
from fedimark.policy.visibility import Viewer, Visibility

INSTANCE_NAME = ".instance"  # the server's own actor; nobody can be called that

VIEWER_COLUMNS = """
    account.id AS account_id, account.actor_id, actor.local_name, account.is_admin, account.time_zone,
    account.default_visibility, account.privacy_lock, account.theme, account.descriptions, account.language,
    account.own_css_version,
    CASE WHEN account.is_admin THEN (SELECT value FROM fact WHERE name = 'muted') END AS muted
"""


async def actor_by_name(name: str) -> Row | None:
    """The actor row of a person of this server, gone ones too (`gone_at`), or None."""
    if name == INSTANCE_NAME:
        return None
    return await fetch_one("SELECT * FROM actor WHERE local_name = ?", name)


async def instance_actor() -> Row:
    """The actor row this server signs its own questions with."""
    row = await fetch_one("SELECT * FROM actor WHERE local_name = ?", INSTANCE_NAME)
    assert row is not None, "accounts.first.prepare makes it at every start"
    return row


async def account_by_name(name: str) -> Row | None:
    """The account row of a person, with when they were suspended (`suspended_at`), or None."""
    return await fetch_one(
        """
        SELECT account.*, actor.suspended_at FROM account JOIN actor ON actor.id = account.actor_id
        WHERE actor.local_name = ?
        """,
        name,
    )


async def viewer_by_name(name: str) -> Viewer | None:
    """A person as a viewer without a session, for the command line."""
    row = await fetch_one(
        f"SELECT {VIEWER_COLUMNS} FROM account JOIN actor ON actor.id = account.actor_id WHERE actor.local_name = ?",
        name,
    )
    return viewer_from(row) if row else None


async def viewer_by_actor(actor_id: int) -> Viewer | None:
    """A person as a viewer without a session, for what is drawn in their name; None for who left or is suspended."""
    row = await fetch_one(
        f"SELECT {VIEWER_COLUMNS} FROM account JOIN actor ON actor.id = account.actor_id "
        "WHERE actor.id = ? AND actor.gone_at IS NULL AND actor.suspended_at IS NULL",
        actor_id,
    )
    return viewer_from(row) if row else None


async def fact(name: str) -> str | None:
    """What this server remembers about itself under a name, or None."""
    row = await fetch_one("SELECT value FROM fact WHERE name = ?", name)
    return str(row["value"]) if row else None


async def has_accounts() -> bool:
    """Whether anybody can sign in."""
    return await fetch_one("SELECT id FROM account LIMIT 1") is not None


async def count_shown(actor_id: int) -> int:
    """How many of a person's bookmarks somebody else may see, or may again after an undo."""
    row = await fetch_one(
        "SELECT count(*) AS n FROM bookmark WHERE actor_id = ? AND visibility > ?", actor_id, int(Visibility.PRIVATE)
    )
    return int(row["n"]) if row else 0


async def count_bookmarks(actor_id: int) -> int:
    """How many bookmarks a person has."""
    row = await fetch_one("SELECT count(*) AS n FROM bookmark WHERE actor_id = ? AND removed_at IS NULL", actor_id)
    return int(row["n"]) if row else 0


def viewer_from(row: Row, session_id: int = 0) -> Viewer:
    """A row of VIEWER_COLUMNS as a Viewer."""
    return Viewer(
        account_id=row["account_id"],
        actor_id=row["actor_id"],
        username=row["local_name"],
        is_admin=bool(row["is_admin"]),
        time_zone=row["time_zone"],
        default_visibility=Visibility(row["default_visibility"]),
        privacy_lock=bool(row["privacy_lock"]),
        theme=row["theme"],
        descriptions=row["descriptions"],
        language=row["language"],
        own_css=row["own_css_version"],
        session_id=session_id,
        unread=int(row.get("unread", 0)),
        muted=row.get("muted") or "",
    )
