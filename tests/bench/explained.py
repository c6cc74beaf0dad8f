"""Where PostgreSQL's time for a save goes: its statements as EXPLAIN tells of them, by the tables they write."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tortoise.connection import get_connection

from fedimark.bookmarks import columns, one_trip
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.database import trips
from fedimark.database.statements import spelled

_REST = "looking up, joining, beginning statements"


async def of_saves(owner: Owner, drafts: Iterable[Draft]) -> dict[str, float]:
    """Save drafts of new pages one by one, as a trip does; returns milliseconds of each, by what was written.

    Rows count with their entries in indexes. To take the time of each part costs some of it, too.
    """
    client: Any = get_connection("default")
    found: defaultdict[str, float] = defaultdict(float)
    amount = 0
    async with client.acquire_connection() as connection:
        for draft in drafts:
            amount += 1
            statements = one_trip._statements([(owner, columns.new(owner, draft), "")])
            texts = [spelled(client, sql) for sql, _ in statements]
            await trips._prepare(connection, texts)
            async with connection.transaction():
                await connection.execute(trips._PLANNED_ONCE)
                for text, (_, parameters) in zip(texts, statements, strict=True):
                    told = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {trips._named(text, parameters)}")
                    _add(found, json.loads(told)[0])
    return {name: whole / amount for name, whole in sorted(found.items(), key=lambda one: -one[1])}


def _add(found: defaultdict[str, float], told: dict[str, Any]) -> None:
    parts: defaultdict[str, float] = defaultdict(float)
    _written(parts, told["Plan"])
    parts[_REST] = told["Planning Time"] + told["Execution Time"] - sum(parts.values())
    for name, took in parts.items():
        found[name] += took


def _written(parts: defaultdict[str, float], plan: dict[str, Any]) -> None:
    """What a plan's nodes that write took themselves, and all below."""
    below = plan.get("Plans", ())
    if plan["Node Type"] in ("ModifyTable", "LockRows"):
        fed = sum(_took(each) for each in below if each["Parent Relationship"] == "Outer")
        name = f"rows of {plan['Relation Name']}" if "Relation Name" in plan else "rows held"
        parts[name] += _took(plan) - fed
    for each in below:
        _written(parts, each)


def _took(plan: dict[str, Any]) -> float:
    took: float = plan["Actual Total Time"] * plan["Actual Loops"]
    return took
