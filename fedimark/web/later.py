"""Saving by one press, from a bookmarklet that holds a key for that and for nothing else.

A GET never saves but with such a key, always for its owner alone and to be read, and never over what is there already.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts.tokens import Bearer, Scope, bearer_of
from fedimark.bookmarks import naming
from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.queries import same_page
from fedimark.bookmarks.save import save_bookmark
from fedimark.doorway.throttle import take
from fedimark.policy.visibility import Visibility
from fedimark.web.respond import page

RATE = "30/hour"


async def bearer(key: str) -> Bearer | None:
    """Who saves with a key; None for one that may not, or is none: then the form opens."""
    found = await bearer_of(key) if key else None
    return found if found is not None and Scope.SAVE in found.scopes else None


async def save_for(request: Request, found: Bearer) -> Response:
    """Save what the address says: private, to read. Raises TooMany, and Refused for what can't be saved."""
    viewer, asked = found.viewer, request.query_params
    await take("later", RATE, viewer.username)
    draft = read_draft(
        url=asked.get("url", ""),
        title=asked.get("title", ""),
        description=asked.get("description", ""),
        tag_text=asked.get("tags", ""),
        visibility=Visibility.PRIVATE.word,
        to_read=True,
    )
    owner = Owner.of(viewer)
    have = [row for row in await same_page(owner, draft.url) if row["url"] == draft.url]
    public_id = have[0]["public_id"] if have else (await save_bookmark(owner, draft)).public_id
    if not have and not draft.title:
        await naming.ask(viewer, draft.url, public_id)
    # Whoever has the key may save, and is shown nothing of what is there.
    title, path = draft.title or draft.url, addresses.bookmark(viewer.username, public_id)
    closes = bool(asked.get("noui")) or asked.get("jump") == "close" or bool(asked.get("later"))
    return page(request, "saved.html", title=title, href="" if have else path, url="", closes=closes)
