"""`mute` and `resume`: whether this server speaks to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fedimark.cli.inside import inside, inside_even_if_moved, run

if TYPE_CHECKING:
    from fedimark.keeping.waiting import Waiting
    from fedimark.policy.muted import Muted


@click.command()
def mute() -> None:
    """Say nothing to other servers and ask them nothing, until `resume`: for a machine that is about to be copied."""
    run(_mute())
    click.echo("This server is muted. `fedimark resume` lets it speak again.")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--drop-waiting", "drops", is_flag=True, help="Forget what waits: for a copy that is older than it was.")
def resume(yes: bool, drops: bool) -> None:
    """Show what a muted server would send, ask, and let it speak again."""
    found = run(_look())
    if found is None:
        click.echo("This server is not muted.")
        return
    _tell(*found)
    if drops:
        click.echo("All of that is forgotten, not sent.")
    if not yes:
        click.confirm("Let this server speak to others again?", abort=True)
    run(_drop_and_speak() if drops else _speak())
    click.echo("This server speaks again.")


def _tell(muted: Muted, waiting: Waiting) -> None:
    from fedimark.cli.options import rfc3339
    from fedimark.policy.muted import words_of

    click.echo(f"Muted since {rfc3339(muted.since)[:19]}Z: {words_of(muted.why)}.")
    if not waiting.letters:
        click.echo("No letters wait.")
    else:
        since = rfc3339(waiting.since)[:10]
        click.echo(f"{waiting.letters} letters wait for {waiting.hosts} servers, the oldest since {since}:")
    for line in waiting.lines:
        click.echo(f"  {line.amount:>7} {line.kind:<10} {line.host}  since {rfc3339(line.since)[:10]}")
    if waiting.more:
        click.echo(f"  {waiting.more:>7} more")
    for amount, words in (
        (waiting.paced, "of them are let out one a minute"),
        (waiting.stale, "of them are older than a week: they go only to servers that answer at once"),
        (waiting.tellings, "bookmarks are still to be told of"),
        (waiting.announcements, "announcements of tags wait"),
        (waiting.links, "links given to people wait"),
        (waiting.asked, "follows have no answer yet: they are asked for again"),
    ):
        if amount:
            click.echo(f"{amount} {words}.")


async def _mute() -> None:
    from fedimark.policy import muted

    async with inside():
        await muted.mute(muted.ASKED)


async def _look() -> tuple[Muted, Waiting] | None:
    from fedimark.keeping import place, waiting
    from fedimark.policy import muted

    async with inside_even_if_moved() as here:
        # A copy that nobody started yet does not know that it is one.
        await place.notice(here.settings)
        known = await muted.muted()
        return (known, await waiting.waiting()) if known else None


async def _speak() -> None:
    from fedimark.database import write
    from fedimark.keeping import place
    from fedimark.policy import muted

    async with inside_even_if_moved() as here, write():
        await place.take(here.settings)
        await muted.unmute()


async def _drop_and_speak() -> None:
    from fedimark.database import write
    from fedimark.keeping import waiting

    async with inside_even_if_moved(), write():
        await waiting.drop()
    await _speak()
