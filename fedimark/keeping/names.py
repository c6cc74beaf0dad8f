"""Which tables and files are a server's own, and so are kept and moved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tortoise.fields import BooleanField
from tortoise.models import Model

from fedimark import models
from fedimark.database.tables import Flags

FOLDERS = ("avatars", "uploads")
OF_A_PLACE = frozenset({"installation", "muted", "moved_to", "arriving"})
"""Facts that are about where a database stands, and so go nowhere with its rows."""

_FILE = re.compile(rf"(?:{'|'.join(FOLDERS)})/[A-Za-z0-9_][A-Za-z0-9._-]{{0,199}}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


def flags() -> Flags:
    """Every table with its columns that hold yes or no."""
    tables = [each for each in vars(models).values() if isinstance(each, type) and issubclass(each, Model)]
    return {
        table._meta.db_table: {
            name for name, field in table._meta.fields_map.items() if isinstance(field, BooleanField)
        }
        for table in tables
    }


def kept_files(data_dir: Path) -> Iterator[str]:
    """The files of a data directory that belong to its server, by their names below it."""
    for folder in FOLDERS:
        if (data_dir / folder).is_dir():
            for file in sorted((data_dir / folder).iterdir()):
                if file.is_file() and not file.is_symlink() and is_kept_file(f"{folder}/{file.name}"):
                    yield f"{folder}/{file.name}"


def is_kept_file(name: str) -> bool:
    """Whether a name below the data directory is one of ours: in a folder of ours, and nowhere else."""
    return _FILE.fullmatch(name) is not None


def is_name(name: str) -> bool:
    """Whether a word may be the name of a table or column."""
    return _NAME.fullmatch(name) is not None
