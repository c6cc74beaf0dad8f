"""`import` and `export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedimark.cli import options
from fedimark.cli.inside import inside, owner_named, run

if TYPE_CHECKING:
    from fedimark.importing.report import Report


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.user
@options.as_json
def import_(file: Path, username: str, as_json: bool) -> None:
    """Import a file of bookmarks, silently: Pinboard JSON. As often as you like: what is known stays."""
    report = run(_import(username, file))
    errors = [{"row": e.row, "reason": e.reason} for e in report.errors]
    if as_json:
        options.print_json({**report.summary(), "errors": errors})
        return
    click.echo(", ".join(f"{number} {word}" for word, number in report.summary().items()))
    for error in errors:
        click.echo(f"row {error['row']}: {error['reason']}", err=True)


@click.command()
@options.user
@click.option("--format", "name", type=click.Choice(["pinboard-json"]), default="pinboard-json", show_default=True)
def export(username: str, name: str) -> None:
    """Write all of a person's bookmarks to standard output, private ones too."""
    run(_export(username, name))


async def _import(username: str, file: Path) -> Report:
    from fedimark.importing.importer import bring_in
    from fedimark.importing.report import Report

    report = Report()
    async with inside():
        async for reached in bring_in(await owner_named(username), file):
            report = reached
    return report


async def _export(username: str, name: str) -> None:
    from fedimark.importing import exporter

    async with inside():
        async for part in exporter.export(await owner_named(username), name):
            sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
