"""Who writes before others, and whether somebody waited lately to be answered: who works for long then does less at
once.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tortoise.context import _current_context

from fedimark.database.turns import FIRST

_LATELY_S = 1.0


def go_first() -> None:
    """Say that this task writes before who is patient, on SQLite, where one writes at a time."""
    FIRST.set(True)


def hurry() -> None:
    """Say, before a commit that somebody waits to be answered for, that this task makes it; it goes first."""
    go_first()
    rows: Any = _current_context.get()
    rows.hurried_at = asyncio.get_running_loop().time()


def is_hurried() -> bool:
    """Whether this process made a commit to the current database within the last second for which somebody waited to
    be answered.
    """
    rows: Any = _current_context.get()
    return rows.hurried_at is not None and bool(rows.hurried_at > asyncio.get_running_loop().time() - _LATELY_S)
