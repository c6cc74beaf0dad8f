"""Actors who are met at one time, written down together: one transaction and a fixed number of statements for all.

A storm of new followers brings hundreds a second, and a transaction for each would be most of the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from fedimark.database import Row, Script, atomically, insert_many, perform
from fedimark.here import here
from fedimark.remote import keyring, peers
from fedimark.remote.gathering import Gathering

MOST = 64  # actors in a group

_CACHE = "remote.meeting"
_WORDS = (
    *("uri", "kind", "username", "host", "site", "name", "summary", "url", "icon", "fields", "inbox", "shared_inbox"),
    *("outbox", "followers_uri", "key_id", "public_key", "private_key", "attributed_to"),
)
_ACTOR = {"uri_hash": "varchar", **dict.fromkeys(_WORDS, "text")}
_ACTOR |= {"approves_followers": "boolean", "indexable": "boolean"}
_ACTOR |= {"created_at": "bigint", "fetched_at": "bigint", "inbox_id": "bigint"}
_FIRST = ("uri_hash", "uri", "site", "private_key", "created_at")  # as they were when somebody was met first
_AS_NOW = ", ".join(f"{name} = excluded.{name}" for name in _ACTOR if name not in _FIRST)
_MEET = f"ON CONFLICT (uri_hash) DO UPDATE SET {_AS_NOW}, gone_at = NULL RETURNING *"


class Met(NamedTuple):
    """Somebody elsewhere as their own server described them: columns of `actor`, and the inbox that letters go to.

    `keys` are all usable keys as PEM by id, `named` the ids of all that the document names, `asserting` of those for
    proofs.
    """

    values: Mapping[str, object]
    inbox: str
    keys: Mapping[str, str]
    named: AbstractSet[str]
    asserting: AbstractSet[str]


async def met(somebody: Met) -> Row:
    """Keep somebody elsewhere, with their inbox, keys and server; returns their row once it is committed.

    Outside of every transaction. Raises Unavailable when the database cannot be written.
    """
    if _CACHE not in here().caches:
        here().caches[_CACHE] = Gathering(_kept, most=MOST)
    together: Gathering[Met, Row] = here().caches[_CACHE]
    return await together(somebody)


async def _kept(some: Sequence[Met]) -> list[Row | Exception]:
    """Write some of them together; where they fail by one of them, each by itself."""
    # Of two who read one document at one time, the later reading counts for both.
    by_hash = {str(each.values["uri_hash"]): each for each in some}
    try:
        rows = await atomically(lambda: perform(_writing([by_hash[key] for key in sorted(by_hash)])))
    except Exception as error:
        return [error] if len(some) == 1 else [(await _kept([each]))[0] for each in some]
    found = {row["uri_hash"]: row for row in rows}
    return [found[each.values["uri_hash"]] for each in some]


def _writing(some: Sequence[Met]) -> Script[list[Row]]:
    numbers = yield from peers.inbox_ids([each.inbox for each in some])
    actors = [{**each.values, "inbox_id": numbers[each.inbox]} for each in some]
    rows = yield from insert_many("actor", _ACTOR, actors, _MEET)
    by_hash = {row["uri_hash"]: row for row in rows}
    yield from keyring.replacing(
        [(by_hash[each.values["uri_hash"]], each.keys, each.named, each.asserting) for each in some]
    )
    yield from peers.meeting([str(each.values["uri"]) for each in some])
    return rows
