"""Where templates, migrations, catalogues and static files lie, in a checkout and in a wheel."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).parent
STATIC = PACKAGE / "web" / "static"
LOCALES = PACKAGE / "language" / "locale"


def templates() -> Path:
    """The folder of the page templates."""
    inside = PACKAGE / "_templates"
    return inside if inside.is_dir() else PACKAGE.parent / "templates"


def migrations_module() -> str:
    """The dotted name under which Tortoise finds the migrations."""
    return "fedimark._migrations" if find_spec("fedimark._migrations") else "migrations"
