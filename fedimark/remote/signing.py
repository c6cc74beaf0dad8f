"""Signing what leaves, at the moment it leaves, as one of this server's actors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache, partial
from typing import TypeAlias

from fedimark import addresses
from fedimark.database import Row, fetch_one
from fedimark.errors import Unavailable
from fedimark.here import MICROS, here, now
from fedimark.remote.gathering import Gathering
from fedimark.signatures import cavage, rfc9421
from fedimark.signatures.keys import PrivateKey, load_private
from fedimark.signatures.message import Message, http_date

INSTANCE_NAME = ".instance"  # no person can have it

_Work: TypeAlias = Callable[[], dict[str, str]]

_SIGNERS = 2  # threads; RSA lets go of the interpreter while it counts
_AT_ONCE = 8  # signatures that one thread makes before it tells of them
_KEPT_KEYS = 1_024


class Way(StrEnum):
    """How a request can be signed; `WITHOUT_QUERY` is draft-cavage over the path alone."""

    CAVAGE = "cavage"
    RFC9421 = "rfc9421"
    WITHOUT_QUERY = "without-query"


async def signed(signer: Row, message: Message, way: Way = Way.CAVAGE, url: str = "") -> dict[str, str]:
    """The headers that sign `message` as `signer`, a row of `actor` with its private key, dated now.

    `message` holds host, and content-type where it has a body; `url` is the whole address, which RFC 9421 signs.
    Raises Unavailable when the row has no key.
    """
    pem = await private_key_of(signer)
    if not pem:
        raise Unavailable("This actor has no key to sign with.")
    key, key_id = private_key(pem), key_id_of(signer)
    if way is Way.RFC9421:
        work = partial(rfc9421.sign, message, key_id, key, target_uri=url, created=now() // MICROS)
    else:
        bare = replace(message, target=message.target.partition("?")[0]) if way is Way.WITHOUT_QUERY else message
        work = partial(cavage.sign, bare, key_id, key, http_date(now()))
    # Somebody waits for what is asked: to go to a thread and come back, past all letters, takes many signatures' time.
    return await _signers()(work) if message.body else work()


async def private_key_of(signer: Row) -> str:
    """The private key of one of our actors as PEM, empty where there is none; of tags and digests the server's."""
    keeper = await instance_actor() if is_kept(signer) else signer
    return str(keeper["private_key"])


def is_kept(actor: Row) -> bool:
    """Whether an actor of this server is no person: a tag or a digest, whose id is its `url`, and without a key."""
    return actor["tag_id"] is not None or bool(actor["owner_id"])


def key_id_of(signer: Row) -> str:
    """The id of the key of one of our actors: its first key's, until it was rotated; each tag's is its own."""
    if is_kept(signer):
        return addresses.key_id_at(signer["url"])
    return str(signer["key_id"]) or addresses.key_id(_path_of(signer))


def proof_key_id_of(signer: Row) -> str:
    """The id of the key with which one of our actors proves documents, likewise."""
    return str(signer["proof_key_id"] or addresses.key_id(_path_of(signer), "ed25519-key"))


def _path_of(signer: Row) -> str:
    name = signer["local_name"]
    return addresses.INSTANCE_ACTOR if name == INSTANCE_NAME else addresses.person(name)


async def instance_actor() -> Row:
    """The actor that asks in this server's own name; raises Unavailable before the first start has made it."""
    caches = here().caches
    if "remote.instance" not in caches:
        row = await fetch_one("SELECT * FROM actor WHERE local_name = ?", INSTANCE_NAME)
        if row is None:
            raise Unavailable("This server has not been set up yet.")
        caches["remote.instance"] = row
    found: Row = caches["remote.instance"]
    return found


def private_key(pem: str) -> PrivateKey:
    """A key of this server, read from PEM once. Raises BadKey."""
    return _keys()(pem)


def _keys() -> Callable[[str], PrivateKey]:
    caches = here().caches
    if "remote.keys" not in caches:
        caches["remote.keys"] = lru_cache(maxsize=_KEPT_KEYS)(load_private)
    keys: Callable[[str], PrivateKey] = caches["remote.keys"]
    return keys


def _signers() -> Gathering[_Work, dict[str, str]]:
    caches = here().caches
    if "remote.signers" not in caches:
        # Not the loop's own: names that never resolve keep those threads busy.
        threads = ThreadPoolExecutor(_SIGNERS, thread_name_prefix="sign")

        async def sign(some: Sequence[_Work]) -> list[dict[str, str] | Exception]:
            return await asyncio.get_running_loop().run_in_executor(threads, _done, some)

        # To go to a thread and come back costs a tenth of a signature: those that wait go together.
        caches["remote.signers"] = Gathering(sign, most=_AT_ONCE, at_once=_SIGNERS)
    signers: Gathering[_Work, dict[str, str]] = caches["remote.signers"]
    return signers


def _done(some: Sequence[_Work]) -> list[dict[str, str] | Exception]:
    done: list[dict[str, str] | Exception] = []
    for work in some:
        try:
            done.append(work())
        except Exception as error:
            done.append(error)
    return done
