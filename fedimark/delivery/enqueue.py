"""Saying something: the activity as it will be sent, and one row for each inbox it goes to."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fedimark import addresses
from fedimark.database import Script, ask, execute, execute_many, fetch, insert_many, marks
from fedimark.delivery.peers import delivery_host
from fedimark.delivery.signed import RELAY
from fedimark.here import now
from fedimark.jobs.bell import ring, ringing
from fedimark.policy import hosts
from fedimark.policy.blocks import blocked_among, is_blocked

_ACTIVITY = """
INSERT INTO activity (public_id, actor_id, kind, object_uri, object_hash, body, created_at, is_new)
VALUES (?, ?, ?, ?, ?, ?, ?, TRUE) RETURNING id
"""
_DELIVERY = """
INSERT INTO delivery (activity_id, inbox, inbox_hash, host, object_hash, profile, tries, next_at, not_before,
    lease_until, last_error, paced_by, paced_until, created_at)
VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0, 0, '', ?, ?, ?)
"""
# One inbox for each server with an accepted follower of somebody.
_AUDIENCE = """
FROM (SELECT DISTINCT a.inbox_id FROM follow f JOIN actor a ON a.id = f.follower_id
    WHERE f.target_id = ? AND f.state = 'accepted' AND a.inbox_id IS NOT NULL AND a.gone_at IS NULL
    AND a.suspended_at IS NULL) w
JOIN inbox i ON i.id = w.inbox_id
"""
_ANYBODY = f"SELECT i.id {_AUDIENCE.replace('DISTINCT ', '')} LIMIT 1"
_HOSTS = f"SELECT DISTINCT i.host {_AUDIENCE}"
_TO_FOLLOWERS = f"""
INSERT INTO delivery (activity_id, inbox, inbox_hash, host, object_hash, profile, tries, next_at, not_before,
    lease_until, last_error, paced_by, paced_until, created_at)
