"""`link`: which saved addresses are one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fedimark.cli import options
from fedimark.cli.inside import inside, run

if TYPE_CHECKING:
    from fedimark.moderation.links import Shown


@click.group()
def link() -> None:
    """Which saved addresses are one page."""


@link.command("show")
@click.argument("url")
@options.as_json
def link_show(url: str, as_json: bool) -> None:
    """Show what is known of a page: its name, which page it is, and why."""
    found, aliases = run(_show(url))
    if as_json:
        options.print_json({**found, "aliases": aliases})
        return
    for name, value in found.items():
        if value not in ("", None):
            click.echo(f"{name}: {value}")
    for each in aliases:
        click.echo(f"alias: {each['page']}  ({each['why']})")


@link.command("join")
@click.argument("url")
@click.argument("other")
def link_join(url: str, other: str) -> None:
    """Let the page at URL be the one at OTHER; its saves move there."""
    run(_join(url, other))


@link.command("part")
@click.argument("url")
def link_part(url: str) -> None:
    """Let the page at URL be one of its own, and stay so."""
    run(_part(url))


async def _show(url: str) -> tuple[dict[str, object], list[dict[str, str]]]:
    from fedimark.moderation import links

    async with inside():
        found = await links.show(url)
    return _told(found), [{"page": each["canonical"], "why": each["alias_why"]} for each in found.aliases]


def _told(found: Shown) -> dict[str, object]:
    link, root = found.link, found.root
    return {
        "page": link["canonical"],
        "is": root["canonical"] if root["id"] != link["id"] else None,
        "why": link["alias_why"],
        "title": root["title"],
        "savers": root["savers"],
        "read_at": options.rfc3339(link["looked_at"]) if link["looked_at"] else None,
        "read_next": options.rfc3339(link["look_at"]) if link["look_at"] else None,
    }


async def _join(url: str, other: str) -> None:
    from fedimark.moderation import links

    async with inside():
        await links.join_by_hand(url, other)


async def _part(url: str) -> None:
    from fedimark.moderation import links

    async with inside():
        await links.part_by_hand(url)
