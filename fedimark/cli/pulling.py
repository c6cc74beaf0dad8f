"""`pull`: bookmarks fetched from the live API of another service."""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedimark.cli import options
from fedimark.cli.files import brought_in, counting, tell
from fedimark.cli.inside import inside, opened, owner_named, run

if TYPE_CHECKING:
    from fedimark.importing.report import Report

_KINDS = ("pinboard", "linkding")
_WAIT_FOR_ANSWER_S = 300.0


@click.command()
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("url")
@click.option("--token", envvar="FEDIMARK_PULL_TOKEN", required=True, help="Your key there; Pinboard’s is NAME:KEY.")
@options.user
@options.choices
@options.as_json
def pull(kind: str, url: str, token: str, username: str, as_json: bool, **chosen: str) -> None:
    """Fetch all bookmarks from a Pinboard or a linkding, and import them silently. As often as you like.

    Pinboard’s URL is https://api.pinboard.in/v1; the server is asked one page after the other, and waited for when it
    asks for that. The token may stand in FEDIMARK_PULL_TOKEN, so that no list of processes shows it.
    """
    report, undo = run(_pull(kind, url, token, username, chosen))
    tell(report, undo, username, as_json=as_json)


async def _pull(kind: str, url: str, token: str, username: str, chosen: dict[str, str]) -> tuple[Report, str]:
    from fedimark.importing import pulling
    from fedimark.remote import client

    async with inside() as here:
        await owner_named(username)
        settings = here.settings
    # One answer of Pinboard's holds everything.
    large = replace(settings, fetch_limit_bytes=settings.import_limit_bytes, fetch_total_s=_WAIT_FOR_ANSWER_S)
    handle, name = tempfile.mkstemp(prefix="fedimark-pull-")
    os.close(handle)
    file = Path(name)
    try:
        async with client.build(settings) as http, opened(large, http):
            with counting("Fetched bookmarks") as told:
                await pulling.pull(pulling.Account(kind, url, token), file, asyncio.sleep, told)
        return await brought_in(username, file, f"pulled from {kind}", chosen)
    finally:
        file.unlink(missing_ok=True)
