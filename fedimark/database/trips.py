"""Statements that follow from each other, in one trip to PostgreSQL: a transaction of their own, with its commit.

A trip costs more than most statements. Each statement is prepared once in a session and from then on only named; what
one writes, the next finds by a key that is known before, for no rows come back in between.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from weakref import WeakKeyDictionary

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.connection import get_connection

from fedimark.database.scripts import Statement
from fedimark.database.statements import counted, spelled

_LOG = logging.getLogger("tortoise.db_client")
# To plan these costs more than to run them, and lists of any length are looked up alike. Tables are joined as they are
# written, from the few rows on that a trip is about: of tables that PostgreSQL knows nothing of yet it would read all
# local people for each. Keys are looked up one by one, for a bitmap costs as much to begin as some rows to find.
_PLANNED = ("plan_cache_mode = force_generic_plan", "enable_seqscan = off", "enable_bitmapscan = off")
_PLANNED_ONCE = ";".join(f"SET LOCAL {setting}" for setting in (*_PLANNED, "join_collapse_limit = 1"))
# What a session holds is the session's, and lives as long, whoever uses it.
_PREPARED: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


async def in_one_trip(statements: Sequence[Statement]) -> int:
    """Run statements in a transaction of their own; returns how many rows the last one wrote.

    Each sees what those before it wrote, and what others had committed when it began; all of them stay, or none. Their
    parameters are text, numbers, truths, None, or lists of these. On PostgreSQL, over sessions of our own, outside of
    `write()`. Raises what asyncpg raises, and ValueError for what no text of PostgreSQL can hold.
    """
    client: Any = get_connection("default")
    assert not isinstance(client, TransactionalDBClient), "a trip is a transaction of its own"
    texts = [spelled(client, sql) for sql, _ in statements]
    named = [_named(text, parameters) for text, (_, parameters) in zip(texts, statements, strict=True)]
    whole = ";".join([_PLANNED_ONCE, *named])
    _LOG.debug("%s: %s", whole, ())
    with counted("INSERT"):
        async with client.acquire_connection() as connection:
            await _prepare(connection, texts)
            done: str = await connection.execute(whole)
    return int(done.rpartition(" ")[2])


async def _prepare(connection: Any, texts: Sequence[str]) -> None:
    """Prepare what this session has not prepared yet."""
    known = _PREPARED.setdefault(connection._con, set())
    new = dict.fromkeys(text for text in texts if text not in known)
    if new:
        await connection.execute(";".join(f"PREPARE {_name(text)} AS {text}" for text in new))
        known.update(new)


def _named(text: str, parameters: Sequence[object]) -> str:
    said = f" ({', '.join([_literal(value) for value in parameters])})" if parameters else ""
    return f"EXECUTE {_name(text)}{said}"


@lru_cache(maxsize=64)
def _name(text: str) -> str:
    return f"trip_{blake2b(text.encode(), digest_size=8).hexdigest()}"


def _literal(value: object) -> str:
    """A parameter as PostgreSQL reads it where it knows its type."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list | tuple):
        return _quoted(f"{{{','.join([_cell(each) for each in value])}}}")
    return _bare(value)


def _cell(value: object) -> str:
    """One value of a list."""
    if not isinstance(value, str):
        return _bare(value)
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def _bare(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    assert isinstance(value, int), "a parameter is text, a number, a truth, None, or a list of these"
    return str(int(value))


def _quoted(text: str) -> str:
    if "\0" in text:
        raise ValueError("no text holds a NUL")
    if "\\" in text or "'" in text:
        text = text.replace("\\", "\\\\").replace("'", "''")
    # Read in one way, whatever the database takes a backslash for elsewhere.
    return f"E'{text}'"
