"""`follow` and `unfollow`."""

from __future__ import annotations

import click

from fedimark.cli import options
from fedimark.cli.inside import going_out, inside, owner_named, run


@click.command()
@click.argument("who")
@options.user
def follow(who: str, username: str) -> None:
    """Follow somebody, a tag or a feed: @ana@marks.example, #sql@marks.example, an address, or a name here."""
    click.echo(run(_follow(username, who)))


@click.command()
@click.argument("who")
@options.user
def unfollow(who: str, username: str) -> None:
    """Follow somebody, a tag or a feed no more."""
    run(_unfollow(username, who))


async def _follow(username: str, who: str) -> str:
    from fedimark.follows import request, words

    async with going_out():
        return await words.told(await request.follow(await owner_named(username), who))


async def _unfollow(username: str, who: str) -> None:
    from fedimark.follows import request

    async with inside():
        await request.unfollow(await owner_named(username), who)
