"""What many commands are asked with, and how they answer."""

from __future__ import annotations

import json
from typing import Any

import click

user = click.option("--user", "username", required=True, metavar="NAME", help="Whose bookmarks.")
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
