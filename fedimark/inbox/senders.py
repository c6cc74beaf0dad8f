"""Whose signatures held before, with their keys taken apart: bounded, and true as of when their row was read.

Nothing is believed on this alone: the row that is written on their word is written only where they are still as they
were met. (inbox.groups)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from fedimark.database import Row
from fedimark.here import MICROS, here, now, put_last
from fedimark.policy import blocks
from fedimark.signatures.keys import PublicKey, load_public

MOST = 10_000

_CACHE = "inbox.senders"
_HEARD_FOR = 60 * MICROS
_KEPT = ("id", "uri", "host", "inbox", "shared_inbox", "fetched_at", "local_name")


@dataclass(slots=True)
class Sender:
    """Somebody elsewhere and one key of theirs: proven to be theirs, of another server than this."""

    actor: Row
    key: PublicKey
    allowed_by: frozenset[str] | None = None
    heard_at: int = -_HEARD_FOR

    async def is_blocked(self) -> bool:
        """Whether they are of a blocked domain; looked up once for each state of the blocks."""
        hosts = await blocks.blocked_hosts()
        if hosts is self.allowed_by:
            return False
        if await blocks.is_blocked_actor(self.actor):
            return True
        self.allowed_by = hosts
        return False

    def is_at_ease(self, blocked: blocks.Domains | None) -> bool:
        """Whether they are known not to be of a blocked domain, and were heard within the last minute: nothing is to be
        asked, and nothing to be written down about them.
        """
        is_allowed = blocked is not None and blocked.hosts is self.allowed_by
        return is_allowed and self.heard_at > now() - _HEARD_FOR

    def is_heard_anew(self) -> bool:
        """Whether they were not heard within the last minute, as far as this key tells."""
        at = now()
        if self.heard_at > at - _HEARD_FOR:
            return False
        self.heard_at = at
        return True


def known(key_id: str) -> Sender | None:
    """Whose key this is, if it proved something a while ago."""
    return _senders().get(key_id)


def remember(owner: Row) -> None:
    """Keep the owner of a key that just proved something: a row with `key_id` and `public_key` of this very key."""
    if owner["suspended_at"] is None and owner["gone_at"] is None and owner["local_name"] is None:
        actor = {name: owner[name] for name in _KEPT}
        put_last(_senders(), owner["key_id"], Sender(actor, load_public(owner["public_key"])), MOST)


def forget(key_id: str) -> None:
    """Look in the rows again: something about the owner of this key has changed."""
    _senders().pop(key_id, None)


def _senders() -> dict[str, Sender]:
    return cast("dict[str, Sender]", here().caches.setdefault(_CACHE, {}))
