"""`import` and `export`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from fedimark.cli import options
from fedimark.cli.inside import inside, owner_named, run

if TYPE_CHECKING:
    from fedimark.importing.report import Report

# As importing.exporter has them, which is not loaded for every command; a test compares the two.
_FORMATS = (
    "fedimark-archive",
    *("pinboard-json", "pinboard-xml", "pinboard-html"),
    *("netscape-html", "linkding-html", "raindrop-csv", "fedimark-lines"),
    *("html-folder", "epub-unread"),
)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=_FILE)
@options.user
@options.choices
@click.option("--preview", is_flag=True, help="Only say what would be done.")
@options.as_json
def import_(file: Path, username: str, preview: bool, as_json: bool, **chosen: str) -> None:
    """Import a file of bookmarks, of any format we know, silently. As often as you like: what is known stays."""
    report, undo = run(_looked(username, file, chosen) if preview else brought_in(username, file, file.name, chosen))
    tell(report, undo, username, as_json=as_json)


def tell(report: Report, undo: str, username: str, *, as_json: bool) -> None:
    """Print what an import did; `undo` is its name, by which it can be taken back. A preview shows its first rows."""
    errors = [{"row": e.row, "reason": e.reason} for e in report.errors]
    samples = [asdict(sample) for sample in report.samples]
    if as_json:
        shown = {} if undo else {"samples": samples}
        options.print_json({**report.summary(), "errors": errors, "import": undo, **shown})
        return
    click.echo(", ".join(f"{number} {word}" for word, number in report.summary().items()))
    for each in samples:
        click.echo("row {row}, {fate}, {visibility}: {url}\t{title}\t{tags}".format_map(each))
    for error in errors:
        click.echo(f"row {error['row']}: {error['reason']}", err=True)
    if undo and sys.stderr.isatty():
        click.echo(f"To take it back: fedimark undo-import {undo} --user {username}", err=True)


@click.command("undo-import")
@click.argument("name", type=options.NAME, metavar="IMPORT")
@options.user
def undo_import(name: str, username: str) -> None:
    """Take back a whole import, as `import` called it: what it added, and what it changed; what was edited stays."""
    undone = run(_undo(username, name))
    click.echo(", ".join(f"{number} {word}" for word, number in undone.items()))


@click.command()
@options.user
@click.option("--format", "name", type=click.Choice(_FORMATS), default="pinboard-json", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output.")
@click.option("--keys", is_flag=True, help="With the account’s private keys, in fedimark-archive: keep it safe.")
def export(username: str, name: str, output: Path | None, keys: bool) -> None:
    """Write all of a person's bookmarks, private ones too, to standard output or a file."""
    if keys and name != "fedimark-archive":
        raise click.UsageError("Keys are only in a fedimark-archive.")
    run(_export(username, name, output, keys))


async def _looked(username: str, file: Path, chosen: dict[str, str]) -> tuple[Report, str]:
    from fedimark.importing import importer
    from fedimark.importing.options import read_options

    wanted = read_options(chosen)
    async with inside():
        owner = await owner_named(username)
        with counting("Looking at rows") as told:
            return await importer.look_into(owner, file, wanted, told), ""


async def brought_in(username: str, file: Path, name: str, chosen: dict[str, str]) -> tuple[Report, str]:
    """Import a file; returns the report, and the name by which it can be taken back."""
    from fedimark import database
    from fedimark.importing import importer
    from fedimark.importing.options import read_options
    from fedimark.importing.report import Report

    report = Report()
    wanted = read_options(chosen)
    async with inside(), database.brought_in():
        owner = await owner_named(username)
        # To its end, before anything is saved: a file that turns out to be damaged leaves nothing behind.
        with counting("Looking at rows") as told:
            total = (await importer.look_into(owner, file, wanted, told)).rows
        number, job = await importer.written_down(username, name, wanted)
        with _bar(total if sys.stderr.isatty() else 0, "Importing") as told:
            async for reached in importer.bring_in(owner, file, job_id=number, options=wanted):
                told(reached.rows - report.rows)
                report = reached
    return report, job


async def _undo(username: str, name: str) -> dict[str, int]:
    from fedimark.accounts.queries import viewer_by_name
    from fedimark.importing import undoing

    async with inside():
        await owner_named(username)
        viewer = await viewer_by_name(username)
        assert viewer is not None, "owners have accounts"
        return undoing.document(await undoing.at_once(viewer, name))


async def _export(username: str, name: str, output: Path | None, keys: bool) -> None:
    from fedimark.accounts.queries import count_bookmarks
    from fedimark.importing import archive, exporter

    async with inside():
        owner = await owner_named(username)
        make = archive.make_with_keys if keys else exporter.export_named(name).make
        total = await count_bookmarks(owner.actor_id) if sys.stderr.isatty() else 0
        with _written(output) as file, _bar(total, "Exporting") as told:
            async for part in make(owner, told):
                file.write(part)


@contextmanager
def _written(output: Path | None) -> Iterator[IO[bytes]]:
    """Where an export goes; a file is nobody else's, and there only when it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    beside = output.with_name(f".{output.name}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
        beside.replace(output)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def counting(words: str) -> Iterator[Callable[[int], None]]:
    """A number that grows, where nobody knows how far it will, for whoever looks on; scripts read none."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    reached = 0

    def told(more: int) -> None:
        nonlocal reached
        reached += more
        click.echo(f"\r{words}: {reached:,}", err=True, nl=False)

    told(0)
    try:
        yield told
    finally:
        click.echo(err=True)


@contextmanager
def _bar(total: int, words: str) -> Iterator[Callable[[int], None]]:
    """A progress bar for whoever looks on, else nothing; scripts read no dots."""
    if not total:
        yield lambda _: None
        return
    with click.progressbar(length=total, label=words, file=sys.stderr) as bar:
        yield bar.update
