"""`doctor`: whether all is well."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from fedimark.cli import options
from fedimark.cli.inside import run

if TYPE_CHECKING:
    from fedimark.keeping.doctor import Finding


@click.command()
@options.as_json
def doctor(as_json: bool) -> None:
    """Look at settings, database, queues, name, certificate and proxy; exit code 1 when something is wrong."""
    found = run(_examine())
    if as_json:
        options.print_json([{"verdict": each.verdict, "about": each.about, "words": each.words} for each in found])
    else:
        for each in found:
            click.echo(f"{each.verdict:<6} {each.about}: {each.words}")
    sys.exit(int(any(each.verdict == "wrong" for each in found)))


async def _examine() -> list[Finding]:
    from fedimark.cli.inside import facts_of
    from fedimark.cli.which import names_itself, tried_out
    from fedimark.database import Database
    from fedimark.errors import Unavailable
    from fedimark.here import Here, entered
    from fedimark.keeping import doctor
    from fedimark.remote import client
    from fedimark.settings import read

    settings = read(os.environ)
    if not names_itself(settings):
        try:
            known = await facts_of(settings) or {}
        except Unavailable:  # said below
            known = {}
        settings = tried_out(known.get("base_url", settings.base_url), known.get("handle_domain"))
    database = Database(settings)
    async with client.build(settings) as http, entered(Here(settings=settings, database=database, http=http)):
        found = [each async for each in doctor.of_machine(settings)]
        found += [each async for each in doctor.of_database(settings)]
        if any(each == doctor.ok("schema", "up to date") for each in found):
            await database.open()
            try:
                found += [each async for each in doctor.of_server(settings)]
                found += [each async for each in doctor.of_others()]
            finally:
                await database.close()
        found += [each async for each in doctor.of_address(settings)]
    return found
