"""How much one host is asked because of what others send us: so many fetches of actors and keys a minute.

Whoever invents keys and actors makes us ask the host they are invented for. Counted for each host that is asked, after
redirects too, so nobody is hammered through us, and what one host uses up is no other's. What is asked in the name of
somebody proven is counted apart: strangers can't use that up. Each process counts for itself, in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fedimark.errors import Postponed
from fedimark.here import MICROS, here, now
from fedimark.policy import hosts

Spend: TypeAlias = Callable[[str], None]
"""Called with an address before it is asked; may raise Postponed."""

MINUTE = 60 * MICROS
MOST_HOSTS = 10_000  # the one that was not asked for longest is forgotten


def unlimited(url: str) -> None:
    """For what nobody elsewhere made us ask."""


def for_unproven(url: str) -> None:
    """Count a fetch for a signed request that is not proven yet. Raises Postponed."""
    _spend("remote.asked_for_unproven", url)


def for_proven(url: str) -> None:
    """Count a fetch of an actor or a Note for an activity that was proven. Raises Postponed."""
    _spend("remote.asked_for_proven", url)


def elsewhere(spend: Spend, host: str) -> Spend:
    """The same, but for one host: what belongs to a fetch that was counted, as WebFinger to an actor, is free there."""

    def counted(url: str) -> None:
        if hosts.normal(url) != hosts.normal(host):
            spend(url)

    return counted


def _spend(purse: str, url: str) -> None:
    """Count one fetch in the minute that began with its host's first."""
    asked: dict[str, tuple[int, int]] = here().caches.setdefault(purse, {})
    moment, host = now(), hosts.normal(url)
    until, times = asked.pop(host, (0, 0))
    if moment >= until:
        until, times = moment + MINUTE, 0
    is_spent = times >= here().settings.actor_fetches_a_minute_per_host
    asked[host] = (until, times if is_spent else times + 1)
    while len(asked) > MOST_HOSTS:
        del asked[next(iter(asked))]
    if is_spent:
        raise Postponed(-(-(until - moment) // MICROS))
