"""`account`: who can sign in here."""

from __future__ import annotations

import secrets
import sys

import click

from fedimark.cli import options
from fedimark.cli.inside import inside, nobody, run


@click.group()
def account() -> None:
    """People who can sign in here."""


@account.command("add")
@click.argument("name", type=options.NAME)
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
    handle = run(_add(name, password, is_admin=admin))
    click.echo(f"{handle} can sign in." if given else f"{handle} can sign in with the password {password}")


@account.command("suspend")
@click.argument("name", type=options.NAME)
def account_suspend(name: str) -> None:
    """Shut somebody out, of this server or (@sam@bad.example) of another: they are shown nowhere and not heard."""
    run(_suspend(name))


@account.command("restore")
@click.argument("name", type=options.NAME)
def account_restore(name: str) -> None:
    """Let somebody in again, with everything as it was."""
    run(_restore(name))


@account.command("rotate-keys")
@click.argument("name", type=options.NAME)
def account_rotate_keys(name: str) -> None:
    """Give somebody new keys, after an old one may have been seen; their followers’ servers are told."""
    click.echo(run(_rotate_keys(name)))


@account.command("token")
@click.argument("name", type=options.NAME)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="read, write, feed, visibility or save; more than once. Read, write and feed where none is named.",
)
@click.option("--label", default="command line", show_default=True, help="What the key is called in the list of keys.")
def account_token(name: str, scopes: tuple[str, ...], label: str) -> None:
    """Make a key for somebody’s programs and print it as NAME:HEX; it cannot be shown again."""
    click.echo(run(_token(name, scopes, label)))


async def _add(name: str, password: str, *, is_admin: bool) -> str:
    from fedimark.accounts.register import register

    async with inside() as here:
        viewer = await register(name, password, is_admin=is_admin)
        return f"@{viewer.username}@{here.settings.handles_at}"


async def _suspend(name: str) -> None:
    from fedimark.moderation import suspension

    async with inside():
        await suspension.suspend(name)


async def _restore(name: str) -> None:
    from fedimark.moderation import suspension

    async with inside():
        await suspension.restore(name)


async def _rotate_keys(name: str) -> str:
    from fedimark.accounts import keys
    from fedimark.accounts.queries import actor_by_name

    async with inside():
        actor = await actor_by_name(name)
        if actor is None or actor["gone_at"] is not None:
            raise nobody(name)
        return str((await keys.rotate(actor))["key_id"])


async def _token(name: str, scopes: tuple[str, ...], label: str) -> str:
    from fedimark.accounts import tokens
    from fedimark.accounts.queries import viewer_by_name

    async with inside():
        viewer = await viewer_by_name(name)
        if viewer is None:
            raise nobody(name)
        return await tokens.make_token(viewer, label, tokens.read_scopes(scopes) if scopes else tokens.USUAL)
