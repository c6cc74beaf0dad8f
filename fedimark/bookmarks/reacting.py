"""What people here do with bookmarks of others: like and share, and take that back.

A bookmark is named as forms name it: by its id, or its path where it is of this server (`Entry.note`).
Each function does nothing new when it is done twice. Raises NotFound for what the person does not see, Forbidden where
its author, or its visibility, does not let them.
"""

from __future__ import annotations

from fedimark import addresses
from fedimark.bookmarks import rows
from fedimark.bookmarks.incoming import drop_if_unwanted
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import Forbidden, Gone, NotFound
from fedimark.here import here, now
from fedimark.language.said import _
from fedimark.notifications.tell import Kind, tell
from fedimark.outbox import reactions
from fedimark.outbox.publish import Speaker
from fedimark.policy.interactions import Act, may
from fedimark.timelines.merge import hold, share_began, share_ended
from fedimark.timelines.sources import seen

_SPEAKS = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL AND suspended_at IS NULL"
_ACTOR = "SELECT * FROM actor WHERE id = ?"
# Removed ones too: what was done with them can be taken back until they are gone.
_OURS = "SELECT b.* FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE a.local_name = ? AND b.public_id = ?"
_THEIRS = "SELECT * FROM bookmark WHERE uri_hash = ?"
_LIKE = """
INSERT INTO reaction (actor_id, bookmark_id, kind, uri, public_id) VALUES (?, ?, 'Like', ?, ?)
ON CONFLICT (actor_id, bookmark_id, kind) DO NOTHING RETURNING id
"""
_UNLIKE = "DELETE FROM reaction WHERE actor_id = ? AND bookmark_id = ? AND kind = 'Like' RETURNING public_id"
_SHARE = """
INSERT INTO share (actor_id, object_hash, bookmark_id, uri, shared_at, public_id) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (actor_id, object_hash) DO NOTHING RETURNING id
"""
_UNSHARE = "DELETE FROM share WHERE actor_id = ? AND bookmark_id = ? RETURNING uri, public_id, shared_at"
_DONE = """
SELECT 1 AS done FROM reaction WHERE actor_id = ? AND bookmark_id = ? AND kind = 'Like'
UNION ALL SELECT 1 FROM share WHERE actor_id = ? AND bookmark_id = ?
"""
_SHARES = "SELECT actor_id, uri, public_id FROM share WHERE bookmark_id = ?"

_WHY = _("It is your own, it is not for everybody, its author keeps that from you, or your Privacy Lock is on.")
_REFUSALS = {
    Act.LIKE: _("You can’t like this bookmark. %(why)s", why=_WHY),
    Act.SHARE: _("You can’t share this bookmark. %(why)s", why=_WHY),
}


async def like(who: Speaker, named: str) -> None:
    """Like a bookmark; its author is told, nobody else."""

    async def work() -> None:
        fan, bookmark, author = await _met(who, named, Act.LIKE)
        like_id = here().new_id()
        uri = reactions.like_uri(fan, like_id)
        if await fetch(_LIKE, fan["id"], bookmark["id"], uri, like_id):
            await reactions.say_like(fan, bookmark, author, like_id)
            await _told(author, Kind.LIKE, fan, bookmark)

    await atomically(work)
    here().wake.set()


async def unlike(who: Speaker, named: str) -> None:
    """Like it no more, whether it can still be seen or not."""

    async def work() -> None:
        fan, bookmark, author = await _taking_back(who, named)
        for row in await fetch(_UNLIKE, fan["id"], bookmark["id"]):
            await reactions.say_unlike(fan, bookmark, author, row["public_id"])

    await atomically(work)
    here().wake.set()


async def share(who: Speaker, named: str) -> None:
    """Pass a bookmark on to those who follow: here at once, elsewhere by an Announce."""

    async def work() -> None:
        sharer, bookmark, author = await _met(who, named, Act.SHARE)
        await hold("link", bookmark["link_id"])
        share_id, at = here().new_id(), now()
        object_hash = addresses.uri_hash(reactions.note_of(bookmark, author))
        uri = reactions.share_uri(sharer, share_id)
        if await fetch(_SHARE, sharer["id"], object_hash, bookmark["id"], uri, at, share_id):
            await share_began(bookmark, sharer["id"])
            await reactions.say_share(sharer, bookmark, author, share_id, at)
            await _told(author, Kind.SHARE, sharer, bookmark)

    await atomically(work)
    here().wake.set()


