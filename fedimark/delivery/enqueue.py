"""Saying something: the activity as it will be sent, and one row for each inbox it goes to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from fedimark import addresses
from fedimark.database import execute_many, fetch
from fedimark.here import now
from fedimark.policy.blocks import is_blocked

_ACTIVITY = """
INSERT INTO activity (public_id, actor_id, kind, object_uri, object_hash, body, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
_DELIVERY = """
INSERT INTO delivery (activity_id, inbox, inbox_hash, object_hash, tries, next_at, lease_until, last_error, created_at)
VALUES (?, ?, ?, ?, 0, ?, 0, '', ?)
"""


async def say(  # noqa: PLR0917 - reads like a sentence: who says what of what to whom
    actor_id: int,
    kind: str,
    object_uri: str,
    document: Mapping[str, object],
    inboxes: Iterable[str],
    public_id: str,
) -> None:
    """Write down what an actor of this server says and to which inboxes, inside `write()`; the worker sends it.

    `object_uri` is what it is about, `public_id` names the activity. Each inbox once; inboxes of this server are
    passed over, because people here are served by rows, and so are those of blocked domains. Nothing is written when
    no inbox is left. Set `here().wake` after the commit.
    """
    elsewhere = [inbox for inbox in dict.fromkeys(inboxes) if inbox and addresses.local_path(inbox) is None]
    targets = [inbox for inbox in elsewhere if not await is_blocked(inbox)]
    if not targets:
        return
    moment = now()
    object_hash = addresses.uri_hash(object_uri)
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    rows = await fetch(_ACTIVITY, public_id, actor_id, kind, object_uri, object_hash, body, moment)
    activity_id = rows[0]["id"]
    await execute_many(
        _DELIVERY,
        [(activity_id, inbox, addresses.uri_hash(inbox), object_hash, moment, moment) for inbox in targets],
    )
