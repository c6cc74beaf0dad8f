"""Remarks written here, and whether whoever they quote lets them. (FEP-044f)

Their server is asked where it says what it lets others do. Until it answers the remark quotes; once it refuses, or
takes its leave back, it quotes no more, and its author is told. All of it runs inside `write()`.
"""

from __future__ import annotations

from fedimark import addresses
from fedimark.bookmarks.stamps import give
from fedimark.bookmarks.targets import Target
from fedimark.database import Row, fetch, fetch_one
from fedimark.here import now
from fedimark.outbox import quotes, remark_documents, said
from fedimark.outbox.quotes import Quote
from fedimark.policy.interactions import Act, Who, who_may
from fedimark.timelines.merge import hold
from fedimark.vocab.activities import ActivityRef

IGNORED = "ignored"

_REMARK = "SELECT * FROM remark WHERE uri_hash = ? AND public_id IS NOT NULL AND NOT is_reply"
_STAMPED = "SELECT * FROM remark WHERE about_actor_id = ? AND stamp = ?"
_ACTOR = "SELECT * FROM actor WHERE id = ?"
_STAND = "UPDATE remark SET quote_state = ?, stamp = ? WHERE id = ? RETURNING *"
_CHANGED = "UPDATE remark SET quote_state = ?, stamp = ?, updated_at = ? WHERE id = ? RETURNING *"


async def began(author: Row, row: Row, target: Target) -> Row:
    """A new remark: its stamp is given at once by who is here, and asked of who is elsewhere. Returns its row now."""
    if target.author["id"] == author["id"]:
        return row
    if target.author["local_name"] is not None:
        stamp = await give(target.author, author, target.uri, row["uri"])
        uri = quotes.stamp_uri(target.author["local_name"], stamp["public_id"])
        return (await fetch(_STAND, Quote.GRANTED, uri, row["id"]))[0]
    if who_may(target.bookmark["allows"], Act.QUOTE_ASKING) is Who.UNSAID:
        return row
    note = remark_documents.note(author["local_name"], row, await said.heard_of(author, row))
    await quotes.say_request(author, note, target.uri, target.author)
    return (await fetch(_STAND, Quote.ASKED, "", row["id"]))[0]


def asked_remark(ref: ActivityRef) -> str | None:
    """The id of the remark that a QuoteRequest of ours was about, by its id, else by what was to quote."""
    if ref.id is not None and addresses.local_path(ref.id) is not None:
        return ref.id.removesuffix("/quote-request")
    return ref.instrument


async def remark_asked_for(actor: Row, ref: ActivityRef) -> Row | None:
    """The remark that somebody answers for, if it quotes them."""
    uri = asked_remark(ref)
    row = await fetch_one(_REMARK, addresses.uri_hash(uri)) if uri else None
    return row if row is not None and row["about_actor_id"] == actor["id"] else None


async def granted(actor: Row, ref: ActivityRef, stamp: str) -> str:
    """They let it quote them: `stamp` is their QuoteAuthorization, found where its id leads."""
    row = await remark_asked_for(actor, ref)
    if row is None or row["quote_state"] != Quote.ASKED:
        return IGNORED
    await _stand(row, Quote.GRANTED, stamp)
    return "granted"


async def refused(actor: Row, ref: ActivityRef) -> str:
    """They do not let it quote them, or do no longer."""
    row = await remark_asked_for(actor, ref)
    return await lost(row) if row is not None else IGNORED


async def revoked(actor: Row, stamp: str) -> str:
    """They deleted a QuoteAuthorization."""
    rows = await fetch(_STAMPED, actor["id"], stamp)
    for row in rows:
        await lost(row)
    return "revoked" if rows else IGNORED


async def lost(row: Row) -> str:
    """Let a remark written here quote no more."""
    if row["quote_state"] == Quote.REFUSED:
        return "known"
    await _stand(row, Quote.REFUSED, "")
    return "refused"


async def _stand(row: Row, state: Quote, stamp: str) -> None:
    await hold("actor", row["actor_id"])
    author = await fetch_one(_ACTOR, row["actor_id"])
    assert author is not None
    moment = max(now(), row["updated_at"] + 1)
    changed = (await fetch(_CHANGED, state, stamp, moment, row["id"]))[0]
    await said.remark_updated(author, changed)
