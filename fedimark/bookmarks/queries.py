"""Reading bookmarks one at a time, or all of one owner's for a file."""

from __future__ import annotations

from fedimark.bookmarks.draft import Owner
from fedimark.database import Row, fetch, fetch_one
from fedimark.policy.visibility import Visibility
from fedimark.text import urls
from fedimark.text.works import page_of


async def owner_by_name(username: str) -> Owner | None:
    """A person with an account here, as the one who saves."""
    sql = """
    SELECT a.id, a.local_name, c.default_visibility, c.privacy_lock FROM actor a JOIN account c ON c.actor_id = a.id
    WHERE a.local_name = ? AND a.gone_at IS NULL
    """
    row = await fetch_one(sql, username)
    if row is None:
        return None
    return Owner(row["id"], row["local_name"], Visibility(row["default_visibility"]), bool(row["privacy_lock"]))


async def own_bookmark(owner: Owner, public_id: str) -> Row | None:
    """One of the owner's live bookmarks."""
    sql = "SELECT * FROM bookmark WHERE actor_id = ? AND public_id = ? AND removed_at IS NULL"
    return await fetch_one(sql, owner.actor_id, public_id)


async def removed_bookmark(owner: Owner, public_id: str) -> Row | None:
    """One of the owner's bookmarks that can still come back."""
    sql = "SELECT * FROM bookmark WHERE actor_id = ? AND public_id = ? AND removed_at IS NOT NULL"
    return await fetch_one(sql, owner.actor_id, public_id)


async def same_page(owner: Owner, url: str) -> list[Row]:
    """The owner's live bookmarks of the page a URL names, the exact spelling first."""
    sql = """
    SELECT b.* FROM bookmark b JOIN link l ON COALESCE(l.root_id, l.id) = b.link_id
    WHERE b.actor_id = ? AND l.hash = ? AND b.removed_at IS NULL AND b.is_local ORDER BY b.saved_at
    """
    found = await fetch(sql, owner.actor_id, urls.link_hash(page_of(url)))
    return sorted(found, key=lambda row: row["url"] != url)


async def export_page(owner: Owner, before: tuple[int, int] | None, limit: int = 500) -> list[Row]:
    """The owner's live bookmarks, newest first; the next page begins before the last row's (saved_at, id)."""
    sql = """
    SELECT * FROM bookmark WHERE actor_id = ? AND removed_at IS NULL AND (saved_at, id) < (?, ?)
    ORDER BY saved_at DESC, id DESC LIMIT ?
    """
    return await fetch(sql, owner.actor_id, *(before or (2**62, 0)), limit)


async def counts() -> dict[str, int]:
    """How many live bookmarks of people here and from elsewhere, and how many links."""
    sql = """
    SELECT (SELECT count(*) FROM bookmark WHERE is_local AND removed_at IS NULL) AS bookmarks_local,
    (SELECT count(*) FROM bookmark WHERE NOT is_local AND removed_at IS NULL) AS bookmarks_remote,
    (SELECT count(*) FROM link l WHERE EXISTS
        (SELECT 1 FROM bookmark b WHERE b.link_id = l.id AND b.removed_at IS NULL)) AS links
    """
    row = await fetch_one(sql)
    return {name: int(number) for name, number in (row or {}).items()}


async def public_counts() -> dict[str, int]:
    """How many people save here and how many public bookmarks everybody may see, for the front page."""
    sql = """
    SELECT (SELECT count(*) FROM account c JOIN actor a ON a.id = c.actor_id WHERE a.suspended_at IS NULL) AS people,
    (SELECT COALESCE(sum(amount), 0) FROM tally y JOIN actor a ON a.id = y.owner_id
        WHERE y.tag_id = 0 AND y.visibility = 3 AND a.local_name IS NOT NULL AND a.suspended_at IS NULL) AS bookmarks
    """
    row = await fetch_one(sql)
    return {name: int(number) for name, number in (row or {}).items()}
