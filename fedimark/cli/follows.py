"""`follow` and `unfollow`."""

from __future__ import annotations

import click

from fedimark.cli import options
from fedimark.cli.inside import going_out, inside, owner_named, run


@click.command()
@click.argument("who")
@options.user
def follow(who: str, username: str) -> None:
    """Follow somebody: @ana@marks.example, an address, a name of this server, or a page with a feed."""
    click.echo(run(_follow(username, who)))


@click.command()
@click.argument("who")
@options.user
def unfollow(who: str, username: str) -> None:
    """Follow somebody, or the feed at an address, no more."""
    run(_unfollow(username, who))


async def _follow(username: str, who: str) -> str:
    from fedimark.follows import request

    async with going_out() as here:
        row = await request.follow(await owner_named(username), who)
        # A feed has no handle.
        handle = f"@{row['username']}@{row['host'] or here.settings.handles_at}"
        name = handle if row["username"] else f"the feed {row['name']} ({row['host']})"
    return f"You follow {name}." if row["state"] == "accepted" else f"{name} was asked."


async def _unfollow(username: str, who: str) -> None:
    from fedimark.follows import request

    async with inside():
        await request.unfollow(await owner_named(username), who)
