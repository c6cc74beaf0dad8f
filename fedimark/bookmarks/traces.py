"""Traces: what programs that keep a copy would miss, for a row that is gone says nothing of itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fedimark.database import Statement, execute, inserts_of
from fedimark.here import MICROS, now

TRACES_LAST: Final = 180 * 86_400 * MICROS  # who asks for what is older gets everything

_TRACE = {"actor_id": "bigint", "url_md5": "text", "changed_at": "bigint"}
_AGAIN = "ON CONFLICT (actor_id, url_md5) DO UPDATE SET changed_at = excluded.changed_at"
_LEFT = f"INSERT INTO trace (actor_id, url_md5, changed_at) VALUES (?, ?, ?) {_AGAIN}"


def leaving(actor_id: int, url_md5: str) -> Statement:
    """The statement that says that a local bookmark changed just now in a way its `updated_at` does not tell."""
    return _LEFT, (actor_id, url_md5, now())


def leaving_many(pairs: Iterable[tuple[int, str]]) -> list[Statement]:
    """The same of many, each an actor and a `url_md5`."""
    moment = now()
    lines = [(actor_id, url_md5, moment) for actor_id, url_md5 in sorted(pairs)]
    return inserts_of("trace", _TRACE, lines, _AGAIN)


async def left(actor_id: int, url_md5: str) -> None:
    """Say that a local bookmark changed just now, inside `write()` or not."""
    sql, values = leaving(actor_id, url_md5)
    await execute(sql, *values)
