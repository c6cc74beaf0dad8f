"""How many statements a block runs: Tortoise logs each of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGER = logging.getLogger("tortoise.db_client")


class Statements(list[str]):
    """The statements of a block, in order; compare `len(...)`, read them when it is wrong."""


class _Keep(logging.Handler):
    def __init__(self, kept: Statements) -> None:
        super().__init__(logging.DEBUG)
        self.kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        first = record.args[0] if isinstance(record.args, tuple) and record.args else record.msg
        self.kept.append(str(first))


@contextmanager
def statements() -> Iterator[Statements]:
    """`with statements() as count: …` and then `len(count)`."""
    kept = Statements()
    handler = _Keep(kept)
    level, spreads = _LOGGER.level, _LOGGER.propagate
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.DEBUG)
    _LOGGER.propagate = False
    try:
        yield kept
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(level)
        _LOGGER.propagate = spreads
