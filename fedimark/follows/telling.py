"""Telling people here who follows them, or asks to, and where those they follow went; inside `write()`."""

from __future__ import annotations

from fedimark.database import Row, perform
from fedimark.here import now
from fedimark.notifications.tell import Kind, Told, tell, telling


async def asked(follower_id: int, target: Row, state: str) -> None:
    """Somebody follows a person here, or asks to; who follows their tag is told only where it needs their yes."""
    if told := of_asking(follower_id, target, state):
        await perform(telling([told]))


def of_asking(follower_id: int, target: Row, state: str) -> Told | None:
    """What is to be told of that, if anything."""
    owner_id = target["owner_id"] or target["id"]
    subject = f"follow of {target['id']}"
    if state == "requested":
        return Told(owner_id, Kind.FOLLOW_REQUEST, follower_id, subject, None, now())
    return Told(owner_id, Kind.FOLLOW, follower_id, subject, None, now()) if owner_id == target["id"] else None


async def moved(reader_id: int, old: Row, new: Row) -> None:
    """Somebody whom a reader follows has another account now."""
    await tell(reader_id, Kind.MOVE, old["id"], new["uri"], at=now())
