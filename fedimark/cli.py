"""The command line: serve, work, and everything a person can do without a browser.

Exit codes: 0 done, 1 refused (the reason on standard error), 2 wrong usage. Rooms are imported when a command needs
them, so that `--help` is quick. What a command writes, a running server's worker acts on within two seconds.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from fedimark import __version__
from fedimark.errors import FedimarkError, NotFound, Refused
from fedimark.settings import BadSettings, Settings, read

if TYPE_CHECKING:
    from fedimark.bookmarks.draft import Owner
    from fedimark.database import Row
    from fedimark.here import Here
    from fedimark.importing.report import Report
    from fedimark.policy.visibility import Viewer
    from fedimark.timelines.entries import Entry

T = TypeVar("T")

_VISIBILITIES = click.Choice(["public", "unlisted", "followers", "private"])
_user = click.option("--user", "username", required=True, metavar="NAME", help="Whose bookmarks.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


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


@commands.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port; as in the base URL, else 8000.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.option("--no-worker", is_flag=True, help="Only answer; `fedimark worker` runs elsewhere.")
def serve(host: str, port: int | None, workers: int, no_worker: bool) -> None:
    """Bring the database up to date and serve, with the worker beside."""
    from fedimark import serving

    settings = _serving_settings(host, port)
    _run(_make_ready(settings), settings)
    port = port or _port_of(settings)
    environ = {
        "FEDIMARK_BASE_URL": settings.base_url,
        "FEDIMARK_ALLOW_LOOPBACK": str(settings.allow_loopback).lower(),
    }
    serving.serve(settings, host, port, workers=workers, works=not no_worker, environ=environ)


@commands.command()
def worker() -> None:
    """Run only the worker: deliveries, received activities, imports."""
    settings = read(os.environ)
    _run(_work(), settings)


@commands.command()
def migrate() -> None:
    """Bring the database up to date."""
    from fedimark import database

    settings = read(os.environ)
    applied = _run(database.migrate(settings), settings)
    click.echo("\n".join(applied) if applied else "The database is up to date.")


@commands.group()
def account() -> None:
    """People who can sign in here."""


@account.command("add")
@click.argument("name")
@click.option("--admin", is_flag=True, help="May see to the server.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def account_add(name: str, admin: bool, password_stdin: bool) -> None:
    """Make an account; without a password given, one is made up and printed."""
    given = ""
    if password_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    password = given if given or password_stdin else secrets.token_urlsafe(12)
    handle = _run(_add_account(name, password, is_admin=admin))
    click.echo(f"{handle} can sign in." if given else f"{handle} can sign in with the password {password}")


@account.command("suspend")
@click.argument("name")
def account_suspend(name: str) -> None:
    """Shut somebody out: they can’t sign in, are shown nowhere, and say nothing to other servers."""
    _run(_suspend(name))


@account.command("restore")
@click.argument("name")
def account_restore(name: str) -> None:
    """Let somebody in again, with everything as it was."""
    _run(_restore(name))


@commands.group()
def domain() -> None:
    """Other servers this one has nothing to do with."""


@domain.command("block")
@click.argument("host")
@click.option("--reason", default="", help="For admins only.")
def domain_block(host: str, reason: str) -> None:
    """Block a domain and everything below it."""
    click.echo(f"{_run(_block_domain(host, reason))} is blocked.")


@domain.command("unblock")
@click.argument("host")
def domain_unblock(host: str) -> None:
    """Deal with a domain again; what was dropped comes back only as it arrives anew."""
    click.echo(f"{_run(_unblock_domain(host))} is not blocked any more.")


@domain.command("list")
@_json
def domain_list(as_json: bool) -> None:
    """List blocked domains with their reasons."""
    found = _run(_domains())
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each['host']}  {each['reason']}".rstrip())


@commands.command()
@click.argument("url")
@_user
@click.option("--title", default="")
@click.option("--description", default="")
@click.option("--tags", default="", help="Between spaces or commas.")
@click.option("--visibility", type=_VISIBILITIES, default=None, help="Without it, the person's default.")
def save(url: str, username: str, **texts: str | None) -> None:
    """Save a bookmark; one of the same URL is replaced."""
    click.echo(_run(_save(username, url, {name: text or "" for name, text in texts.items()})))


@commands.command()
@click.argument("url")
@_user
@click.option("--title")
@click.option("--description")
@click.option("--tags", help="Between spaces or commas; replaces all of them.")
@click.option("--visibility", type=_VISIBILITIES)
def edit(url: str, username: str, **changes: str | None) -> None:
    """Change a bookmark; what is not named stays as it is."""
    click.echo(_run(_edit(username, url, {name: text for name, text in changes.items() if text is not None})))


@commands.command()
@click.argument("url")
@_user
def remove(url: str, username: str) -> None:
    """Remove a bookmark; for a short while its page offers to bring it back."""
    _run(_remove(username, url))


@commands.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_user
@_json
def import_(file: Path, username: str, as_json: bool) -> None:
    """Import a file of bookmarks, silently: Pinboard JSON. As often as you like: what is known stays."""
    report = _run(_import(username, file))
    errors = [{"row": e.row, "reason": e.reason} for e in report.errors]
    if as_json:
        click.echo(json.dumps({**report.summary(), "errors": errors}, ensure_ascii=False))
        return
    click.echo(", ".join(f"{number} {word}" for word, number in report.summary().items()))
    for error in errors:
        click.echo(f"row {error['row']}: {error['reason']}", err=True)


@commands.command()
@_user
@click.option("--format", "name", type=click.Choice(["pinboard-json"]), default="pinboard-json", show_default=True)
def export(username: str, name: str) -> None:
    """Write all of a person's bookmarks to standard output, private ones too."""
    _run(_export(username, name))


