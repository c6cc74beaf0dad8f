"""Which objects and hosts are not asked again at once, because of what others announce; each process for itself.

A host that does not answer is left alone for a minute, and twice as long each time; deliveries there know nothing of
it: whoever announces what makes a server answer 500 must not be able to keep our letters from it.
"""

from __future__ import annotations

from typing import Any

from fedimark.delivery import breaker
from fedimark.delivery.breaker import Gate, Health
from fedimark.delivery.peers import delivery_host, health
from fedimark.errors import Postponed
from fedimark.here import MICROS, here, now, put_last

FAILED_FOR = 3_600 * MICROS
MOST = 10_000

_FAILED, _SILENT, _CHECKED = "inbox.failed_objects", "inbox.silent_hosts", "inbox.objects_to_check"


def has_failed(uri: str, announcer_uri: str, changed_at: int | None) -> bool:
    """Whether an object was asked for within the hour and not shown, or was not this announcer's to pass on, and has
    not changed since, as far as anybody says.
    """
    failed = _kept(_FAILED)
    at: int = max(failed.get(uri, -FAILED_FOR), failed.get(f"{announcer_uri} {uri}", -FAILED_FOR))
    return at > now() - FAILED_FOR and (changed_at is None or changed_at <= at)


def remember_failure(uri: str) -> None:
    """An object that its server does not show, or that is none."""
    _keep(_FAILED, uri, now())


def remember_refusal(uri: str, announcer_uri: str) -> None:
    """An object that does not carry its announcer's tag: another may pass it on."""
    _keep(_FAILED, f"{announcer_uri} {uri}", now())


def is_to_be_checked(uri: str) -> bool:
    """Whether chance fell on an object: it is looked at where it is from."""
    return uri in _kept(_CHECKED)


def let_check(uri: str) -> None:
    """Chance fell on it."""
    _keep(_CHECKED, uri, now())


async def check_host(url: str) -> None:
    """Raise Postponed for a host that did not answer lately, here or where letters are sent."""
    host = delivery_host(url)
    for each in (_health(host), await health(host)):
        if breaker.gate(each, now()) is Gate.OPEN:
            raise Postponed(-(-(each.open_until - now()) // MICROS))


def answered(url: str) -> None:
    """A host answered, whatever it said."""
    _kept(_SILENT).pop(delivery_host(url), None)


def was_silent(url: str) -> None:
    """A host did not answer, or with 5xx."""
    host = delivery_host(url)
    _keep(_SILENT, host, breaker.failed(_health(host), now()))


def _health(host: str) -> Health:
    found: Health = _kept(_SILENT).get(host, Health())
    return found


def _kept(name: str) -> dict[str, Any]:
    kept: dict[str, Any] = here().caches.setdefault(name, {})
    return kept


def _keep(name: str, key: str, value: object) -> None:
    put_last(_kept(name), key, value, MOST)
