"""Fixtures for every test."""

from fedimark import logs
from tests.support.fixtures import (
    ana,
    clock,
    database,
    fleet,
    postgres_template,
    server,
    shared_data,
    sqlite_template,
    wire,
)

__all__ = [
    "ana",
    "clock",
    "database",
    "fleet",
    "postgres_template",
    "server",
    "shared_data",
    "sqlite_template",
    "wire",
]

# As in life: the library's own way to draw a traceback takes a second for each.
logs.configure("text")