@commands.command()
@_user
@_json
def timeline(username: str, as_json: bool) -> None:
    """Print a person's network timeline, newest first: one entry a page, with everybody who saved it."""
    entries = _run(_timeline(username))
    if as_json:
        click.echo(json.dumps(entries, ensure_ascii=False))
        return
    for entry in entries:
        click.echo(f"{entry['position'][:10]}  {entry['title']}\n            {entry['url']}")
        click.echo(f"            {' '.join(entry['savers'])}   {' '.join(entry['tags'])}".rstrip())


@commands.command()
@_json
def counts(as_json: bool) -> None:
    """Count bookmarks, follows and what waits."""
    found = _run(_counts())
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, number in found.items():
        shown = ", ".join(f"{n} {state}" for state, n in number.items()) if isinstance(number, dict) else number
        click.echo(f"{name.replace('_', ' ')}: {shown}")


@commands.command()
@click.argument("who")
@_user
def follow(who: str, username: str) -> None:
    """Follow somebody: @ana@marks.example, an address, or a name of this server."""
    click.echo(_run(_follow(username, who)))


@commands.command()
@click.argument("who")
@_user
def unfollow(who: str, username: str) -> None:
    """Follow somebody no more."""
    _run(_unfollow(username, who))


# What the commands do, each inside this server.


async def _make_ready(settings: Settings) -> None:
    from fedimark import database
    from fedimark.accounts import first

    await database.migrate(settings)
    async with _opened(settings) as here:
        await first.prepare(settings)
        code = await first.new_setup_code()
        base = here.settings.base_url
    click.echo(f"Fedimark serves {base}", err=True)
    if code is not None and settings.is_loopback:
        click.echo(f"Nobody has an account yet: open {base}/ to make the first, which may see to the server.", err=True)
    elif code is not None:
        click.echo(f"Nobody has an account yet: open {base}/ and use the set-up code {code}", err=True)


async def _work() -> None:
    import signal

    from fedimark import app
    from fedimark import worker as loop

    stop = asyncio.Event()
    for end in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(end, stop.set)
    async with _inside() as here:
        settings = here.settings
    async with app.running(settings) as server:
        await loop.run(server.here, stop)


async def _add_account(name: str, password: str, *, is_admin: bool) -> str:
    from fedimark.accounts.register import register

    async with _inside() as here:
        viewer = await register(name, password, is_admin=is_admin)
        return f"@{viewer.username}@{here.settings.handles_at}"


async def _suspend(name: str) -> None:
    from fedimark.moderation import suspension

    async with _inside():
        await suspension.suspend(name)


async def _restore(name: str) -> None:
    from fedimark.moderation import suspension

    async with _inside():
        await suspension.restore(name)


async def _block_domain(host: str, reason: str) -> str:
    from fedimark.moderation import domains

    async with _inside():
        return await domains.block_domain(host, reason)


