"""Whose key that is: known, or asked of the server that its id names."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row
from fedimark.remote import guard, keyring
from fedimark.remote.budget import for_unproven
from fedimark.remote.fetch import fetch_document
from fedimark.remote.flights import raise_again, remembering_failure, together
from fedimark.remote.known import local_actor
from fedimark.remote.profile import store_actor
from fedimark.remote.signing import key_id_of
from fedimark.remote.sites import same_site
from fedimark.vocab.keys import PublishedKey, read_key_document, read_keys
from fedimark.vocab.terms import Doc


async def owner_of_key(key_id: str) -> Row:
    """The actor who signs with this key, with `key_id` and `public_key` of this very key: known, else fetched.

    The key's owner is the actor and the actor names the key, whichever of the two its id leads to. What failed a
    moment ago fails again without asking. Whoever asks is not proven yet: what is fetched is counted, and Postponed is
    raised when the host was asked enough. Raises as `find_actor`.
    """
    if addresses.local_path(key_id) is not None:
        row = await local_actor(keyring.actor_of(key_id))
        return row if key_id_of(row) == key_id else _mismatch(key_id)
    return await together(f"owner {key_id}", lambda: _known_or_fetched(key_id))


async def _known_or_fetched(key_id: str) -> Row:
    """Look and ask in one: whoever looked by themselves just before an answer was stored would ask once more."""
    known = await keyring.known_owner(key_id)
    if known is not None:
        return known
    raise_again(f"key {key_id}")
    return await refetched_owner(key_id)


async def refetched_owner(key_id: str) -> Row:
    """As `owner_of_key`, but asked now, whatever is known: keys change. Calls at one time share one fetch."""
    name = f"key {key_id}"
    return await together(name, lambda: remembering_failure(name, lambda: _owner(key_id)))


async def prover_of_key(key_id: str) -> Row:
    """As `owner_of_key`, of a key with which an actor elsewhere proves documents; no other key is one."""
    if (known := await keyring.known_prover(key_id)) is not None:
        return known
    await owner_of_key(key_id)
    return await keyring.known_prover(key_id) or _mismatch(key_id)


async def refetched_prover(key_id: str) -> Row:
    """As `prover_of_key`, but asked now, whatever is known."""
    await refetched_owner(key_id)
    return await keyring.known_prover(key_id) or _mismatch(key_id)


async def _owner(key_id: str) -> Row:
    document = await fetch_document(keyring.actor_of(key_id), for_unproven)
    key = read_key_document(document, key_id)
    if key is None:
        owner = await store_actor(document, for_unproven)
        if owner["key_id"] == key_id and keyring.actor_of(key_id) == owner["uri"]:
            return owner
        await _prove(owner, key_id, keyring.usable_keys(document, str(document["id"])), document)
    else:
        if not same_site(key_id, key.owner):
            raise guard.refused("key-owner", key_id)
        document = await fetch_document(key.owner, for_unproven)
        await _prove(await store_actor(document, for_unproven), key_id, _confirmed(key, document), document)
    return await keyring.known_owner(key_id) or _mismatch(key_id)


async def _prove(actor: Row, key_id: str, keys: dict[str, str], document: Doc) -> None:
    """Keep a key with an address of its own, now that the address has led to the actor and the actor to the key."""
    if keyring.actor_of(key_id) != actor["uri"] and key_id in keys:
        await keyring.put_key(actor, key_id, keys[key_id], document)


def _confirmed(key: PublishedKey, owner: Doc) -> dict[str, str]:
    """The key a document of its own shows, where its owner names it or publishes the same one under another id."""
    usable = keyring.usable_keys(owner, key.owner)
    if key.id in usable:
        return usable
    pem = keyring.pem_of(key)
    is_named = any(each.id == key.id and not each.owner for each in read_keys(owner))
    is_same = pem.split() in [each.split() for each in usable.values()]
    return {key.id: pem} if pem and (is_named or is_same) else {}


def _mismatch(key_id: str) -> Row:
    raise guard.refused("key-mismatch", key_id)
