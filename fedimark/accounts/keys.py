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

_NAMES = ("key", "ed25519-key")
_ROTATE = """
UPDATE actor SET key_id = ?, public_key = ?, private_key = ?,
    proof_key_id = ?, proof_public_key = ?, proof_private_key = ?
WHERE id = ? AND local_name = ? AND kind = 'Person' AND gone_at IS NULL RETURNING *
"""


async def rotate(actor: Row) -> Row:
    """Give a person of this server new keys under new ids, tell their followers' servers, and return the new row.

    The old keys sign nothing more: what waits to be sent is signed when it is sent, and proofs made before prove
    nothing from now on. Peers meet the new ids, ask for them, and find them in the actor's document. Raises NotFound
    for anybody else.
    """
    keys = await run_heavy(make_keys)
    name = actor["local_name"] or ""
    key_id, proof_key_id = (addresses.key_id(addresses.person(name), f"{each}-{here().new_id()}") for each in _NAMES)
    async with write():
        values = (
            key_id,
            keys.public_key,
            keys.private_key,
            proof_key_id,
            keys.proof_public_key,
            keys.proof_private_key,
        )
        rows = await fetch(_ROTATE, *values, actor["id"], name)
        if not rows:
            raise NotFound
        await person_changed(rows[0])
    here().wake.set()
    log.info(ACCOUNT_KEY_ROTATED, name=name)
    return rows[0]
