"""The keys of actors elsewhere, as rows: the first with the actor, further ones beside. (FEP-521a)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from fedimark import addresses
from fedimark.database import (
    Row,
    Script,
    Statement,
    among,
    ask,
    cells,
    execute,
    fetch,
    fetch_one,
    insert_many,
    several,
    table,
)
from fedimark.remote.gathering import gathered
from fedimark.remote.sites import same_site
from fedimark.signatures.keys import BadKey, load_public
from fedimark.signatures.multikey import multikey_pem
from fedimark.vocab.keys import PublishedKey, read_keys
from fedimark.vocab.terms import Doc

_BY_ID = """
SELECT a.*, k.key_id AS its_id, k.public_key AS its_key
FROM actor_key k JOIN actor a ON a.id = k.actor_id WHERE k.key_id_hash = ?
"""
_ASSERTING = f"{_BY_ID} AND k.asserts"
_BY_EITHER = """
SELECT a.*, '' AS its_id, '' AS its_key FROM actor a WHERE a.uri_hash {some}
UNION ALL
SELECT a.*, k.key_id AS its_id, k.public_key AS its_key
FROM actor_key k JOIN actor a ON a.id = k.actor_id WHERE k.key_id_hash {some}
"""
_OWNERS = "remote.owners"
_MOST = 64  # keys looked up at once
_BY_ACTORS = "SELECT actor_id, key_id, public_key, asserts FROM actor_key WHERE actor_id"
_KEY = {"actor_id": "bigint", "key_id_hash": "varchar", "key_id": "text", "public_key": "text", "asserts": "boolean"}
_AS_NOW = """
ON CONFLICT (key_id_hash) DO UPDATE SET actor_id = excluded.actor_id, public_key = excluded.public_key,
    asserts = excluded.asserts
"""
_OF_ACTOR = {"uri_hash": "varchar", **{name: kind for name, kind in _KEY.items() if name != "actor_id"}}
_OF_NEW = f"""
INSERT INTO actor_key ({", ".join(_KEY)})
SELECT m.id, v.key_id_hash, v.key_id, v.public_key, v.asserts FROM {{keys}} v JOIN {{met}} m ON m.uri_hash = v.uri_hash
ORDER BY v.key_id_hash {_AS_NOW}
"""
_PUT = f"INSERT INTO actor_key ({', '.join(_KEY)}) VALUES (?, ?, ?, ?, ?) {_AS_NOW}"


async def known_owner(key_id: str) -> Row | None:
    """The row of the actor whose key this is known to be, with `key_id` and `public_key` of this very key.

    Outside of every transaction: those who ask at one time are answered by one statement.
    """
    return await gathered(_OWNERS, _known_owners, _MOST)(key_id)


async def _known_owners(key_ids: Sequence[str]) -> list[Row | Exception | None]:
    by_id = {key_id: addresses.uri_hash(key_id) for key_id in key_ids}
    actors = several({addresses.uri_hash(actor_of(key_id)) for key_id in by_id})
    rows = await fetch(_BY_EITHER.format(some=among("varchar")), actors, several(by_id.values()))
    # The first key counts where it leads to its actor, or anybody could name somebody else's as theirs.
    firsts = [
        row for row in rows if not row["its_id"] and row["uri_hash"] == addresses.uri_hash(actor_of(row["key_id"]))
    ]
    found = {row["its_id"]: row for row in rows if row["its_id"]}
    found |= {row["key_id"]: row | {"its_id": row["key_id"], "its_key": row["public_key"]} for row in firsts}
    return [_with_key(found.get(key_id)) for key_id in key_ids]


async def known_prover(key_id: str) -> Row | None:
    """As `known_owner`, of a key with which its owner proves documents: they name it under `assertionMethod`."""
    return _with_key(await fetch_one(_ASSERTING, addresses.uri_hash(key_id)))


def _with_key(found: Row | None) -> Row | None:
    if found is None or found["gone_at"] is not None:
        return None
    actor = {name: value for name, value in found.items() if name not in ("its_id", "its_key")}
    return actor | {"key_id": found["its_id"], "public_key": found["its_key"]}


def actor_of(key_id: str) -> str:
    """Where a key's id leads: to its actor, or to a document of its own."""
    return key_id.partition("#")[0]


def usable_keys(document: Doc, actor_id: str) -> dict[str, str]:
    """The keys that an actor's document publishes and that we can verify with, as PEM by id, in its order.

    Keys owned by others or on another site, and of kinds that we do not take, are passed over: nothing signed by
    them is believed.
    """
    theirs = [key for key in read_keys(document) if key.owner == actor_id and same_site(actor_id, key.id)]
    return {key.id: pem for key in theirs if (pem := pem_of(key))}


