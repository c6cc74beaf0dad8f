"""APIs of other bookmarking software, asked in the name of a person who has a key there: politely, one page at a time.

The key goes to the server that it is for and to nobody to whom that one leads.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode, urlsplit

from fedimark.errors import Refused, Unreachable
from fedimark.remote import client, guard
from fedimark.remote.fetch import check_status

Wait: TypeAlias = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""

PINBOARD: Final = "https://api.pinboard.in/v1"
PAUSE_S: Final = 1.0  # between two pages
_PAGE: Final = 100
_TRIES: Final = 6
_FIRST_WAIT_S: Final = 60.0  # where a server says "too many" and not how long: doubled each time
_LONGEST_WAIT_S: Final = 900.0
_LATER: Final = frozenset({429, 503})
_WRONG_KEY: Final = frozenset({401, 403})


async def pinboard_posts(base: str, token: str, wait: Wait) -> bytes:
    """All of somebody's bookmarks as Pinboard's `posts/all` gives them, in one answer: it may be asked rarely.

    `token` is `NAME:KEY`. Raises Refused for a wrong one, Unreachable, Untrustworthy.
    """
    query = urlencode({"auth_token": token, "format": "json"})
    return (await _asked(f"{_base(base)}/posts/all?{query}", {}, wait)).body


async def linkding_bookmarks(base: str, token: str, wait: Wait) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield all of somebody's bookmarks as linkding's API gives them, a hundred at a time, archived ones last.

    Raises as `pinboard_posts`.
    """
    for name in ("bookmarks/", "bookmarks/archived/"):
        offset = 0
        while rows := await _page(f"{_base(base)}/api/{name}?limit={_PAGE}&offset={offset}", token, wait):
            yield rows
            offset += len(rows)
            await wait(PAUSE_S)


async def _page(url: str, token: str, wait: Wait) -> list[dict[str, Any]]:
    answer = await _asked(url, {"Authorization": f"Token {token}"}, wait)
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise guard.refused("json", answer.url) from error
    rows = said.get("results") if isinstance(said, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise guard.refused("json", answer.url)
    return rows


async def _asked(url: str, headers: dict[str, str], wait: Wait) -> client.Answer:
    """What an API answers, once it has the time for us."""
    host, pause_s = urlsplit(url).netloc, _FIRST_WAIT_S

    def stay(place: str) -> None:
        if urlsplit(place).netloc != host or place.startswith("http://") > url.startswith("http://"):
            raise guard.refused("redirect", place)

    for _ in range(_TRIES):
        answer = await client.get(url, accept="application/json", signer=None, spend=stay, condition=headers)
        if answer.status in _WRONG_KEY:
            raise Refused("That server does not take this token.", field="token")
        if answer.status not in _LATER:
            check_status(answer)
            return answer
        await wait(min(answer.pause_s or pause_s, _LONGEST_WAIT_S))
        pause_s *= 2
    raise Unreachable("That server has no time for us: try again later.")


def _base(typed: str) -> str:
    """Where an API begins; raises Refused for what is no address."""
    try:
        parts = urlsplit(typed.strip())
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query
    except ValueError:
        wrong = True
    if wrong:
        raise Refused("Type the address of the server, like https://links.example", field="url")
    return typed.strip().rstrip("/")
