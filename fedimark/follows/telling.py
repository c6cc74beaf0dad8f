"""Telling people here who follows them, or asks to, and where those they follow went; inside `write()`."""

from __future__ import annotations

from fedimark.database import Row
from fedimark.here import now
from fedimark.notifications.tell import Kind, tell


async def asked(follower_id: int, target: Row, state: str) -> None:
    """Somebody follows a person here, or asks to; who follows their tag is told only where it needs their yes."""
    owner_id = target["owner_id"] or target["id"]
    subject = f"follow of {target['id']}"
    if state == "requested":
        await tell(owner_id, Kind.FOLLOW_REQUEST, follower_id, subject, at=now())
    elif owner_id == target["id"]:
        await tell(owner_id, Kind.FOLLOW, follower_id, subject, at=now())


async def moved(reader_id: int, old: Row, new: Row) -> None:
    """Somebody whom a reader follows has another account now."""
    await tell(reader_id, Kind.MOVE, old["id"], new["uri"], at=now())