async def _unblock_domain(host: str) -> str:
    from fedimark.moderation import domains

    async with _inside():
        return await domains.unblock_domain(host)


async def _domains() -> list[dict[str, str]]:
    from fedimark.moderation import queries

    async with _inside():
        return [
            {"host": row["host"], "reason": row["reason"], "since": _rfc3339(row["created_at"])}
            for row in await queries.domains()
        ]


async def _save(username: str, url: str, texts: dict[str, str]) -> str:
    from fedimark.bookmarks.draft import read_draft
    from fedimark.bookmarks.save import save_bookmark

    async with _inside() as here:
        draft = read_draft(
            url=url,
            title=texts["title"],
            description=texts["description"],
            tag_text=texts["tags"],
            visibility=texts["visibility"],
        )
        saved = await save_bookmark(await _owner(username), draft)
        return here.settings.base_url + saved.path


async def _edit(username: str, url: str, changes: dict[str, str]) -> str:
    from fedimark.bookmarks.draft import read_draft
    from fedimark.bookmarks.save import edit_bookmark
    from fedimark.policy.visibility import Visibility

    async with _inside() as here:
        owner = await _owner(username)
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

    async with _inside():
        owner = await _owner(username)
        row = await _bookmark(owner, url)
        await remove_bookmark(owner, row["public_id"])


async def _import(username: str, file: Path) -> Report:
    from fedimark.importing.importer import bring_in
    from fedimark.importing.report import Report

    report = Report()
    async with _inside():
        async for reached in bring_in(await _owner(username), file):
            report = reached
    return report


async def _export(username: str, name: str) -> None:
    from fedimark.importing import exporter

    async with _inside():
        async for part in exporter.export(await _owner(username), name):
            sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


async def _timeline(username: str) -> list[dict[str, Any]]:
    from fedimark.accounts.queries import viewer_by_name

    async with _inside():
        viewer = await viewer_by_name(username)
        if viewer is None:
            raise _nobody(username)
        return await network_of(viewer)


async def network_of(viewer: Viewer) -> list[dict[str, Any]]:
    """A person's network timeline as `timeline --json` prints it: savers by moment, then handle."""
    from fedimark.here import here
    from fedimark.timelines.queries import whole_network

    at = here().settings.handles_at
    entries = await whole_network(viewer)
    moments = await _moments([entry.link_hash for entry in entries], viewer.actor_id)

    def savers(entry: Entry) -> list[str]:
        people = {(p.username, p.host) for p in (entry.saver, *entry.others)}
        known = sorted((moments.get((entry.link_hash, *who), 0), f"{who[0]}@{who[1] or at}") for who in people)
        return [handle for _, handle in known]

    return [
        {
            "url": entry.url,
            "canonical": entry.canonical,
            "title": entry.title,
            "savers": savers(entry),
            "tags": list(entry.tags),
            "position": _rfc3339(entry.at),
        }
        for entry in entries
    ]


# When each saver of some links saved them first; a viewer's own private saves count for the viewer.
_MOMENTS = """
SELECT l.hash, a.username, a.host, min(b.saved_at) AS saved_at
FROM bookmark b JOIN link l ON l.id = b.link_id JOIN actor a ON a.id = b.actor_id
WHERE l.hash IN ({hashes}) AND b.removed_at IS NULL AND (b.visibility > 0 OR b.actor_id = ?)
GROUP BY l.hash, a.username, a.host
"""
_RECEIVED_WAITING = "SELECT count(*) AS waiting FROM received_activity WHERE applied_at IS NULL"


async def _moments(hashes: list[str], viewer_id: int) -> dict[tuple[str, str, str], int]:
    from fedimark.database import fetch, marks

    found = {}
    for start in range(0, len(hashes), 500):
        some = hashes[start : start + 500]
        for row in await fetch(_MOMENTS.format(hashes=marks(len(some))), *some, viewer_id):
            found[row["hash"], row["username"], row["host"]] = int(row["saved_at"])
    return found


