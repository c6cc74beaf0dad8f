"""The database: connections, statements, schema, and the one place that knows the two dialects.

On SQLite all writes of one process go through one connection and so one fair queue; reads have a connection of
their own that cannot write.
"""

from fedimark.database.checkpoints import brought_in
from fedimark.database.connect import TORTOISE, Database
from fedimark.database.gone import is_gone
from fedimark.database.hurry import go_first, hurry, is_hurried
from fedimark.database.lookups import looked_up
from fedimark.database.parts import Sql
from fedimark.database.schema import answers, is_current, migrate
from fedimark.database.scripts import (
    MANY,
    Script,
    Statement,
    ask,
    ask_all,
    by_indexes,
    copying,
    insert_many,
    inserts,
    inserts_of,
    perform,
    performed,
    rows_written,
    unhurried,
)
from fedimark.database.stamps import stamp, stamp_now
from fedimark.database.statements import (
    Row,
    Values,
    among,
    analyzed,
    atomically,
    cells,
    execute,
    execute_many,
    fetch,
    fetch_one,
    fetch_values,
    for_each,
    is_sqlite,
    marks,
    several,
    table,
    write,
    written,
)
from fedimark.database.trips import in_one_trip
from fedimark.database.visits import at_once, together

__all__ = [
    "MANY",
    "TORTOISE",
    "Database",
    "Row",
    "Script",
    "Sql",
    "Statement",
    "Values",
    "among",
    "analyzed",
    "answers",
    "ask",
    "ask_all",
    "at_once",
    "atomically",
    "brought_in",
    "by_indexes",
    "cells",
    "copying",
    "execute",
    "execute_many",
    "fetch",
    "fetch_one",
    "fetch_values",
    "for_each",
    "go_first",
    "hurry",
    "in_one_trip",
    "insert_many",
    "inserts",
    "inserts_of",
    "is_current",
    "is_gone",
    "is_hurried",
    "is_sqlite",
    "looked_up",
    "marks",
    "migrate",
    "perform",
    "performed",
    "rows_written",
    "several",
    "stamp",
    "stamp_now",
    "table",
    "together",
    "unhurried",
    "write",
    "written",
]
