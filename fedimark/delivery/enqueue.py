"""Saying something: the activity as it will be sent, and one row for each inbox it goes to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from fedimark import addresses
from fedimark.database import execute_many, fetch
from fedimark.delivery.breaker import answered_since
from fedimark.delivery.peers import delivery_host
from fedimark.here import now
from fedimark.policy.blocks import is_blocked

_ACTIVITY = """
INSERT INTO activity (public_id, actor_id, kind, object_uri, object_hash, body, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
# The lane is 1, the fast one, for hosts that answered lately.
_DELIVERY = """
INSERT INTO delivery (activity_id, inbox, inbox_hash, host, lane, object_hash, profile, tries, next_at, not_before,
    lease_until, last_error, paced_by, paced_until, created_at)
VALUES (?, ?, ?, ?, (SELECT COUNT(*) FROM peer WHERE host = ? AND answered_at > ?), ?, ?, 0, ?, 0, 0, '', ?, ?, ?)
"""
_BODY = "INSERT INTO activity_body (activity_id, profile, body) VALUES (?, ?, ?)"
_PLAIN = ""  # the profile of the body that stands with the activity itself


async def say(  # noqa: PLR0917 - reads like a sentence: who says what of what to whom
    actor_id: int,
    kind: str,
    object_uri: str,
    document: Mapping[str, object],
    inboxes: Iterable[str],
    public_id: str,
    shapes: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
    profiles: Mapping[str, str] = MappingProxyType({}),
    paced_until: int | None = None,
) -> None:
    """Write down what an actor of this server says and to which inboxes, inside `write()`; the worker sends it.

    `object_uri` is what it is about, `public_id` names the activity. Each inbox once; inboxes of this server are
    passed over, because people here are served by rows, and so are those of blocked domains. Nothing is written when
    no inbox is left. `shapes` are the same said otherwise, by profile; `profiles` tells which inbox gets which, and
    the others get `document`. With `paced_until` it waits for that moment, outside of every queue (`pacing`). Set
    `here().wake` after the commit.
    """
    elsewhere = [inbox for inbox in dict.fromkeys(inboxes) if inbox and addresses.local_path(inbox) is None]
    targets = [inbox for inbox in elsewhere if not await is_blocked(inbox)]
    if not targets:
        return
    moment = now()
    goes_at = paced_until or moment
    object_hash = addresses.uri_hash(object_uri)
    rows = await fetch(_ACTIVITY, public_id, actor_id, kind, object_uri, object_hash, _bytes(document), moment)
    activity_id = rows[0]["id"]
    chosen = {inbox: profiles.get(inbox, _PLAIN) for inbox in targets}
    # Each shape once, however many inboxes get it; one that is the same as the plain one is not kept again.
    others = {name: shapes[name] for name in set(chosen.values()) if name in shapes and shapes[name] != document}
    await execute_many(_BODY, [(activity_id, name, _bytes(shape)) for name, shape in sorted(others.items())])
    await execute_many(
        _DELIVERY,
        [
            (
                activity_id,
                inbox,
                addresses.uri_hash(inbox),
                delivery_host(inbox),
                delivery_host(inbox),
                answered_since(moment),
                object_hash,
                chosen[inbox] if chosen[inbox] in others else _PLAIN,
                goes_at,
                None if paced_until is None else actor_id,
                paced_until,
                goes_at,
            )
            for inbox in targets
        ],
    )


def _bytes(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