async def _counts() -> dict[str, Any]:
    from fedimark.bookmarks import queries as bookmarks
    from fedimark.database import fetch_one
    from fedimark.delivery import queries as delivery
    from fedimark.follows import queries as follows

    async with _inside():
        deliveries = await delivery.counts()
        received = await fetch_one(_RECEIVED_WAITING)
        return {
            **await bookmarks.counts(),
            "follows": await follows.counts_by_state(),
            "received_waiting": int(received["waiting"]) if received else 0,
            "deliveries_waiting": deliveries.waiting,
            "deliveries_dead": deliveries.dead,
        }


async def _follow(username: str, who: str) -> str:
    from fedimark.follows import request

    async with _inside() as here:
        row = await request.follow(await _owner(username), who)
        name = f"@{row['username']}@{row['host'] or here.settings.handles_at}"
    return f"You follow {name}." if row["state"] == "accepted" else f"{name} was asked."


async def _unfollow(username: str, who: str) -> None:
    from fedimark.follows import request

    async with _inside():
        await request.unfollow(await _owner(username), who)


async def _owner(username: str) -> Owner:
    from fedimark.bookmarks.queries import owner_by_name

    owner = await owner_by_name(username)
    if owner is None:
        raise _nobody(username)
    return owner


def _nobody(username: str) -> NotFound:
    return NotFound(f"There is no account {username} here.")


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


def _rfc3339(micros: int) -> str:
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


# Which server this is.


def _run(work: Coroutine[Any, Any, T], settings: Settings | None = None) -> T:
    from fedimark import logs

    logs.configure((settings or read(os.environ)).log_format)
    return asyncio.run(work)


def _names_itself(settings: Settings) -> bool:
    """Whether somebody said what the base URL is."""
    return "FEDIMARK_BASE_URL" in os.environ or settings.base_url != Settings().base_url


def _serving_settings(host: str, port: int | None) -> Settings:
    settings = read(os.environ)
    if _names_itself(settings):
        return settings
    if not _is_loopback(host):
        raise BadSettings(f"set FEDIMARK_BASE_URL to the address people use, to serve on {host}")
    name = f"[{host}]" if ":" in host else host
    return _tried_out(f"http://{name}:{port or _port_of(settings)}")


def _tried_out(base_url: str, handle_domain: str | None = None) -> Settings:
    """Settings of a server that nobody named: on this machine only, where loopback addresses may be reached."""
    settings = read(os.environ, base_url=base_url, handle_domain=handle_domain)
    if "FEDIMARK_ALLOW_LOOPBACK" in os.environ or not settings.is_loopback:
        return settings
    return read(os.environ, base_url=base_url, handle_domain=handle_domain, allow_loopback=True)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _port_of(settings: Settings) -> int:
    """The base URL's port; behind a proxy that speaks https, 8000."""
    base = urlsplit(settings.base_url)
    return (base.port or 80) if base.scheme == "http" else 8000


@asynccontextmanager
async def _inside() -> AsyncIterator[Here]:
    """Run a block as the server whose database this is; a new database is made ready first.

    Without a base URL set, the server is what it was when it first started.
    """
    from fedimark import database
    from fedimark.accounts import first

    settings = read(os.environ)
    if (known := await _facts(settings)) is None:
        await database.migrate(settings)
        known = await _facts(settings) or {}
    if not _names_itself(settings):
        base_url = known.get("base_url", settings.base_url)
        settings = _tried_out(base_url, known.get("handle_domain") if known else None)
    async with _opened(settings) as here:
        if known.get("base_url") != settings.base_url or known.get("handle_domain") != settings.handles_at:
            await first.prepare(settings)
        yield here


async def _facts(settings: Settings) -> dict[str, str] | None:
    """What the server was when it first started, empty before; None for a database without tables."""
    from tortoise.exceptions import OperationalError

    from fedimark.database import Database, fetch

    if settings.is_sqlite and not settings.sqlite_path.exists():
        return None
    database = await Database(settings).open()
    token = database.enter()
    try:
        rows = await fetch("SELECT name, value FROM fact WHERE name IN ('base_url', 'handle_domain')")
        return {row["name"]: row["value"] for row in rows}
    except OperationalError:
        return None
    finally:
        database.leave(token)
        await database.close()


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Here]:
    from fedimark.database import Database
    from fedimark.here import Here, entered
    from fedimark.remote import client

    database = await Database(settings).open()
    try:
        async with client.build(settings) as http:
            server = Here(settings=settings, database=database, http=http)
            async with entered(server):
                yield server
    finally:
        await database.close()
