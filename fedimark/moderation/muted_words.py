"""Words, tags and servers that a reader mutes: written here, obeyed wherever `policy.mutes` is asked."""

from __future__ import annotations

from fedimark.database import atomically, execute, fetch_one
from fedimark.errors import NotFound, Refused
from fedimark.follows.request import Reader
from fedimark.here import here, now
from fedimark.language.said import _
from fedimark.moderation.mutes import check_until
from fedimark.policy import hosts, mutes
from fedimark.text import tags
from fedimark.timelines.merge import hold

_PUT = """
INSERT INTO mute (owner_id, kind, value, until, created_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (owner_id, kind, value) DO UPDATE SET until = excluded.until
"""
_AMOUNT = "SELECT count(*) AS amount FROM mute WHERE owner_id = ? AND kind = ? AND value <> ?"
_DROP = "DELETE FROM mute WHERE owner_id = ? AND kind = ? AND value = ?"


async def put(reader: Reader, kind: str, typed: str, until: int | None) -> None:
    """Mute a word, a tag or a server, until a moment or for good; said again, what was said last counts.

    Raises Refused for the fields `kind`, `value` and `until`.
    """
    check_until(until)
    value = folded(kind, typed)
    await atomically(lambda: _put(reader.actor_id, kind, value, until))


async def drop(reader: Reader, kind: str, typed: str) -> None:
    """Mute it no more. Raises Refused, NotFound."""
    if not await execute(_DROP, reader.actor_id, kind, folded(kind, typed)):
        raise NotFound("That is not muted.")


def folded(kind: str, typed: str) -> str:
    """What was typed as it is kept and compared. Raises Refused for the fields `kind` and `value`."""
    if kind not in mutes.KINDS:
        raise Refused("Choose whether it is a word, a tag or a server.", field="kind")
    if len(typed) > 2 * mutes.LONGEST:
        raise _too_long()
    value = {mutes.WORD: _word, mutes.TAG: _tag, mutes.SERVER: _server}[kind](typed)
    if len(value) > mutes.LONGEST:
        raise _too_long()
    return value


async def _put(owner_id: int, kind: str, value: str, until: int | None) -> None:
    await hold("actor", owner_id)
    row = await fetch_one(_AMOUNT, owner_id, kind, value)
    if row and row["amount"] >= mutes.MOST:
        raise Refused(_("%(most)s of one kind are the most: take some back first.", most=mutes.MOST), field="value")
    await execute(_PUT, owner_id, kind, value, until, now())


def _word(typed: str) -> str:
    value = mutes.fold(typed)
    if not value:
        raise Refused("Type a word, or a few.", field="value")
    return value


def _tag(typed: str) -> str:
    value = tags.key(typed.strip().removeprefix("#"))
    if not value.strip(".") or any(sign in typed.strip() for sign in (" ", ",", "\t", "\n")):
        raise Refused("Type one tag.", field="value")
    return value


def _server(typed: str) -> str:
    value = hosts.normal(typed.strip().rpartition("@")[2])
    if not value or "." not in value:
        raise Refused("Type the name of a server, like marks.example.", field="value")
    if value in (here().settings.host, here().settings.handles_at):
        raise Refused("That is this server: mute its people one by one.", field="value")
    return value


def _too_long() -> Refused:
    return Refused(_("At most %(most)s characters.", most=mutes.LONGEST), field="value")
