"""Whether this server speaks to others: a restored or copied one does not, until an admin lets it.

A row says so, for every process. While muted nothing is sent and nobody is asked; what comes in is taken in, people
here go on, and what others must hear waits in its rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fedimark.database import execute, fetch_one
from fedimark.here import MICROS, here, now
from fedimark.language.said import _
from fedimark.logs import SERVER_MUTED, SERVER_SPEAKS, log

RESTORED: Final = "restored"  # from a backup
COPIED: Final = "copied"  # its database stands elsewhere than it was made
OLDER: Final = "older"  # its database knows less than its data directory remembers
MOVED: Final = "moved"  # another database took its place
ASKED: Final = "asked"  # by an admin

WORDS: Mapping[str, str] = MappingProxyType(
    {
        RESTORED: _("it was restored from a backup"),
        COPIED: _("its database is a copy, or was moved by hand"),
        OLDER: _("its database is older than what this directory remembers of it"),
        MOVED: _("its rows were moved to another database"),
        ASKED: _("an admin asked for it"),
    }
)

FACT: Final = "muted"
_FRESH = MICROS // 2
_CACHE = "policy.muted"
_MUTE = "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"


@dataclass(frozen=True, slots=True)
class Muted:
    """Why a server says nothing, and since when, in microseconds since 1970, UTC."""

    why: str
    since: int


async def is_muted() -> bool:
    """Whether this server says nothing to others just now; asks the database at most twice a second."""
    return await muted() is not None


async def muted() -> Muted | None:
    """Why this server says nothing and since when, or None when it speaks; as fresh as `is_muted`."""
    caches, moment = here().caches, now()
    asked_at, known = caches.get(_CACHE, (None, None))
    if asked_at is None or not 0 <= moment - asked_at < _FRESH:
        if asked_at is not None and asked_at < moment:
            # Lanes ask all at once, and one of them is enough: the others go by what was known until now.
            caches[_CACHE] = (moment, known)
        row = await fetch_one("SELECT value FROM fact WHERE name = ?", FACT)
        known = read_muted(row["value"]) if row else None
        caches[_CACHE] = (moment, known)
    found: Muted | None = known
    return found


async def mute(why: str) -> None:
    """Say nothing from now on; one that is muted already stays so for its first reason. Inside `write()` or not."""
    await execute(_MUTE, FACT, f"{why} {now()}")
    here().caches.pop(_CACHE, None)
    log.warning(SERVER_MUTED, why=why)


async def unmute() -> None:
    """Speak again; other processes of this server follow within a second."""
    await execute("DELETE FROM fact WHERE name = ?", FACT)
    here().caches.pop(_CACHE, None)
    log.info(SERVER_SPEAKS)


def read_muted(value: str) -> Muted:
    """What the row says."""
    why, _, since = value.partition(" ")
    return Muted(why, int(since) if since.isascii() and since.isdigit() else 0)


def words_of(why: str) -> str:
    """A reason as half a sentence."""
    return WORDS.get(why, why)
