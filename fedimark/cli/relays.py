"""`relay`: servers that pass on what everybody publishes, to which this one is subscribed."""

from __future__ import annotations

import click

from fedimark.cli import options
from fedimark.cli.inside import going_out, inside, run


@click.group()
def relay() -> None:
    """Servers that pass on what everybody publishes, to which this one is subscribed."""


@relay.command("add")
@click.argument("address")
def relay_add(address: str) -> None:
    """Subscribe to a relay: https://relay.example/inbox, or the address of its actor."""
    click.echo(f"{run(_add(address))} was asked.")


@relay.command("remove")
@click.argument("address")
def relay_remove(address: str) -> None:
    """Leave a relay; what it brought stays."""
    click.echo(f"{run(_remove(address))} was left.")


@relay.command("list")
@options.as_json
def relay_list(as_json: bool) -> None:
    """List relays with what they said."""
    found = run(_relays())
    if as_json:
        options.print_json(found)
        return
    for each in found:
        click.echo(f"{each['address']}  {each['style']}  {each['state']}")


async def _add(address: str) -> str:
    from fedimark.follows import relays

    async with going_out():
        return str((await relays.add(address))["address"])


async def _remove(address: str) -> str:
    from fedimark.follows import relays

    async with inside():
        return await relays.remove(address)


async def _relays() -> list[dict[str, str]]:
    from fedimark.follows import relays

    async with inside():
        return [
            {
                "address": row["address"],
                "style": row["style"],
                "state": row["state"],
                "since": options.rfc3339(row["answered_at"] or row["created_at"]),
            }
            for row in await relays.every()
        ]
