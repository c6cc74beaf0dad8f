"""Activity → code: a table to read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from fedimark.inbox.handlers import actors, blocks, follows, notes, quotes, reports, shares, undo
from fedimark.inbox.receive import Verified
from fedimark.vocab.activities import (
    Accept,
    Activity,
    Announce,
    Block,
    Create,
    Delete,
    Flag,
    Follow,
    Like,
    Move,
    QuoteRequest,
    Reject,
    Undo,
    Update,
)

Handler = Callable[[Verified[Any]], Awaitable[str]]

IGNORED = "ignored"

HANDLERS: Mapping[type[Activity], Handler] = MappingProxyType(
    {
        Follow: follows.on_follow,
        Block: blocks.on_block,
        Undo: undo.on_undo,
        Accept: quotes.on_accept,
        Reject: quotes.on_reject,
        QuoteRequest: quotes.on_request,
        Create: notes.on_create,
        Update: notes.on_update,
        Delete: actors.on_delete,
        Announce: shares.on_announce,
        Like: shares.on_like,
        Move: actors.on_move,
        Flag: reports.on_flag,
    }
)


async def dispatch(received: Verified[Any]) -> str:
    """Do what an activity asks, inside `write()`; returns a short word for what came of it.

    Types we do not know are ignored, which is no error: the fediverse speaks of more than bookmarks.
    """
    handler = HANDLERS.get(type(received.activity))
    return await handler(received) if handler else IGNORED
