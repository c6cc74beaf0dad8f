"""Taking a person for a transaction, so that two changes of their bookmarks go one after the other."""

from __future__ import annotations

from dataclasses import replace

from fedimark.bookmarks.draft import Owner
from fedimark.database import Script, ask, perform
from fedimark.errors import Forbidden, Gone
from fedimark.language.said import _
from fedimark.timelines.merge import holding

_LOCK = """
SELECT c.privacy_lock, c.no_replies, a.suspended_at, a.moved_to FROM actor a JOIN account c ON c.actor_id = a.id
WHERE a.id = ? AND a.gone_at IS NULL
"""


async def hold_owner(owner: Owner) -> Owner:
    """Take the owner for this transaction.

    Returns the owner with the Privacy Lock and other choices as they are now: it may have been closed since they
    signed in. Raises Gone: nothing is saved for somebody who has left; Forbidden: nor for somebody suspended.
    """
    held, _ = await perform(_holding(owner))
    return held


async def hold_saver(owner: Owner) -> Owner:
    """The same for who saves or writes something new. Raises Forbidden also for who moved to another account."""
    return await perform(holding_saver(owner))


def holding_saver(owner: Owner) -> Script[Owner]:
    """The same in a script."""
    held, moved_to = yield from _holding(owner)
    if moved_to:
        raise moved_away(moved_to)
    return held


def moved_away(moved_to: str) -> Forbidden:
    """That nothing new comes to an account whose owner is somewhere else now."""
    return Forbidden(_("This account moved to %(there)s: nothing new is saved here.", there=moved_to))


def _holding(owner: Owner) -> Script[tuple[Owner, str]]:
    yield from holding("actor", owner.actor_id)
    row = next(iter((yield from ask(_LOCK, owner.actor_id))), None)
    if row is None:
        raise Gone("This account is gone.")
    if row["suspended_at"] is not None:
        raise Forbidden("This account is suspended.")
    held = replace(owner, privacy_lock=bool(row["privacy_lock"]), no_replies=bool(row["no_replies"]))
    return held, row["moved_to"]
