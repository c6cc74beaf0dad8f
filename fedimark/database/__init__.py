"""The database: connections, statements, schema, and the one place that knows the two dialects.

On SQLite all writes of one process go through one connection and so one fair queue; reads have a connection of
their own that cannot write.
"""

from fedimark.database.connect import TORTOISE, Database
from fedimark.database.schema import migrate
from fedimark.database.statements import (
    Row,
    among,
    atomically,
    execute,
    execute_many,
    fetch,
    fetch_one,
    insert_many,
    is_sqlite,
    marks,
    several,
    write,
)

__all__ = [
    "TORTOISE",
    "Database",
    "Row",
    "among",
    "atomically",
    "execute",
    "execute_many",
    "fetch",
    "fetch_one",
    "insert_many",
    "is_sqlite",
    "marks",
    "migrate",
    "several",
    "write",
]
