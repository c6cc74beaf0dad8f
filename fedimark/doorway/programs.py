"""The doors for programs: who asks is told by a key, never by a cookie; so no form of another site can use them."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from fedimark.accounts.queries import viewer_by_actor
from fedimark.accounts.tokens import Bearer, Scope, bearer_of
from fedimark.doorway import entrance
from fedimark.doorway.throttle import take
from fedimark.errors import SignInFirst
from fedimark.here import here

_EVERYTHING: Final = Scope.READ | Scope.WRITE | Scope.FEED | Scope.VISIBILITY | Scope.SAVE


async def bearer(request: Request) -> Bearer:
    """Who asks, by `Authorization: Token KEY` or `Bearer KEY`, and counted.

    Raises SignInFirst, and TooMany for who asks more often than `api_calls`.
    """
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    found = await bearer_of(key) if kind.lower() in ("token", "bearer") else None
    if found is None:
        raise SignInFirst("Send a key that holds: Authorization: Token …")
    await count_call(found)
    return found


async def by_password(request: Request, name: str, password: str) -> Bearer:
    """Who asks, by name and password; wrong ones count as they do at the form. Raises TooMany, or Refused."""
    account = await entrance.proven(request, name.strip().lower(), password)
    viewer = await viewer_by_actor(account["actor_id"])
    if viewer is None:
        raise SignInFirst
    found = Bearer(viewer, _EVERYTHING)
    await count_call(found)
    return found


async def count_call(found: Bearer) -> None:
    """Count a call of somebody's programs. Raises TooMany."""
    await take("api", here().settings.api_calls, f"as {found.viewer.username}")
