"""What the gate refuses is told to the log, of each host a few times a minute: more of the same says nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from fedimark.here import MICROS, here, now, put_last
from fedimark.inbox.authority import host_of
from fedimark.inbox.keeping import kind_of
from fedimark.logs import INBOX_REFUSED, log
from fedimark.vocab.activities import Activity

MOST = 10  # lines of a host in a minute

_MINUTE = 60 * MICROS
_MOST_HOSTS = 1_000
_CACHE = "inbox.refusals"


@dataclass(slots=True)
class _Minute:
    since: int
    told: int = 0
    untold: int = 0


def tell(activity: Activity, status: int, reason: str) -> None:
    """Log a refusal, with how many before it were left out, or count it; `reason` is a word of ours."""
    minute = _minute_of(host_of(activity.actor))
    if minute.told == MOST:
        minute.untold += 1
        return
    minute.told += 1
    left_out = {"left_out": minute.untold} if minute.untold else {}
    minute.untold = 0
    log.info(INBOX_REFUSED, actor=activity.actor, kind=kind_of(activity), status=status, reason=reason, **left_out)


def _minute_of(host: str) -> _Minute:
    minutes = cast("dict[str, _Minute]", here().caches.setdefault(_CACHE, {}))
    at, known = now(), minutes.get(host)
    if known is None or known.since <= at - _MINUTE:
        known = _Minute(at, untold=known.untold if known else 0)
    put_last(minutes, host, known, _MOST_HOSTS)
    return known
