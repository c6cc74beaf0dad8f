"""The command line: serve, work, and everything a person can do without a browser.

Exit codes: 0 done, 1 refused (the reason on standard error), 2 wrong usage. Rooms are imported when a command needs
them, so that `--help` is quick. What a command writes, a running server's worker acts on within two seconds.
"""

from __future__ import annotations

import sys

import click

from fedimark import __version__
from fedimark.cli.bookmarks import edit, remove, save
from fedimark.cli.doctor import doctor
from fedimark.cli.domains import domain
from fedimark.cli.files import export, import_, undo_import
from fedimark.cli.follows import follow, unfollow
from fedimark.cli.keeping import backup, move_to, restore
from fedimark.cli.links import link
from fedimark.cli.people import account
from fedimark.cli.pulling import pull
from fedimark.cli.reading import counts, network_of, timeline
from fedimark.cli.relays import relay
from fedimark.cli.serving import migrate, serve, worker
from fedimark.cli.speaking import mute, resume
from fedimark.cli.streams import stream
from fedimark.errors import FedimarkError
from fedimark.settings import BadSettings

__all__ = ["commands", "main", "network_of"]


def main() -> None:
    """Run a command; a refusal becomes its message and exit code 1."""
    try:
        commands()
    except (FedimarkError, BadSettings) as error:
        click.echo(f"fedimark: {error}", err=True)
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def commands() -> None:
    """Social bookmarking on the fediverse. Settings come from FEDIMARK_* and the file FEDIMARK_CONFIG names."""


for _command in (
    serve,
    worker,
    migrate,
    account,
    domain,
    link,
    relay,
    save,
    edit,
    remove,
    import_,
    undo_import,
    pull,
    export,
    timeline,
    counts,
    follow,
    unfollow,
    stream,
    mute,
    resume,
    backup,
    restore,
    move_to,
    doctor,
):
    commands.add_command(_command)
