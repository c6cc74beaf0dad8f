"""One bookmark, for whoever may see it: of a person here as a page, of anybody as what a form names."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch_one
from fedimark.errors import Gone, NotFound
from fedimark.policy.visibility import Viewer, Visibility, leaves
from fedimark.text import urls
from fedimark.timelines.entries import Entry
from fedimark.timelines.queries import Found, find
from fedimark.timelines.reactions import with_reactions
from fedimark.timelines.savers import own_entries
from fedimark.timelines.sources import traced
from fedimark.timelines.stream import PersonStream

_ONE = "SELECT * FROM bookmark WHERE actor_id = ? AND public_id = ? AND removed_at IS NULL"
_ENDED = "SELECT id FROM tombstone WHERE uri_hash = ?"


@dataclass(frozen=True, slots=True)
class Shown:
    """A bookmark this viewer may see, with its row; what of that is the owner’s alone, the face leaves out."""

    entry: Entry
    row: Row
    is_owner: bool
    viewer_id: int

    @property
    def was_edited(self) -> bool:
        """Whether it changed after it was saved."""
        return bool(self.is_owner and self.row["updated_at"] - self.row["saved_at"] > 1_000_000)

    @property
    def is_spoken(self) -> bool:
        """Whether other servers may have it."""
        return leaves(Visibility(self.row["visibility"])) and urls.federable(self.row["url"])


async def one_bookmark(username: str, public_id: str, viewer: Viewer | None) -> Shown:
    """Find one bookmark.

    Raises Gone for a publication that ended; NotFound for what never was and for what this viewer may not see, alike.
    """
    found: Found = await find(PersonStream(username), viewer)
    assert found.owner is not None
    row = await fetch_one(_ONE, found.owner["id"], public_id)
    if row is not None and row["visibility"] >= found.least:
        entries = await own_entries([row], found.viewer_id, is_owner=found.is_owner)
        [entry] = await with_reactions(entries, found.viewer_id)
        entry = entry._replace(source=await traced(row, found.viewer_id))
        return Shown(entry, row, found.is_owner, found.viewer_id)
    uri = addresses.absolute(addresses.bookmark(username, public_id))
    if row is None and await fetch_one(_ENDED, addresses.uri_hash(uri)):
        raise Gone("This bookmark was withdrawn.")
    raise NotFound
