"""Telling somebody here what another did, in the transaction that takes it in.

What is told is decided twice. Here what nobody wants to hear is not written down. Whoever reads it asks the rows it
points at once more, for what happened may end, become private, or be done by somebody who is blocked later: so nothing
has to be remembered to be taken back. (notifications.standing)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from fedimark import addresses
from fedimark.database import Script, ask, cells, execute, perform, table
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


class Told(NamedTuple):
    """One thing to tell, as `tell` takes it."""

    owner_id: int
    kind: Kind
    actor_id: int
    subject: str
    bookmark_id: int | None
    at: int


MOST_A_DAY: Final = 500  # of one kind; a storm tells no more
MOST_KEPT: Final = 2_000  # of one person
DAY: Final = 86_400 * MICROS

# Kinds of which many are told in one line: of each bookmark on each day.
_TOGETHER: Final = frozenset({Kind.FOLLOW, Kind.COPY, Kind.LIKE, Kind.SHARE})
_HASH = re.compile(r"[0-9a-f]{40}")
_TOLD = {"owner_id": "bigint", "kind": "smallint", "actor_id": "bigint", "subject": "varchar", "bookmark_id": "bigint"}
_TOLD |= {"bundle": "varchar", "day": "int", "at": "bigint", "place": "bigint", "turn": "bigint"}
_TELL = f"""
INSERT INTO notification (owner_id, kind, actor_id, subject, bookmark_id, bundle, day, at)
SELECT c.actor_id, v.kind, a.id, v.subject, v.bookmark_id, v.bundle, v.day, v.at
FROM {{told}} v JOIN account c ON c.actor_id = v.owner_id JOIN actor o ON o.id = c.actor_id
JOIN actor a ON a.id = v.actor_id
WHERE a.id <> c.actor_id AND o.gone_at IS NULL AND o.suspended_at IS NULL
AND a.gone_at IS NULL AND a.suspended_at IS NULL AND (c.unwanted_kinds & (1 << v.kind)) = 0
AND {not_hidden("a.id").replace("?", "c.actor_id")} AND {no_block_between("a.id", "c.actor_id")}
AND (SELECT count(*) FROM notification n WHERE n.owner_id = c.actor_id AND n.kind = v.kind AND n.day = v.day)
    + v.place < {MOST_A_DAY}
ORDER BY v.turn ON CONFLICT (kind, actor_id, subject, owner_id) DO NOTHING RETURNING owner_id
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
    await perform(telling([Told(owner_id, kind, actor_id, subject, bookmark_id, at)]))


def telling(some: Sequence[Told]) -> Script[None]:
    """As `tell`, of many things at one time, in a script."""
    if not some:
        return
    day, places, rows = now() // DAY, Counter[tuple[int, Kind]](), []
    for each in some:
        name = named(each.subject)
        bundle = f"{each.bookmark_id or 0}:{day}" if each.kind in _TOGETHER else name
        # Those before it at this time count for the day as if they stood there.
        place = places[each.owner_id, each.kind]
        places[each.owner_id, each.kind] += 1
        rows.append(each._asdict() | {"kind": int(each.kind), "subject": name, "bundle": bundle})
        rows[-1] |= {"day": day, "place": place, "turn": len(rows)}
    told = yield from ask(_TELL.format(told=table(_TOLD)), *cells(_TOLD, rows))
    for owner_id in sorted({row["owner_id"] for row in told}):
        yield from ask(_MAKE_ROOM, owner_id, owner_id, MOST_KEPT)


async def untell(kind: Kind, actor_id: int, subject: str) -> None:
    """Take back what was told to whomever, inside `write()`; what was not told is fine."""
    await execute(_UNTELL, int(kind), actor_id, named(subject))


def named(subject: str) -> str:
    """What is kept of a subject: an id's hash, which may be given as well."""
    return subject if _HASH.fullmatch(subject) else addresses.uri_hash(subject)
