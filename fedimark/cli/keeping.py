"""`backup`, `restore` and `move-to`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedimark.cli.inside import run
from fedimark.cli.which import names_itself
from fedimark.settings import read

if TYPE_CHECKING:
    from fedimark.keeping.archive import Manifest

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
def backup(file: Path) -> None:
    """Write all rows and files to a new FILE, while the server runs or not. It holds keys: keep it like them."""
    from fedimark.keeping import backup

    click.echo(f"{_told(run(backup.back_up(read(os.environ), file)))} are in {file}.")


@click.command()
@click.argument("file", type=_FILE)
def restore(file: Path) -> None:
    """Make a server of a backup, in an empty database and data directory; it says nothing until `resume`."""
    from fedimark.keeping import restore

    settings = read(os.environ)
    base_url = settings.base_url if names_itself(settings) else None
    manifest = run(restore.restore(settings, file, base_url=base_url))
    click.echo(f"{_told(manifest)} of {manifest.base_url} are restored.")
    click.echo("It is muted: start it, see that all is well, and let it speak by `fedimark resume`.")


@click.command("move-to")
@click.argument("url")
def move_to(url: str) -> None:
    """Move all rows from SQLite to an empty PostgreSQL database, postgres://…; `-` reads its address.

    Stop the server first. If it is cut off, run it again: it goes on.
    """
    from fedimark.keeping import move

    given = sys.stdin.readline().strip() if url == "-" else url
    rows = run(move.move(read(os.environ), given, _say))
    click.echo(f"{rows} rows are moved. Set FEDIMARK_DATABASE_URL={move.shown(given)} (with its password), and start.")


def _say(words: str) -> None:
    click.echo(words)


def _told(manifest: Manifest) -> str:
    return f"{manifest.rows} rows in {len(manifest.tables)} tables and {len(manifest.files)} files"
