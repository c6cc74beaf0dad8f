"""What this server remembers about itself, written; reading stands in queries."""

from __future__ import annotations

from fedimark.database import execute


async def put_fact(name: str, value: str) -> None:
    """Remember a value under a name, in place of what stood there."""
    await execute(
        "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
    )


async def put_fact_once(name: str, value: str) -> None:
    """Remember a value under a name, unless something stands there."""
    await execute("INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, value)


async def forget_fact(name: str) -> None:
    """Forget what stands under a name."""
    await execute("DELETE FROM fact WHERE name = ?", name)


async def one_registration_at_a_time() -> None:
    """Inside `write`: hold every other registration of this server until this transaction ends.

    SQLite does so anyway; on PostgreSQL the row changed for nothing is the lock.
    """
    await execute("UPDATE fact SET value = value WHERE name = 'base_url'")
