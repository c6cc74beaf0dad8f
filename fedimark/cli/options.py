"""What many commands are asked with, and how they answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click


class _Name(click.ParamType[str]):
    """A word a database can be asked for: what the shell passes on need not be text."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("this is not UTF-8.", param, ctx)
        return value


NAME = _Name()
user = click.option("--user", "username", type=NAME, required=True, metavar="NAME", help="Whose bookmarks.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
WORDS = ("public", "unlisted", "followers", "private")
visibilities = click.Choice(WORDS)

_FOLDERS = click.Choice(["leave", "tags", "path"])


def choices(command: Callable[..., None]) -> Callable[..., None]:
    """How what comes in is wanted, as importing.options reads it."""
    for option in (
        click.option("--home", default="", help="The address of the Shaarli whose notes are in the file."),
        click.option("--clash", type=click.Choice(["file", "mine", "both"]), default="file", help="Whose words win."),
        click.option("--visibility", type=click.Choice(["file", *WORDS]), default="file", help="Who may see them."),
        click.option("--tags", type=NAME, default="", help="Tags for all rows."),
        click.option("--folders", type=_FOLDERS, default="leave", help="What becomes of folders."),
    ):
        command = option(command)
    return command


def print_json(value: Any) -> None:
    """Print one line of JSON, in the letters people wrote."""
    click.echo(json.dumps(value, ensure_ascii=False))


def rfc3339(micros: int) -> str:
    """A moment as scripts read it: always six digits after the second, so that it sorts as text."""
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
