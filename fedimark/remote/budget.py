"""How much one host is asked because of what others send us: so many fetches of actors and keys a minute.

Whoever invents keys and actors makes us ask the host they are invented for. Counted for each host that is asked, after
redirects too, so nobody is hammered through us, and what one host uses up is no other's. What is asked in the name of
somebody proven is counted apart: strangers can't use that up; and so is what is announced, of which a few may bring
much. Each process counts for itself, in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fedimark.errors import Postponed
from fedimark.here import MICROS, here, now, put_last
from fedimark.policy import hosts

Spend: TypeAlias = Callable[[str], None]
"""Called with an address before it is asked; may raise Postponed."""

MINUTE = 60 * MICROS
MOST_HOSTS = 10_000  # the one that was not asked for longest is forgotten

_HEARD = "remote.heard_from"


def unlimited(url: str) -> None:
    """For what nobody elsewhere made us ask."""


def for_unproven(url: str) -> None:
    """Count a fetch for a signed request that is not proven yet. Raises Postponed."""
    _spend("remote.asked_for_unproven", hosts.normal(url), here().settings.actor_fetches_a_minute_per_host)


def for_proven(url: str) -> None:
    """Count a fetch of an actor or a Note for an activity that was proven. Raises Postponed."""
    _spend("remote.asked_for_proven", hosts.normal(url), here().settings.actor_fetches_a_minute_per_host)


def for_announced(url: str) -> None:
    """Count a fetch of what somebody announced, or of its author. Raises Postponed."""
    _spend("remote.asked_for_announced", hosts.normal(url), here().settings.stream_fetches_a_minute_per_host)


def hear(actor_uri: str) -> None:
    """Count something new that somebody announced, whatever it costs to believe it. Raises Postponed."""
    _spend(_HEARD, actor_uri, here().settings.announcements_a_minute_per_actor)


def may_be_heard(actor_uri: str) -> bool:
    """Whether `hear` would pass now; counts nothing."""
    until, times = here().caches.get(_HEARD, {}).get(actor_uri, (0, 0))
    return bool(now() >= until or times < here().settings.announcements_a_minute_per_actor)


def elsewhere(spend: Spend, host: str) -> Spend:
    """The same, but for one host: what belongs to a fetch that was counted, as WebFinger to an actor, is free there."""

    def counted(url: str) -> None:
        if hosts.normal(url) != hosts.normal(host):
            spend(url)

    return counted


def _spend(purse: str, name: str, most: int) -> None:
    """Count one more in the minute that began with the first of that name: a host, or an actor."""
    asked: dict[str, tuple[int, int]] = here().caches.setdefault(purse, {})
    moment = now()
    until, times = asked.get(name, (0, 0))
    if moment >= until:
        until, times = moment + MINUTE, 0
    is_spent = times >= most
    put_last(asked, name, (until, times if is_spent else times + 1), MOST_HOSTS)
    if is_spent:
        raise Postponed(-(-(until - moment) // MICROS))
