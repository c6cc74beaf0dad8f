"""Signing what leaves, at the moment it leaves, as one of this server's actors. (PROTOCOL §1.3)"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from fedimark import addresses
from fedimark.database import Row, fetch_one
from fedimark.errors import Unavailable
from fedimark.here import here, now
from fedimark.signatures import cavage
from fedimark.signatures.keys import PrivateKey, load_private
from fedimark.signatures.message import Message, http_date

INSTANCE_NAME = ".instance"  # no person can have it

_SIGNERS = 2  # threads; RSA lets go of the interpreter while it counts (STACK §3)
_KEPT_KEYS = 1_024


async def signed(signer: Row, message: Message) -> dict[str, str]:
    """The headers that sign `message` as `signer`, a row of `actor` with its private key, dated now.

    `message` holds host, and content-type where it has a body. Raises Unavailable when the row has no key.
    """
    if not signer["private_key"]:
        raise Unavailable("This actor has no key to sign with.")
    key = _keys()(signer["private_key"])
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads(), cavage.sign, message, key_id_of(signer), key, http_date(now()))


def key_id_of(signer: Row) -> str:
    """The id of the key of one of our actors."""
    name = signer["local_name"]
    return addresses.key_id(addresses.INSTANCE_ACTOR if name == INSTANCE_NAME else addresses.person(name))


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


def _keys() -> Callable[[str], PrivateKey]:
    caches = here().caches
    if "remote.keys" not in caches:
        caches["remote.keys"] = lru_cache(maxsize=_KEPT_KEYS)(load_private)
    keys: Callable[[str], PrivateKey] = caches["remote.keys"]
    return keys


def _threads() -> ThreadPoolExecutor:
    # Not the loop's own: names that never resolve keep those threads busy.
    caches = here().caches
    if "remote.signers" not in caches:
        caches["remote.signers"] = ThreadPoolExecutor(_SIGNERS, thread_name_prefix="sign")
    threads: ThreadPoolExecutor = caches["remote.signers"]
    return threads
