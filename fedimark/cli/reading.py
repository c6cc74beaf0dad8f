"""`timeline` and `counts`: what is there, for people and for scripts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fedimark.cli import options
from fedimark.cli.inside import inside, nobody, run

if TYPE_CHECKING:
    from fedimark.policy.visibility import Viewer
    from fedimark.timelines.entries import Entry


@click.command()
@options.user
@options.as_json
def timeline(username: str, as_json: bool) -> None:
    """Print a person's network timeline, newest first: one entry a page, with everybody who saved it."""
    entries = run(_timeline(username))
    if as_json:
        options.print_json(entries)
        return
    for entry in entries:
        click.echo(f"{entry['position'][:10]}  {entry['title']}\n            {entry['url']}")
        click.echo(f"            {' '.join(entry['savers'])}   {' '.join(entry['tags'])}".rstrip())


@click.command()
@options.as_json
def counts(as_json: bool) -> None:
    """Count bookmarks, follows and what waits."""
    found = run(_counts())
    if as_json:
        options.print_json(found)
        return
    for name, number in found.items():
        shown = ", ".join(f"{n} {state}" for state, n in number.items()) if isinstance(number, dict) else number
        click.echo(f"{name.replace('_', ' ')}: {shown}")


async def network_of(viewer: Viewer) -> list[dict[str, Any]]:
    """A person's network timeline as `timeline --json` prints it: savers by moment, then handle."""
    from fedimark.here import here
    from fedimark.timelines.queries import whole_network
    from fedimark.timelines.savers import first_saves

    at = here().settings.handles_at
    entries = await whole_network(viewer)
    moments = await first_saves([entry.link_hash for entry in entries], viewer.actor_id)

    def savers(entry: Entry) -> list[str]:
        people = {p if p.host else replace(p, host=at): (p.username, p.host) for p in (entry.saver, *entry.others)}
        known = sorted((moments.get((entry.link_hash, *who), 0), p.handle) for p, who in people.items())
        return [handle for _, handle in known]

    return [
        {
            "url": entry.url,
            "canonical": entry.canonical,
            "title": entry.title,
            "savers": savers(entry),
            "tags": list(entry.tags),
            "position": options.rfc3339(entry.at),
        }
        for entry in entries
    ]


async def _timeline(username: str) -> list[dict[str, Any]]:
    from fedimark.accounts.queries import viewer_by_name

    async with inside():
        viewer = await viewer_by_name(username)
        if viewer is None:
            raise nobody(username)
        return await network_of(viewer)


async def _counts() -> dict[str, Any]:
    from fedimark.bookmarks import queries as bookmarks
    from fedimark.delivery import queries as delivery
    from fedimark.follows import queries as follows
    from fedimark.inbox import queries as inbox

    async with inside():
        deliveries = await delivery.counts()
        return {
            **await bookmarks.counts(),
            "follows": await follows.counts_by_state(),
            "received_waiting": await inbox.waiting(),
            "deliveries_waiting": deliveries.waiting,
            "deliveries_dead": deliveries.dead,
        }
