"""What we say about blocks: to the blocked person's own inbox and nobody else, as rows inside `write()`."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, execute
from fedimark.delivery.enqueue import say
from fedimark.here import here
from fedimark.outbox import documents, ids

# Into their own inbox only: others may read the same shared one.
_WITHHOLD = """
DELETE FROM delivery WHERE inbox_hash = ? AND dead_at IS NULL
AND activity_id IN (SELECT id FROM activity WHERE actor_id = ? AND kind IN ('Create', 'Update', 'Announce', 'Like'))
AND NOT EXISTS (SELECT 1 FROM actor WHERE shared_inbox = ?)
"""


async def say_block(blocker: Row, blocked: Row, block_id: str) -> None:
    """Tell somebody elsewhere that they are blocked, so that their server keeps them away; `block_id` names it."""
    name = blocker["local_name"]
    document = documents.block(name, block_id, blocked["uri"])
    await say(blocker["id"], "Block", ids.block(name, block_id), document, [blocked["inbox"]], block_id)


async def say_undo_block(blocker: Row, blocked: Row, block_id: str) -> None:
    """Take a Block back."""
    name = blocker["local_name"]
    document = documents.undo_block(name, block_id, blocked["uri"])
    await say(blocker["id"], "Undo", ids.block(name, block_id), document, [blocked["inbox"]], here().new_id())


async def withhold(local: Row, remote: Row) -> None:
    """Drop what somebody here said that still waits for somebody elsewhere alone."""
    await execute(_WITHHOLD, addresses.uri_hash(remote["inbox"]), local["id"], remote["inbox"])
