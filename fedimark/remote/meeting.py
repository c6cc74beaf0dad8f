"""Actors who are met at one time, written down together: one transaction and a fixed number of statements for all.

A storm of new followers brings hundreds a second, and a transaction for each would be most of the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any, NamedTuple

from fedimark import addresses
from fedimark.database import (
    Row,
    Script,
    Statement,
    ask,
    cells,
    go_first,
    insert_many,
    is_sqlite,
    performed,
    table,
    written,
)
from fedimark.remote import keyring, peers
from fedimark.remote.gathering import gathered

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
# Only a row that was there has been held before it was written, which its `xmax` tells.
_AGAIN = f"{_MEET}, xmax = 0 AS is_new"
_FOR_THE_FIRST_TIME = "ON CONFLICT (uri_hash) DO NOTHING RETURNING *"
_ON_POSTGRES = f"""
WITH inboxes AS ({{inboxes}}), met AS (
INSERT INTO actor ({", ".join(_ACTOR)})
SELECT {", ".join("i.id" if name == "inbox_id" else f"v.{name}" for name in _ACTOR)}
FROM {{actors}} v JOIN inboxes i ON i.hash = v.inbox_hash ORDER BY v.uri_hash
{{then}}) {{beside}}
SELECT * FROM met
"""
_BESIDE = {name: kind for name, kind in _ACTOR.items() if name != "inbox_id"} | {"inbox_hash": "varchar"}


class Met(NamedTuple):
    """Somebody elsewhere as their own server described them: columns of `actor`, and the inbox that letters go to.

    `keys` are all usable keys as PEM by id, `named` the ids of all that the document names, `asserting` of those for
    proofs. `is_known` where they had a row already, as far as is known: it saves a trip and decides nothing.
    """

    values: Mapping[str, object]
    inbox: str
    keys: Mapping[str, str]
    named: AbstractSet[str]
    asserting: AbstractSet[str]
    is_known: bool = False


async def met(somebody: Met) -> Row:
    """Keep somebody elsewhere, with their inbox, keys and server; returns their row once it is committed.

    Outside of every transaction. Raises Unavailable when the database cannot be written.
    """
    return await gathered(_CACHE, _kept, MOST)(somebody)


async def _kept(some: Sequence[Met]) -> list[Row | Exception]:
    """Write some of them together; where they fail by one of them, each by itself."""
    go_first()  # short, and waited for: by whoever is to be answered, or by the worker with what else it has to do
    # Of two who read one document at one time, the later reading counts for both.
    by_hash = {str(each.values["uri_hash"]): each for each in some}
    try:
        rows = await _written([by_hash[key] for key in sorted(by_hash)])
    except Exception as error:
        return [error] if len(some) == 1 else [(await _kept([each]))[0] for each in some]
    found = {row["uri_hash"]: row for row in rows}
    return [found[each.values["uri_hash"]] for each in some]


async def _written(some: Sequence[Met]) -> list[Row]:
    """Write some of them: strangers on PostgreSQL in one trip, which is their transaction."""
    strangers = [] if is_sqlite() else [each for each in some if not each.is_known]
    rows = await written(*_strangers(strangers)) if strangers else []
    done = {row["uri_hash"] for row in rows}
    if left := [each for each in some if each.values["uri_hash"] not in done]:
        rows += await performed(lambda: _writing(left))
    return rows


def _writing(some: Sequence[Met]) -> Script[list[Row]]:
    rows = yield from (_on_sqlite if is_sqlite() else _on_postgres)(some)
    new = {row["id"] for row in rows if row.pop("is_new", False)}
    by_hash = {row["uri_hash"]: row for row in rows}
    yield from keyring.replacing(
        [(by_hash[each.values["uri_hash"]], each.keys, each.named, each.asserting) for each in some], new
    )
    return rows


def _on_sqlite(some: Sequence[Met]) -> Script[list[Row]]:
    numbers = yield from peers.inbox_ids([each.inbox for each in some])
    yield from peers.meeting([str(each.values["uri"]) for each in some])
    actors = [{**each.values, "inbox_id": numbers[each.inbox]} for each in some]
    return (yield from insert_many("actor", _ACTOR, actors, _MEET))


def _on_postgres(some: Sequence[Met]) -> Script[list[Row]]:
    sql, *parameters = _statement(some, _AGAIN, [])
    return (yield from ask(sql, *parameters))


def _strangers(some: Sequence[Met]) -> tuple[Any, ...]:
    """The statement that writes those whom nobody has met, with all their keys, and its parameters."""
    return _statement(
        some, _FOR_THE_FIRST_TIME, keyring.of_new([(each.values, each.keys, each.asserting) for each in some], "met")
    )


def _statement(some: Sequence[Met], then: str, keys: Sequence[Statement]) -> tuple[Any, ...]:
    [(inboxes, of_inboxes)] = peers.inboxes([each.inbox for each in some])
    beside = [*peers.servers([str(each.values["uri"]) for each in some]), *keys]
    named = "".join(f", beside_{place} AS ({sql})" for place, (sql, _) in enumerate(beside))
    actors = [{**each.values, "inbox_hash": addresses.uri_hash(each.inbox)} for each in some]
    sql = _ON_POSTGRES.format(inboxes=inboxes, actors=table(_BESIDE), then=then, beside=named)
    return sql, *of_inboxes, *cells(_BESIDE, actors), *chain.from_iterable(parameters for _, parameters in beside)
