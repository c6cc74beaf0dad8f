"""Fixtures for every test."""

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