async def unshare(who: Speaker, named: str) -> None:
    """Take that back: the Announce's address answers 410 from then on."""

    async def work() -> None:
        sharer, bookmark, author = await _taking_back(who, named)
        await hold("link", bookmark["link_id"])
        for row in await fetch(_UNSHARE, sharer["id"], bookmark["id"]):
            await share_ended(bookmark, sharer["id"])
            await rows.bury(row["uri"], addresses.uri_hash(row["uri"]))
            note_uri = reactions.note_of(bookmark, author)
            await reactions.say_unshare(sharer, note_uri, author, row["public_id"], row["shared_at"])
            # What everybody may see stays, for it may have come another way too.
            if not bookmark["listed"]:
                await drop_if_unwanted(bookmark)

    await atomically(work)
    here().wake.set()


async def end_reactions(bookmark: Row) -> None:
    """End what was done with a publication that ends, inside `write()`; the row is still as it was."""
    await execute("DELETE FROM reaction WHERE bookmark_id = ?", bookmark["id"])
    await hold("link", bookmark["link_id"])
    ended = await fetch(_SHARES, bookmark["id"])
    if not ended:
        return
    sharers = [row["actor_id"] for row in ended]
    await hold("actor", *sharers)
    await execute("DELETE FROM share WHERE bookmark_id = ?", bookmark["id"])
    await share_ended(bookmark, *sharers)
    for row in ended:
        if row["public_id"] is not None:
            await rows.bury(row["uri"], addresses.uri_hash(row["uri"]))


async def _met(who: Speaker, named: str, act: Act) -> tuple[Row, Row, Row]:
    """Somebody here, a bookmark that they see and may do this with, and its author, both held."""
    bookmark = await _seen(who, named)
    await hold("actor", who.actor_id, bookmark["actor_id"])
    # Once more: a removal or a block may have come first.
    bookmark = await _seen(who, named)
    if not await may(who.actor_id, act, bookmark["id"]):
        raise Forbidden(_REFUSALS[act])
    return await _speaker(who), bookmark, await _author(bookmark)


async def _taking_back(who: Speaker, named: str) -> tuple[Row, Row, Row]:
    uri = addresses.absolute(named) if named.startswith("/") else named
    ours = addresses.local_bookmark(uri)
    bookmark = await (fetch_one(_OURS, *ours) if ours else fetch_one(_THEIRS, addresses.uri_hash(uri)))
    # What one sees no more can be taken back, but who never did it learns nothing of what they may not see.
    if bookmark is None or not (await _has_done(who, bookmark) or await seen(who.actor_id, named)):
        raise NotFound
    await hold("actor", who.actor_id, bookmark["actor_id"])
    return await _speaker(who), bookmark, await _author(bookmark)


async def _has_done(who: Speaker, bookmark: Row) -> bool:
    return await fetch_one(_DONE, *(who.actor_id, bookmark["id"]) * 2) is not None


async def _seen(who: Speaker, named: str) -> Row:
    bookmark = await seen(who.actor_id, named)
    if bookmark is None:
        raise NotFound
    return bookmark


async def _told(author: Row, kind: Kind, actor: Row, bookmark: Row) -> None:
    """Let an author here know; who takes it back need not say so, for what is read asks the rows once more."""
    if author["local_name"] is not None:
        subject = reactions.note_of(bookmark, author)
        await tell(author["id"], kind, actor["id"], subject, bookmark_id=bookmark["id"], at=now())


async def _speaker(who: Speaker) -> Row:
    row = await fetch_one(_SPEAKS, who.actor_id)
    if row is None:
        raise Gone("This account is gone.")
    return row


async def _author(bookmark: Row) -> Row:
    row = await fetch_one(_ACTOR, bookmark["actor_id"])
    assert row is not None
    return row
