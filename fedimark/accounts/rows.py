"""New rows of this room, whole; the database has no defaults of its own."""

from __future__ import annotations

from fedimark.database import execute, fetch, marks
from fedimark.models import Account, Actor, Invite, Session, Token

_MODELS = {"account": Account, "actor": Actor, "invite": Invite, "session": Session, "token": Token}


async def insert(table: str, **values: object) -> int:
    """Insert a row, what is not named by the model's defaults, and return its id."""
    columns, row = _whole(table, values)
    found = await fetch(f"INSERT INTO {table} ({columns}) VALUES ({marks(len(row))}) RETURNING id", *row)
    return int(found[0]["id"])


async def insert_once(table: str, unique: str, **values: object) -> None:
    """Insert a row unless one stands there with the same value in the `unique` column."""
    columns, row = _whole(table, values)
    await execute(f"INSERT INTO {table} ({columns}) VALUES ({marks(len(row))}) ON CONFLICT ({unique}) DO NOTHING", *row)


def _whole(table: str, values: dict[str, object]) -> tuple[str, list[object]]:
    # Not Model.create: Tortoise keeps one INSERT a table for the whole process, whichever database it was written for.
    fields = _MODELS[table]._meta.fields_map
    row = {name: values.get(name, field.default) for name, field in fields.items() if name != "id"}
    return ", ".join(row), list(row.values())
