"""Telling somebody here what another did, in the transaction that takes it in.

What is told is decided twice. Here what nobody wants to hear is not written down. Whoever reads it asks the rows it
points at once more, for what happened may end, become private, or be done by somebody who is blocked later: so nothing
has to be remembered to be taken back. (notifications.standing)
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from fedimark import addresses
from fedimark.database import execute, fetch
from fedimark.here import MICROS, now
from fedimark.policy.blocks import no_block_between, not_hidden


class Kind(IntEnum):
    """What somebody did; `subject` names it once, and a reader finds it by what stands behind it.

    The number is what the database holds, and its bit in `account.unwanted_kinds`.
    """

    FOLLOW = 0  # the follower's id; the accepted row of `follow`
    FOLLOW_REQUEST = 1  # the same; the row that waits
    COPY = 2  # the copy's id; a bookmark of its page by them with a `via`. `bookmark_id`: what was copied
    REPLY = 3  # the reply's id; the row of `remark`. `bookmark_id`: what it is about
    REMARK = 4  # the same
    LIKE = 5  # what names the bookmark; the row of `reaction`. `bookmark_id`: what is liked
    SHARE = 6  # the same; the row of `share`
    LINK = 7  # the id of the Note; the row of `link_for_you`
    MOVE = 8  # the new account's id; who moved is the actor


MOST_A_DAY: Final = 500  # of one kind; a storm tells no more
MOST_KEPT: Final = 2_000  # of one person
DAY: Final = 86_400 * MICROS

# Kinds of which many are told in one line: of each bookmark on each day.
_TOGETHER: Final = frozenset({Kind.FOLLOW, Kind.COPY, Kind.LIKE, Kind.SHARE})
_HASH = re.compile(r"[0-9a-f]{40}")
_TELL = f"""
INSERT INTO notification (owner_id, kind, actor_id, subject, bookmark_id, bundle, day, at)
SELECT c.actor_id, CAST(? AS SMALLINT), a.id, CAST(? AS VARCHAR(40)), CAST(? AS BIGINT), CAST(? AS VARCHAR(40)),
    CAST(? AS INT), CAST(? AS BIGINT)
FROM account c JOIN actor o ON o.id = c.actor_id JOIN actor a ON a.id = ?
WHERE c.actor_id = ? AND a.id <> c.actor_id AND o.gone_at IS NULL AND o.suspended_at IS NULL
AND a.gone_at IS NULL AND a.suspended_at IS NULL AND (c.unwanted_kinds & CAST(? AS INT)) = 0
AND {not_hidden("a.id").replace("?", "c.actor_id")} AND {no_block_between("a.id", "c.actor_id")}
AND (SELECT count(*) FROM notification n WHERE n.owner_id = c.actor_id AND n.kind = ? AND n.day = ?) < ?
ON CONFLICT (kind, actor_id, subject, owner_id) DO NOTHING RETURNING id
"""
# Newer ones push the oldest out.
_MAKE_ROOM = """
DELETE FROM notification WHERE owner_id = ? AND id < (SELECT min(id) FROM (
    SELECT id FROM notification WHERE owner_id = ? ORDER BY id DESC LIMIT ?) newest)
"""
_UNTELL = "DELETE FROM notification WHERE kind = ? AND actor_id = ? AND subject = ?"


async def tell(
    owner_id: int, kind: Kind, actor_id: int, subject: str, *, bookmark_id: int | None = None, at: int
) -> None:
    """Let somebody here know what another did, inside `write()`; told twice it is told once.

    `owner_id` and `actor_id` are rows of `actor`, `subject` is an id or its `addresses.uri_hash`, `at` microseconds
    since 1970 UTC. Nothing is told to people elsewhere, of oneself, of who is blocked, muted or suspended, nor of a
    kind its owner wants nothing of.
    """
    name, day = named(subject), now() // DAY
    bundle = f"{bookmark_id or 0}:{day}" if kind in _TOGETHER else name
    said = (int(kind), name, bookmark_id, bundle, day, at)
    if await fetch(_TELL, *said, actor_id, owner_id, 1 << kind, int(kind), day, MOST_A_DAY):
        await execute(_MAKE_ROOM, owner_id, owner_id, MOST_KEPT)


async def untell(kind: Kind, actor_id: int, subject: str) -> None:
    """Take back what was told to whomever, inside `write()`; what was not told is fine."""
    await execute(_UNTELL, int(kind), actor_id, named(subject))


def named(subject: str) -> str:
    """What is kept of a subject: an id's hash, which may be given as well."""
    return subject if _HASH.fullmatch(subject) else addresses.uri_hash(subject)
