"""`save`, `edit`, `remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fedimark.cli import options
from fedimark.cli.inside import inside, owner_named, run
from fedimark.errors import NotFound, Refused

if TYPE_CHECKING:
    from fedimark.bookmarks.draft import Owner
    from fedimark.database import Row


@click.command()
@click.argument("url")
@options.user
@click.option("--title", default="")
@click.option("--description", default="")
@click.option("--tags", default="", help="Between spaces or commas.")
@click.option("--visibility", type=options.visibilities, default=None, help="Without it, the person's default.")
def save(url: str, username: str, **texts: str | None) -> None:
    """Save a bookmark; one of the same URL is replaced."""
    click.echo(run(_save(username, url, {name: text or "" for name, text in texts.items()})))


@click.command()
@click.argument("url")
@options.user
@click.option("--title")
@click.option("--description")
@click.option("--tags", help="Between spaces or commas; replaces all of them.")
@click.option("--visibility", type=options.visibilities)
def edit(url: str, username: str, **changes: str | None) -> None:
    """Change a bookmark; what is not named stays as it is."""
    click.echo(run(_edit(username, url, {name: text for name, text in changes.items() if text is not None})))


@click.command()
@click.argument("url")
@options.user
def remove(url: str, username: str) -> None:
    """Remove a bookmark; for a short while its page offers to bring it back."""
    run(_remove(username, url))


async def _save(username: str, url: str, texts: dict[str, str]) -> str:
    from fedimark.bookmarks.draft import read_draft
    from fedimark.bookmarks.save import save_bookmark

    async with inside() as here:
        draft = read_draft(
            url=url,
            title=texts["title"],
            description=texts["description"],
            tag_text=texts["tags"],
            visibility=texts["visibility"],
        )
        saved = await save_bookmark(await owner_named(username), draft)
        return here.settings.base_url + saved.path


async def _edit(username: str, url: str, changes: dict[str, str]) -> str:
    from fedimark.bookmarks.draft import read_draft
    from fedimark.bookmarks.save import edit_bookmark
    from fedimark.policy.visibility import Visibility

    async with inside() as here:
        owner = await owner_named(username)
        row = await _bookmark(owner, url)
        texts = {**row, "visibility": Visibility(row["visibility"]).word, **changes}
        draft = read_draft(
            url=row["url"],
            title=texts["title"],
            description=texts["description"],
            tag_text=texts["tags"],
            visibility=texts["visibility"],
            to_read=bool(row["to_read"]),
            starred=bool(row["starred"]),
            archived=bool(row["archived"]),
            private_note=row["private_note"],
        )
        saved = await edit_bookmark(owner, row["public_id"], draft)
        return here.settings.base_url + saved.path


async def _remove(username: str, url: str) -> None:
    from fedimark.bookmarks.remove import remove_bookmark

    async with inside():
        owner = await owner_named(username)
        row = await _bookmark(owner, url)
        await remove_bookmark(owner, row["public_id"])


async def _bookmark(owner: Owner, url: str) -> Row:
    """The owner's bookmark of a URL: that very spelling, else the only one of that page."""
    from fedimark.bookmarks.draft import checked_url
    from fedimark.bookmarks.queries import same_page

    exactly = checked_url(url)
    rows = await same_page(owner, exactly)
    if not rows:
        raise NotFound(f"{owner.username} has no bookmark of {exactly}")
    if rows[0]["url"] != exactly and len(rows) > 1:
        spellings = ", ".join(row["url"] for row in rows)
        raise Refused(f"{owner.username} has several bookmarks of this page: {spellings}")
    return rows[0]
