"""Where a bookmark was copied from: believed where the source is seen and is of the same page, kept for good."""

from __future__ import annotations

from typing import Any

from fedimark import addresses
from fedimark.bookmarks import rows
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.policy.quarantine import let_in
from fedimark.timelines.sources import CopySource, source_of


async def provenance(owner: Owner, draft: Draft) -> dict[str, Any]:
    """What a new bookmark's row says of its source, inside `write()`; empty where it has none to be believed.

    Nobody says that they copied what they cannot see, what is not for everybody, or another page. Copying somebody
    ends the quarantine of their server.
    """
    source = await source_of(owner.actor_id, draft.source)
    if source is None or not source.uri or source.row["link_id"] != await rows.link_id_of(draft.url):
        return {}
    if not source.row["is_local"]:
        await let_in(source.author)
    return said_of(source)


def said_of(source: CopySource) -> dict[str, Any]:
    """The columns of a copy of this bookmark."""
    return named(source.uri, source.author, source.name)


def named(uri: str, author: str, name: str) -> dict[str, Any]:
    """The columns of what is from a Note with this id, by whom, and what they are called."""
    return {"via": uri, "via_hash": addresses.uri_hash(uri), "via_author": author, "via_name": name}
