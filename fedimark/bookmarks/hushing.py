"""What authors decide about what others say under their bookmarks: one answer hidden, or none taken at all."""

from __future__ import annotations

from fedimark.bookmarks import quoting, rows, untold
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.owners import hold_owner
from fedimark.bookmarks.stamps import revoke, stamp_for
from fedimark.database import Row, atomically, execute, fetch_one
from fedimark.errors import NotFound
from fedimark.here import here, now
from fedimark.outbox.consent import is_spoken
from fedimark.policy.interactions import Act, Who, with_rule

_OWN = "SELECT * FROM bookmark WHERE actor_id = ? AND public_id = ? AND removed_at IS NULL"
_SAID = "SELECT * FROM remark WHERE uri_hash = ? AND bookmark_id = ?"
_HIDE = "UPDATE remark SET hidden_at = ? WHERE id = ?"


async def hide(owner: Owner, public_id: str, uri_hash: str) -> None:
    """Show something said under one's bookmark to nobody; its author keeps it where they wrote it. Raises NotFound."""
    await atomically(lambda: _hide(owner, public_id, uri_hash, now()))


async def show(owner: Owner, public_id: str, uri_hash: str) -> None:
    """Show it again. Raises NotFound."""
    await atomically(lambda: _hide(owner, public_id, uri_hash, None))


async def let_quote_no_more(owner: Owner, public_id: str, uri_hash: str) -> None:
    """Take back the leave to quote one's bookmark that somebody's remark has; it is hidden too. Raises NotFound."""

    async def work() -> None:
        row = await _said(owner, public_id, uri_hash)
        stamp = await stamp_for(uri_hash, owner.actor_id)
        if stamp is None:
            raise NotFound
        await revoke(stamp)
        await execute(_HIDE, now(), row["id"])
        if row["public_id"] is not None:
            await quoting.lost(row)

    await atomically(work)
    here().wake.set()


async def take_replies(owner: Owner, public_id: str) -> None:
    """Let others reply to a bookmark. Raises NotFound."""
    await atomically(lambda: _rule(owner, public_id, Who.UNSAID))
    here().wake.set()


async def take_no_replies(owner: Owner, public_id: str) -> None:
    """Let nobody reply to a bookmark any more: what comes all the same is not kept. Raises NotFound."""
    await atomically(lambda: _rule(owner, public_id, Who.NOBODY))
    here().wake.set()


async def _hide(owner: Owner, public_id: str, uri_hash: str, at: int | None) -> None:
    row = await _said(owner, public_id, uri_hash)
    await execute(_HIDE, at, row["id"])


async def _said(owner: Owner, public_id: str, uri_hash: str) -> Row:
    bookmark = await _own(owner, public_id)
    row = await fetch_one(_SAID, uri_hash, bookmark["id"])
    if row is None:
        raise NotFound
    return row


async def _own(owner: Owner, public_id: str) -> Row:
    await hold_owner(owner)
    row = await fetch_one(_OWN, owner.actor_id, public_id)
    if row is None:
        raise NotFound
    return row


async def _rule(owner: Owner, public_id: str, who: Who) -> None:
    before = await _own(owner, public_id)
    allows = with_rule(before["allows"], Act.REPLY, who)
    if allows == before["allows"]:
        return
    row = await rows.change(before, {"allows": allows, "updated_at": max(now(), before["updated_at"] + 1)})
    if is_spoken(row):
        await untold.changed(row)
