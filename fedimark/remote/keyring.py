"""The keys of actors elsewhere, as rows: the first with the actor, further ones beside. (FEP-521a)"""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, execute, fetch, fetch_one
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
_BY_ACTOR = "SELECT key_id, public_key, asserts FROM actor_key WHERE actor_id = ?"
_DROP = "DELETE FROM actor_key WHERE actor_id = ?"
_PUT = """
INSERT INTO actor_key (actor_id, key_id_hash, key_id, public_key, asserts) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key_id_hash) DO UPDATE SET actor_id = excluded.actor_id, public_key = excluded.public_key,
    asserts = excluded.asserts
"""


async def known_owner(key_id: str) -> Row | None:
    """The row of the actor whose key this is known to be, with `key_id` and `public_key` of this very key."""
    actor = await fetch_one("SELECT * FROM actor WHERE uri_hash = ?", addresses.uri_hash(actor_of(key_id)))
    if actor is None or actor["key_id"] != key_id:
        return _with_key(await fetch_one(_BY_ID, addresses.uri_hash(key_id)))
    return actor if actor["gone_at"] is None else None


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


async def replace_keys(actor: Row, keys: dict[str, str], document: Doc) -> None:
    """Keep the further keys of an actor as their document has them now; inside `write()`.

    `keys` are all usable ones. A key with an address of its own stays when it was proven before and is still named.
    """
    rows = await fetch(_BY_ACTOR, actor["id"])
    known = {row["key_id"]: (row["public_key"], bool(row["asserts"])) for row in rows}
    named, asserting = {key.id for key in read_keys(document)}, asserting_ids(document)
    proven = {key_id: keys.get(key_id, pem) for key_id, (pem, _) in known.items() if key_id in named}
    own = {key_id: pem for key_id, pem in keys.items() if actor_of(key_id) == actor["uri"]}
    wanted = {
        key_id: (pem, key_id in asserting)
        for key_id, pem in (proven | own).items()
        if key_id != actor["key_id"] or key_id in proven or key_id in asserting
    }
    if wanted == known:
        return
    await execute(_DROP, actor["id"])
    for key_id, (pem, asserts) in wanted.items():
        await execute(_PUT, actor["id"], addresses.uri_hash(key_id), key_id, pem, asserts)


def asserting_ids(document: Doc) -> set[str]:
    """The ids of the keys that an actor's document names for proofs. (FEP-521a)"""
    return {key.id for key in read_keys(document) if key.multibase}


async def put_key(actor: Row, key_id: str, pem: str, document: Doc) -> None:
    """Keep one more key that is proven to be this actor's, as their document names it."""
    asserts = key_id in asserting_ids(document)
    await execute(_PUT, actor["id"], addresses.uri_hash(key_id), key_id, pem, asserts)
