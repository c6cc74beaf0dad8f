"""`stream`: what the pages of this server's tags show of other servers, and what its tags pass on."""

from __future__ import annotations

import click

from fedimark.cli import options
from fedimark.cli.inside import going_out, inside, run

_PASSED_ON = {
    "ours": "Tags pass on what people of this server save.",
    "others": "Tags pass on what people of this server save, and what people elsewhere save who let it.",
}


@click.group()
def stream() -> None:
    """Streams of other servers that the pages of tags here show, and what tags here pass on."""


@stream.command("add")
@click.argument("tag", type=options.NAME)
@click.argument("who", type=options.NAME)
def stream_add(tag: str, who: str) -> None:
    """Let the page of TAG show a stream: #sql@marks.example, @botany@lemmy.example, an address."""
    click.echo(run(_add(tag, who)))


@stream.command("remove")
@click.argument("tag", type=options.NAME)
@click.argument("who", type=options.NAME)
def stream_remove(tag: str, who: str) -> None:
    """Let the page of TAG show it no more."""
    run(_remove(tag, who))


@stream.command("list")
@options.as_json
def stream_list(as_json: bool) -> None:
    """List what the pages of tags show, how it stands, and how many people here follow it too."""
    found = run(_listed())
    if as_json:
        options.print_json(found)
        return
    for each in found:
        click.echo(f"#{each['tag']}  {each['stream']}  {each['state']}  {each['readers']}")


@stream.command("pass-on")
@click.argument("of", required=False, type=click.Choice(["ours", "others"]))
def stream_pass_on(of: str | None) -> None:
    """Let tags pass on what people of this server save (ours), or what people elsewhere save too who let it (others).

    Without a word it says which of the two holds.
    """
    click.echo(_PASSED_ON[run(_pass_on(of))])


async def _add(tag: str, who: str) -> str:
    from fedimark.follows import pages, words

    async with going_out():
        return await words.told_of_page(await pages.subscribe(tag, who))


async def _remove(tag: str, who: str) -> None:
    from fedimark.follows import pages

    async with inside():
        await pages.unsubscribe(tag, who)


async def _listed() -> list[dict[str, object]]:
    from fedimark.follows import pages, words

    async with inside():
        return [
            {
                "tag": row["tag"],
                "stream": words.handle(row),
                "address": row["uri"],
                "state": row["state"],
                "readers": row["readers"],
                "since": options.rfc3339(row["at"]),
            }
            for row in await pages.subscriptions()
        ]


async def _pass_on(of: str | None) -> str:
    from fedimark.moderation import passing

    async with inside():
        if of is not None:
            await passing.choose(of)
        return await passing.choice()