SELECT CAST(? AS BIGINT), i.url, i.hash, i.host, CAST(? AS VARCHAR(40)),
    {{profile}}, 0, CAST(? AS BIGINT), 0, 0, '', CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT)
{_AUDIENCE} LEFT JOIN peer p ON p.host = i.host {{elsewhere}}
"""
_ACTIVITIES = {"public_id": "varchar", "actor_id": "bigint", "kind": "varchar", "object_uri": "text"}
_ACTIVITIES |= {"object_hash": "varchar", "body": "text", "created_at": "bigint", "is_new": "boolean"}
_DELIVERIES = {"activity_id": "bigint", "inbox": "text", "inbox_hash": "varchar", "host": "varchar"}
_DELIVERIES |= {"object_hash": "varchar", "profile": "varchar", "tries": "int", "next_at": "bigint"}
_DELIVERIES |= {"not_before": "bigint", "lease_until": "bigint", "last_error": "text", "created_at": "bigint"}
_TOLD = "SELECT inbox FROM delivery WHERE activity_id = ?"
_PROFILES = "SELECT DISTINCT profile FROM delivery WHERE activity_id = ?"
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
    kept = {inbox: profile if profile in {*others, RELAY} else _PLAIN for inbox, profile in chosen.items()}
    await _deliver(activity_id, object_hash, kept, (goes_at, None if paced_until is None else actor_id, paced_until))
    await ring("deliveries")


class Letter(NamedTuple):
    """One thing said to one inbox, as `say` takes it."""

    actor_id: int
    kind: str
    object_uri: str
    document: Mapping[str, object]
    inbox: str
    public_id: str


def saying(letters: Sequence[Letter], blocked: frozenset[str]) -> Script[None]:
    """As `say`, of many letters, in a script; `blocked` are the blocked domains. Set `here().wake` after the commit."""
    sent = {
        letter.public_id: letter
        for letter in letters
        if letter.inbox
        and addresses.local_path(letter.inbox) is None
        and not hosts.covers(blocked, hosts.normal(letter.inbox))
    }
    if not sent:
        return
    moment = now()
    activities = [
        {
            "public_id": letter.public_id,
            "actor_id": letter.actor_id,
            "kind": letter.kind,
            "object_uri": letter.object_uri,
            "object_hash": addresses.uri_hash(letter.object_uri),
            "body": _bytes(letter.document),
            "created_at": moment,
            "is_new": True,
        }
        for letter in sent.values()
    ]
    rows = yield from insert_many("activity", _ACTIVITIES, activities, "RETURNING id, public_id")
    # In the order of what they tell of, as one is written after the other.
    numbers = {row["public_id"]: row["id"] for row in sorted(rows, key=lambda row: int(row["id"]))}
    due = {"profile": _PLAIN, "tries": 0, "not_before": 0, "lease_until": 0, "last_error": ""}
    due |= {"next_at": moment, "created_at": moment}
    deliveries = [
        {
            "activity_id": numbers[letter.public_id],
            "inbox": letter.inbox,
            "inbox_hash": addresses.uri_hash(letter.inbox),
            "host": delivery_host(letter.inbox),
            "object_hash": addresses.uri_hash(letter.object_uri),
            **due,
        }
        for letter in sent.values()
    ]
    yield from insert_many("delivery", _DELIVERIES, deliveries)
    for sql, parameters in ringing("deliveries"):
        yield from ask(sql, *parameters)


async def has_followers(actor_id: int) -> bool:
    """Whether anybody elsewhere follows somebody here."""
    return bool(await fetch(_ANYBODY, actor_id))


async def say_to_followers(  # noqa: PLR0917 - as `say`
    actor_id: int,
    kind: str,
    object_uri: str,
    public_id: str,
    shaped: Callable[[Collection[str]], Mapping[str, Mapping[str, object]]],
    profile_sql: str,
    paced_until: int | None = None,
    further: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """As `say`, to every server with an accepted follower of the actor: ten thousand of them cost one statement.

    `profile_sql` is an expression of SQL that makes the name of a shape of `p.software`, and an empty one for what
    stands with the activity itself; `shaped` makes the documents of some shapes, of the empty name too. `further` are
    inboxes that hear of it beside them, each with the name of its shape.
    """
    moment = now()
    goes_at, paced_by = paced_until or moment, None if paced_until is None else actor_id
    blocked = await blocked_among(lambda: _hosts(actor_id))
    elsewhere = f"WHERE i.host NOT IN ({marks(len(blocked))})" if blocked else ""
    object_hash = addresses.uri_hash(object_uri)
    plain = _bytes(shaped((_PLAIN,))[_PLAIN])
    rows = await fetch(_ACTIVITY, public_id, actor_id, kind, object_uri, object_hash, plain, moment)
    activity_id = rows[0]["id"]
    sql = _TO_FOLLOWERS.format(profile=profile_sql, elsewhere=elsewhere)
    times = (goes_at, paced_by, paced_until, goes_at)
    await execute(sql, activity_id, object_hash, *times, actor_id, *blocked)
    told = {row["inbox"] for row in await fetch(_TOLD, activity_id)} if further else set()
    others = {
        inbox: profile
        for inbox, profile in further.items()
        if inbox not in told and addresses.local_path(inbox) is None and not await is_blocked(inbox)
    }
    await _deliver(activity_id, object_hash, others, (goes_at, paced_by, paced_until))
    profiles = {row["profile"] for row in await fetch(_PROFILES, activity_id)} - {_PLAIN, RELAY}
    shapes = shaped(sorted(profiles))
    await execute_many(_BODY, [(activity_id, name, _bytes(shape)) for name, shape in shapes.items()])
    await ring("deliveries")


async def _deliver(
    activity_id: int, object_hash: str, inboxes: Mapping[str, str], times: tuple[int, int | None, int | None]
) -> None:
    """One row for each inbox, with the name of its shape; `times` are when it goes, by whom it is paced, until when."""
    goes_at, paced_by, paced_until = times
    rows = []
    for inbox, profile in inboxes.items():
        host, inbox_hash = delivery_host(inbox), addresses.uri_hash(inbox)
        where = (activity_id, inbox, inbox_hash, host, object_hash, profile)
        rows.append((*where, goes_at, paced_by, paced_until, goes_at))
    await execute_many(_DELIVERY, rows)


async def _hosts(actor_id: int) -> list[str]:
    return [row["host"] for row in await fetch(_HOSTS, actor_id)]


def _bytes(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
