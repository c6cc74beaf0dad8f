"""What becomes of tags when a person leaves or is suspended: their own end, or fall silent with them."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, execute, fetch, marks
from fedimark.delivery.enqueue import say
from fedimark.delivery.schedule import rouse
from fedimark.delivery.settle import HELD
from fedimark.here import here, now
from fedimark.outbox import hearers, tag_documents
from fedimark.outbox.consent import NEWS
from fedimark.policy.visibility import Visibility

_SOME = 500

# Announces are tried for a week: what may still wait is of the last two.
_ANNOUNCED = f"""
SELECT s.url, b.public_id FROM bookmark b JOIN bookmark_tag t ON t.bookmark_id = b.id
JOIN actor s ON s.tag_id = t.tag_id AND s.owner_id = 0
WHERE b.actor_id = ? AND b.saved_at > ? AND t.visibility = {int(Visibility.PUBLIC)}
"""
_OWN_TAGS = "SELECT * FROM actor WHERE owner_id = ? AND gone_at IS NULL ORDER BY id"
_UNSAID = "DELETE FROM announcement WHERE public_id IN (SELECT public_id FROM bookmark WHERE actor_id = ?)"
_CANCEL = "DELETE FROM delivery WHERE dead_at IS NULL AND lease_until <= ? AND object_hash IN ({hashes})"
# As `outbox.blocks`: into their own inbox only.
_WITHHOLD = """
DELETE FROM delivery WHERE inbox_hash = ? AND dead_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM actor WHERE shared_inbox = ?) AND object_hash IN ({hashes})
"""
_HOLD = "UPDATE delivery SET dead_at = ?, last_error = ? WHERE dead_at IS NULL AND object_hash IN ({hashes})"
_LET_GO = """
UPDATE delivery SET dead_at = NULL, created_at = ?, next_at = ?, lease_until = 0, last_error = ''
WHERE last_error = ? AND object_hash IN ({hashes}) RETURNING host
"""


async def person_left(actor: Row) -> None:
    """End a person's own tags and tell whoever dealt with them, inside `write()`, while their bookmarks still stand.

    What others' tags still had to announce of theirs is dropped; servers that heard it hear of the person's end.
    """
    await _of_announces(_CANCEL, actor, now())
    await execute(_UNSAID, actor["id"])
    for tag in await fetch(_OWN_TAGS, actor["id"]):
        inboxes = await hearers.reached(tag["url"]) | await hearers.followers(tag["id"])
        await hearers.cancel_all(tag["id"])
        await execute("UPDATE actor SET gone_at = ? WHERE id = ?", now(), tag["id"])
        if inboxes:
            document = tag_documents.delete_actor(tag["url"], now())
            await say(tag["id"], "Delete", tag["url"], document, sorted(inboxes), here().new_id())


async def person_suspended(actor: Row) -> None:
    """Set aside what everybody's tags still had to announce of a person, inside `write()`."""
    await _of_announces(_HOLD, actor, now(), HELD)


async def person_restored(actor: Row) -> None:
    """Let it go on."""
    at = now()
    await rouse((row["host"] for row in await _of_announces(_LET_GO, actor, at, at, HELD)), at)


async def withhold_announces(author: Row, remote: Row) -> None:
    """Drop what everybody's tags announced of somebody's bookmarks and that still waits for one person elsewhere."""
    await _of_announces(_WITHHOLD, author, addresses.uri_hash(remote["inbox"]), remote["inbox"])


async def _of_announces(sql: str, actor: Row, *values: object) -> list[Row]:
    found: list[Row] = []
    rows = await fetch(_ANNOUNCED, actor["id"], now() - 2 * NEWS)
    hashes = [addresses.uri_hash(addresses.announcement(row["url"], row["public_id"])) for row in rows]
    for start in range(0, len(hashes), _SOME):
        some = hashes[start : start + _SOME]
        found += await fetch(sql.format(hashes=marks(len(some))), *values, *some)
    return found