def pem_of(key: PublishedKey) -> str:
    """A published key as PEM, empty when we cannot use it."""
    try:
        pem = key.pem or multikey_pem(key.multibase)
        load_public(pem)
    except BadKey:
        return ""
    return pem


def replacing(
    some: Sequence[tuple[Row, Mapping[str, str], AbstractSet[str], AbstractSet[str]]],
    new: AbstractSet[int] = frozenset(),
) -> Script[None]:
    """Keep the further keys of some actors, in a script, as their documents have them now.

    Of each its row, all its usable keys as PEM by id, and the ids that its document names, of all keys and of those for
    proofs. A key with an address of its own stays when it was proven before and is still named. `new` are the ids of
    actors of whom nothing can be kept yet.
    """
    kept: list[Row] = []
    if old := [actor["id"] for actor, *_ in some if actor["id"] not in new]:
        kept = yield from ask(f"{_BY_ACTORS} {among()}", several(old))
    changed: dict[int, dict[str, tuple[str, bool]]] = {}
    for actor, keys, named, asserting in some:
        of_actor = [row for row in kept if row["actor_id"] == actor["id"]]
        known = {row["key_id"]: (row["public_key"], bool(row["asserts"])) for row in of_actor}
        wanted = _wanted(actor, keys, {each: pem for each, (pem, _) in known.items() if each in named}, asserting)
        if wanted != known:
            changed[actor["id"]] = wanted
    if not changed:
        return
    yield from ask(f"DELETE FROM actor_key WHERE actor_id {among()}", several(changed))
    rows = [{"actor_id": actor_id, **row} for actor_id, wanted in changed.items() for row in _rows(wanted)]
    yield from insert_many("actor_key", _KEY, _each_once(rows), _AS_NOW)


def of_new(some: Sequence[tuple[Mapping[str, Any], Mapping[str, str], AbstractSet[str]]], met: str) -> list[Statement]:
    """The same as a part of a statement on PostgreSQL, of actors of whom nothing is kept yet; none for no keys.

    Of each what its row will hold, its usable keys and those for proofs; `met` is the part that returns `id` and
    `uri_hash` of those who are new indeed, and of others nothing is kept.
    """
    rows = [
        {"uri_hash": actor["uri_hash"], **row}
        for actor, keys, asserting in some
        for row in _rows(_wanted(actor, keys, {}, asserting))
    ]
    if not rows:
        return []
    sql = _OF_NEW.format(keys=table(_OF_ACTOR), met=met)
    return [(sql, tuple(cells(_OF_ACTOR, _each_once(rows))))]


def _rows(wanted: Mapping[str, tuple[str, bool]]) -> Iterator[Row]:
    for key_id, (pem, asserts) in wanted.items():
        key = addresses.uri_hash(key_id)
        yield {"key_id_hash": key, "key_id": key_id, "public_key": pem, "asserts": asserts}


def _each_once(rows: Iterable[Row]) -> list[Row]:
    """In the order in which they are locked; of two with one id the later counts."""
    by_hash = {row["key_id_hash"]: row for row in rows}
    return [by_hash[key] for key in sorted(by_hash)]


def _wanted(
    actor: Mapping[str, Any], keys: Mapping[str, str], known: Mapping[str, str], asserting: AbstractSet[str]
) -> dict[str, tuple[str, bool]]:
    """The further keys of an actor, as PEM and whether for proofs; `known` are those that are still named."""
    proven = {key_id: keys.get(key_id, pem) for key_id, pem in known.items()}
    own = {key_id: pem for key_id, pem in keys.items() if actor_of(key_id) == actor["uri"]}
    return {
        key_id: (pem, key_id in asserting)
        for key_id, pem in (proven | own).items()
        if key_id != actor["key_id"] or key_id in proven or key_id in asserting
    }


def named_ids(document: Doc) -> set[str]:
    """The ids of all keys that an actor's document names."""
    return {key.id for key in read_keys(document)}


def asserting_ids(document: Doc) -> set[str]:
    """The ids of the keys that an actor's document names for proofs. (FEP-521a)"""
    return {key.id for key in read_keys(document) if key.multibase}


async def put_key(actor: Row, key_id: str, pem: str, document: Doc) -> None:
    """Keep one more key that is proven to be this actor's, as their document names it."""
    asserts = key_id in asserting_ids(document)
    await execute(_PUT, actor["id"], addresses.uri_hash(key_id), key_id, pem, asserts)
