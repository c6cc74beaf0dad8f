"""Signing in as a door does it: throttled, then proven, then a session the browser keeps."""

from __future__ import annotations

from starlette.requests import Request

from fedimark.accounts.credentials import prove_password, sign_in
from fedimark.accounts.sessions import close_token, open_session
from fedimark.database import Row
from fedimark.doorway.sessions import session_token
from fedimark.doorway.throttle import give_back, take
from fedimark.doorway.visitors import address_of, browser_of, neighbourhood
from fedimark.here import here
from fedimark.policy.visibility import Viewer


async def knock(door: str, request: Request, *names: str) -> None:
    """Count a try at a door for this visitor, and for the accounts it is about. Raises TooMany."""
    await take(door, here().settings.sign_in_tries, *_whos(request, *names))


async def prove(request: Request, name: str, password: str) -> str:
    """Sign somebody in by name and password and return the new session's token.

    Wrong tries count for the account and for the visitor. Raises TooMany, or Refused.
    """
    return await enter(request, (await proven(request, name, password))["id"])


async def proven(request: Request, name: str, password: str) -> Row:
    """The account of a name and password, with no session opened; wrong tries count. Raises TooMany, or Refused."""
    await knock("sign-in", request, name)
    account = await sign_in(name, password)
    await give_back("sign-in", here().settings.sign_in_tries, *_whos(request, name))
    return account


async def confirm(request: Request, viewer: Viewer, password: str) -> None:
    """Make sure that who is signed in knows their password, and is nobody at an unlocked screen; wrong tries count.

    Raises TooMany, or Refused for the field `password`.
    """
    await knock("password", request, viewer.username)
    await prove_password(viewer, password)
    await give_back("password", here().settings.sign_in_tries, *_whos(request, viewer.username))


async def enter(request: Request, account_id: int) -> str:
    """Open a session for this browser in place of the one it had, and return its token."""
    await close_token(session_token(request.scope))
    return await open_session(account_id, browser_of(request), address_of(request))


def _whos(request: Request, *names: str) -> tuple[str, ...]:
    return f"from {neighbourhood(request)}", *(f"as {name}" for name in names)
