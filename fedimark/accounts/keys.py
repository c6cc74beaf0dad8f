"""New keys for people of this server."""

from __future__ import annotations

from fedimark import addresses
from fedimark.accounts.register import make_keys
from fedimark.accounts.threads import run_heavy
from fedimark.database import Row, fetch, write
from fedimark.errors import NotFound
from fedimark.here import here
from fedimark.logs import ACCOUNT_KEY_ROTATED, log
from fedimark.outbox.publish import person_changed

_ROTATE = """
UPDATE actor SET key_id = ?, public_key = ?, private_key = ?
WHERE id = ? AND local_name = ? AND kind = 'Person' AND gone_at IS NULL RETURNING *
"""


async def rotate(actor: Row) -> Row:
    """Give a person of this server a new key under a new id, tell their followers' servers, and return the new row.

    The old key signs nothing more: what waits to be sent is signed when it is sent. Peers meet the new id, ask for
    it, and find it in the actor's document. Raises NotFound for anybody else.
    """
    keys = await run_heavy(make_keys)
    name = actor["local_name"] or ""
    key_id = addresses.key_id(addresses.person(name), f"key-{here().new_id()}")
    async with write():
        rows = await fetch(_ROTATE, key_id, keys.public_key, keys.private_key, actor["id"], name)
        if not rows:
            raise NotFound
        await person_changed(rows[0])
    here().wake.set()
    log.info(ACCOUNT_KEY_ROTATED, name=name)
    return rows[0]
