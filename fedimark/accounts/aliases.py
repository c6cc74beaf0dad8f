"""Other accounts of somebody here, which may move to this one: `alsoKnownAs` of their document. (FEP-7628)"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fedimark.accounts.profile import say_changed
from fedimark.addresses import uri_hash
from fedimark.database import Row, among, atomically, execute, fetch, fetch_one, several
from fedimark.errors import NotFound, Refused
from fedimark.follows.resolve import resolve
from fedimark.here import here
from fedimark.language.said import _
from fedimark.policy.visibility import Viewer

MOST: Final = 10
_PERSON: Final = "Person"


@dataclass(frozen=True, slots=True)
class Alias:
    """Another account: its id, and what people call it."""

    uri: str
    handle: str


async def aliases_of(viewer: Viewer) -> tuple[Alias, ...]:
    """Somebody's other accounts, in the order in which they named them."""
    uris = await _uris(viewer)
    rows = await fetch(f"SELECT * FROM actor WHERE uri_hash {among('text')}", several([uri_hash(uri) for uri in uris]))
    handles = {row["uri"]: handle_of(row) for row in rows}
    return tuple(Alias(uri, handles.get(uri, uri)) for uri in uris)


async def add_alias(viewer: Viewer, who: str) -> None:
    """Name another account, which may move here then; followers elsewhere are told.

    Asks its server. Raises Refused for the field `alias`, and what `follows.resolve.resolve` raises.
    """
    found = await resolve(who)
    if found["local_name"] is not None or found["uri"] is None:
        raise Refused("That is an account of this server. Name one of another server.", field="alias")
    if found["kind"] != _PERSON:
        raise Refused("That is no account of a person.", field="alias")
    uri = str(found["uri"])

    def more(uris: list[str]) -> list[str]:
        if len(uris) >= MOST and uri not in uris:
            raise Refused(_("%(most)s other accounts are as many as can be named.", most=MOST), field="alias")
        return uris if uri in uris else [*uris, uri]

    await _change(viewer, more)


async def drop_alias(viewer: Viewer, uri: str) -> None:
    """Name an account no more; one that is not named is fine."""
    await _change(viewer, lambda uris: [each for each in uris if each != uri])


def handle_of(row: Row) -> str:
    """What people call an account elsewhere."""
    return f"@{row['username']}@{row['host']}"


async def _change(viewer: Viewer, change: Callable[[list[str]], list[str]]) -> None:
    async def work() -> None:
        before = await _uris(viewer)
        after = change(before)
        if after != before:
            said = json.dumps(after, ensure_ascii=False)
            # Whoever changes them at the same moment in another window begins again from what stands then.
            sql = "UPDATE actor SET also_known_as = ? WHERE id = ? AND also_known_as = ?"
            if not await execute(sql, said, viewer.actor_id, json.dumps(before, ensure_ascii=False)):
                raise Refused("This was changed in another window. Please look again.", field="alias")
            await say_changed(viewer)

    await atomically(work)
    here().wake.set()


async def _uris(viewer: Viewer) -> list[str]:
    row = await fetch_one("SELECT also_known_as FROM actor WHERE id = ? AND gone_at IS NULL", viewer.actor_id)
    if row is None:
        raise NotFound
    uris: list[str] = json.loads(row["also_known_as"])
    return uris
