"""Many elsewhere who ask at one time to follow people here: as each by itself, in a fixed number of statements.

Whoever is named on a list of who to follow, or moves here with a crowd, is asked by hundreds within a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fedimark import addresses
from fedimark.database import Row, Script, among, ask, insert_many, several
from fedimark.follows import telling
from fedimark.follows.crowd import are_crowds
from fedimark.follows.incoming import ANSWERED_ANEW, IGNORED, LATE, name_of
from fedimark.here import now
from fedimark.notifications.tell import telling as notifying
from fedimark.outbox.follows import Answered, accepting, rejecting
from fedimark.policy.blocks import apart
from fedimark.timelines.merge import holding

_PERSONS = """
SELECT * FROM actor WHERE kind = 'Person' AND gone_at IS NULL AND suspended_at IS NULL AND local_name
"""
_WITHHELD = "SELECT uri_hash FROM withheld WHERE kept_at > ? AND uri_hash"
_KNOWN = "SELECT follower_id, target_id, state FROM follow WHERE target_id {some} AND follower_id {some}"
_ASKED = {"follower_id": "bigint", "target_id": "bigint", "state": "varchar", "uri": "text"}
_ASKED |= {"created_at": "bigint", "answered_at": "bigint"}


class Asking(NamedTuple):
    """One who asks: the row of somebody elsewhere, the address of a person here, the Follow's id where it has one."""

    follower: Row
    target_uri: str
    follow_uri: str | None


def asked(some: Sequence[Asking], blocked: frozenset[str]) -> Script[list[str]]:
    """As `incoming.asked`, in a script, of some who ask one after the other, each once; `blocked` are the domains.

    Returns a short word for each.
    """
    outcomes = [IGNORED] * len(some)
    persons = yield from _persons(some)
    withheld = yield from _withheld(some)
    heard = {
        place: (asking, persons[asking.target_uri])
        for place, asking in enumerate(some)
        if asking.target_uri in persons and _name(asking) not in withheld
    }
    if not heard:
        return outcomes
    followers = {asking.follower["id"] for asking, _ in heard.values()}
    targets = {target["id"] for _, target in heard.values()}
    yield from holding("actor", *followers | targets)
    barred = yield from apart(followers, targets)
    known = yield from _states(followers, targets)
    refused: list[Answered] = []
    welcome: list[tuple[int, Answered]] = []
    for place, (asking, target) in heard.items():
        answered = Answered(target, asking.follower, asking.follow_uri)
        if target["moved_to"] or frozenset((asking.follower["id"], target["id"])) in barred:
            outcomes[place] = "refused"
            refused.append(answered)
        else:
            welcome.append((place, answered))
    yield from rejecting(refused, blocked)
    states = yield from _taken([each for _, each in welcome], known, blocked)
    for (place, _), state in zip(welcome, states, strict=True):
        outcomes[place] = state
    return outcomes


def _taken(
    welcome: Sequence[Answered], known: dict[tuple[int, int], str], blocked: frozenset[str]
) -> Script[list[str]]:
    """Write down those whom no block keeps out, answer those who need nobody's yes, and tell of the new ones."""
    if not welcome:
        return []
    is_new = [known.get(_pair(each), "rejected") == "rejected" for each in welcome]
    counted = [each.remote["uri"] for each, new in zip(welcome, is_new, strict=True) if new]
    crowds = iter((yield from are_crowds(counted)) if counted else ())
    at, rows = now(), []
    for each, new in zip(welcome, is_new, strict=True):
        by_hand = (new and next(crowds)) or bool(each.local["approves_followers"])
        follower_id, target_id = _pair(each)
        row = {"follower_id": follower_id, "target_id": target_id, "uri": each.follow_uri, "created_at": at}
        rows.append(row | ({"state": "requested", "answered_at": None} if by_hand else _accepted(at)))
    found = yield from insert_many("follow", _ASKED, rows, f"{ANSWERED_ANEW} RETURNING follower_id, target_id, state")
    states = {(row["follower_id"], row["target_id"]): str(row["state"]) for row in found}
    yield from accepting([each for each in welcome if states[_pair(each)] == "accepted"], blocked)
    yield from notifying(
        [
            told
            for each, new in zip(welcome, is_new, strict=True)
            if new and (told := telling.of_asking(each.remote["id"], each.local, states[_pair(each)]))
        ]
    )
    return [states[_pair(each)] for each in welcome]


def _persons(some: Sequence[Asking]) -> Script[dict[str, Row]]:
    names = {asking.target_uri: addresses.local_username(asking.target_uri) for asking in some}
    rows = yield from ask(f"{_PERSONS} {among('varchar')}", several({name for name in names.values() if name}))
    persons = {row["local_name"]: row for row in rows}
    return {uri: persons[name] for uri, name in names.items() if name in persons}


def _withheld(some: Sequence[Asking]) -> Script[set[str]]:
    named = [name for asking in some if (name := _name(asking))]
    rows = yield from ask(f"{_WITHHELD} {among('varchar')}", now() - LATE, several(named))
    return {row["uri_hash"] for row in rows}


def _states(followers: set[int], targets: set[int]) -> Script[dict[tuple[int, int], str]]:
    rows = yield from ask(_KNOWN.format(some=among()), several(targets), several(followers))
    return {(row["follower_id"], row["target_id"]): row["state"] for row in rows}


def _pair(answered: Answered) -> tuple[int, int]:
    return answered.remote["id"], answered.local["id"]


def _accepted(at: int) -> dict[str, object]:
    return {"state": "accepted", "answered_at": at}


def _name(asking: Asking) -> str:
    return name_of(asking.follower, asking.follow_uri) if asking.follow_uri else ""
