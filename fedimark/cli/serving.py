"""`serve`, `worker`, `migrate`."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys

import click

from fedimark.cli.inside import inside, opened, run
from fedimark.cli.which import port_of, serving_settings
from fedimark.errors import FedimarkError
from fedimark.settings import Settings, read


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port; as in the base URL, else 8000.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.option("--no-worker", is_flag=True, help="Only answer; `fedimark worker` runs elsewhere.")
def serve(host: str, port: int | None, workers: int, no_worker: bool) -> None:
    """Bring the database up to date and serve, with the worker beside."""
    from fedimark.serving import processes

    settings = serving_settings(host, port)
    if not no_worker:
        _check_engine(settings)
    _bring_up_to_date(settings, is_alone=workers == 1)
    run(_make_ready(settings), settings)
    port = port or port_of(settings)
    environ = {
        "FEDIMARK_BASE_URL": settings.base_url,
        "FEDIMARK_ALLOW_LOOPBACK": str(settings.allow_loopback).lower(),
    }
    processes.serve(settings, host, port, workers=workers, works=not no_worker, environ=environ)


@click.command()
def worker() -> None:
    """Run only the worker: deliveries, received activities, imports."""
    settings = read(os.environ)
    _check_engine(settings)
    run(_work(), settings)


@click.command()
def migrate() -> None:
    """Bring the database up to date."""
    from fedimark import database

    settings = read(os.environ)
    applied = run(database.migrate(settings), settings)
    click.echo("\n".join(applied) if applied else "The database is up to date.")


def _check_engine(settings: Settings) -> None:
    """Say at once what a worker would say only when it starts."""
    if not settings.is_sqlite:
        from fedimark.jobs import postgres

        postgres.check_installed()


def _bring_up_to_date(settings: Settings, *, is_alone: bool) -> None:
    """Migrate in a process of its own: all steps there are, and what they build, took ten megabytes for good.

    A process that answers `is_alone` reads meanwhile what it answers with: that takes as long.
    """
    from fedimark import database  # noqa: F401 - what both need is read once

    migrating = multiprocessing.get_context("fork").Process(target=_migrate, args=(settings,))
    migrating.start()
    if is_alone:
        from fedimark import app  # noqa: F401 - read while the other process migrates
    migrating.join()
    if migrating.exitcode:
        sys.exit(1)


def _migrate(settings: Settings) -> None:
    from fedimark import database

    try:
        run(database.migrate(settings), settings)
    except FedimarkError as error:
        click.echo(f"fedimark: {error}", err=True)
        sys.exit(1)


async def _make_ready(settings: Settings) -> None:
    from fedimark.accounts import first

    async with opened(settings) as here:
        await first.prepare(settings)
        code = await first.new_setup_code()
        base = here.settings.base_url
    click.echo(f"Fedimark serves {base}", err=True)
    if code is not None and settings.is_loopback:
        click.echo(f"Nobody has an account yet: open {base}/ to make the first, which may see to the server.", err=True)
    elif code is not None:
        click.echo(f"Nobody has an account yet: open {base}/ and use the set-up code {code}", err=True)


async def _work() -> None:
    from fedimark import app
    from fedimark import worker as loop

    async with inside() as here:
        settings = here.settings
    async with app.running(settings) as server, app.kept_up(server.here):
        app.hear_of_the_end(server.here.ending)
        gc.freeze()
        await loop.run(server.here, server.here.ending)
