"""`domain`: other servers this one has nothing to do with."""

from __future__ import annotations

import click

from fedimark.cli import options
from fedimark.cli.inside import inside, run


@click.group()
def domain() -> None:
    """Other servers this one has nothing to do with."""


@domain.command("block")
@click.argument("host")
@click.option("--reason", default="", help="For admins only.")
def domain_block(host: str, reason: str) -> None:
    """Block a domain and everything below it."""
    click.echo(f"{run(_block(host, reason))} is blocked.")


@domain.command("unblock")
@click.argument("host")
def domain_unblock(host: str) -> None:
    """Deal with a domain again; what was dropped comes back only as it arrives anew."""
    click.echo(f"{run(_unblock(host))} is not blocked any more.")


@domain.command("list")
@options.as_json
def domain_list(as_json: bool) -> None:
    """List blocked domains with their reasons."""
    found = run(_blocked())
    if as_json:
        options.print_json(found)
        return
    for each in found:
        click.echo(f"{each['host']}  {each['reason']}".rstrip())


@domain.command("let-in")
@click.argument("host")
def domain_let_in(host: str) -> None:
    """Let what comes from a server onto public pages, though nobody here follows anybody there."""
    click.echo(f"{run(_let_in(host))} is let in.")


@domain.command("quarantine")
@options.as_json
def domain_quarantine(as_json: bool) -> None:
    """List servers in quarantine, and how many of their bookmarks wait."""
    found = run(_waiting())
    if as_json:
        options.print_json(found)
        return
    for each in found:
        click.echo(f"{each['host']}  {each['bookmarks']}")


async def _block(host: str, reason: str) -> str:
    from fedimark.moderation import domains

    async with inside():
        return await domains.block_domain(host, reason)


async def _unblock(host: str) -> str:
    from fedimark.moderation import domains

    async with inside():
        return await domains.unblock_domain(host)


async def _blocked() -> list[dict[str, str]]:
    from fedimark.moderation import queries

    async with inside():
        return [
            {"host": row["host"], "reason": row["reason"], "since": options.rfc3339(row["created_at"])}
            for row in await queries.domains()
        ]


async def _let_in(host: str) -> str:
    from fedimark.moderation import quarantine

    async with inside():
        return await quarantine.let_in(host)


async def _waiting() -> list[dict[str, object]]:
    from fedimark.moderation import quarantine

    async with inside():
        return [{"host": each.host, "bookmarks": each.bookmarks} for each in await quarantine.waiting()]
