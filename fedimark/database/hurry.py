"""For whose commit others wait, and whether there was such a one lately: who works for long then does less at once."""

from __future__ import annotations

import asyncio
from typing import Any

from tortoise.context import _current_context

from fedimark.database.turns import FIRST

_LATELY_S = 1.0


def hurry() -> None:
    """Say, before a commit that others wait for, that this task makes it: on SQLite it goes before who is patient."""
    FIRST.set(True)
    rows: Any = _current_context.get()
    rows.hurried_at = asyncio.get_running_loop().time()


def is_hurried() -> bool:
    """Whether this process made such a commit to the current database within the last second."""
    rows: Any = _current_context.get()
    return rows.hurried_at is not None and bool(rows.hurried_at > asyncio.get_running_loop().time() - _LATELY_S)
