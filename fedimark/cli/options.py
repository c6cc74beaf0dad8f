"""What many commands are asked with, and how they answer."""

from __future__ import annotations

import json
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
visibilities = click.Choice(["public", "unlisted", "followers", "private"])


def print_json(value: Any) -> None:
    """Print one line of JSON, in the letters people wrote."""
    click.echo(json.dumps(value, ensure_ascii=False))


def rfc3339(micros: int) -> str:
    """A moment as scripts read it: always six digits after the second, so that it sorts as text."""
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
