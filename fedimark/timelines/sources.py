"""A bookmark as a form names it: found by its id, if the viewer may see it, and what of it they may take."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch_one
from fedimark.here import here
from fedimark.policy.blocks import between, not_hidden
from fedimark.policy.visibility import Visibility, may_be_passed_on
from fedimark.timelines.entries import Source
from fedimark.timelines.saved import SEEN_OF_LINK
from fedimark.timelines.savers import person_of
from fedimark.timelines.words import shown_tags

LONGEST = 2_000  # characters of an id

_FEED = "Feed"
_OURS = "a.local_name = ? AND b.public_id = ?"
# What a page of a link shows a viewer, and what stands open on the pages of people here; seven times the viewer.
_SEEN = f"""
SELECT b.*, a.local_name, a.uri AS author_uri, a.username, a.host AS at_host, a.name AS person_name,
a.url AS person_url, a.kind
FROM bookmark b JOIN actor a ON a.id = b.actor_id
WHERE {{which}} AND b.removed_at IS NULL AND a.suspended_at IS NULL AND a.gone_at IS NULL
AND (({SEEN_OF_LINK}) OR (b.is_local AND b.visibility >= {Visibility.UNLISTED} AND {not_hidden("b.actor_id")}))
"""


@dataclass(frozen=True, slots=True)
class CopySource:
    """A bookmark that a viewer sees, with its row.

    `uri` is its id, empty where a copy does not say what it is of; `author` and `name` are whose it is, by their id and
    their handle. Unless it `is_open` nothing may be taken but the address.
    """

    row: Row
    uri: str
    author: str
    name: str
    is_open: bool

    @property
    def tags(self) -> str:
        """The tags that everybody who sees it may read."""
        return " ".join(shown_tags(self.row["tags"], whole=False))


async def seen(viewer_id: int, named: str) -> Row | None:
    """The bookmark of anybody with this id, or path of this server, with its saver's names; None where a viewer sees
    none.
    """
    uri = addresses.absolute(named) if named.startswith("/") else named
    if not uri or len(uri) > LONGEST:
        return None
    ours = addresses.local_bookmark(uri)
    which, parameters = ("b.uri_hash = ?", (addresses.uri_hash(uri),)) if ours is None else (_OURS, ours)
    return await fetch_one(_SEEN.format(which=which), *parameters, *[viewer_id] * 7)


async def source_of(viewer_id: int, named: str) -> CopySource | None:
    """The bookmark of somebody else with this id, or path of this server; None for what the viewer may not see."""
    uri = addresses.absolute(named) if named.startswith("/") else named
    row = await seen(viewer_id, named)
    if row is None or row["actor_id"] == viewer_id:
        return None
    if row["kind"] == _FEED:
        # What a feed says stands open on the web, unless its address is a secret; nobody there hears of copies.
        return CopySource(row, "", "", "", is_open=bool(row["is_save"]))
    if not may_be_passed_on(Visibility(row["visibility"])) or await between(viewer_id, row["actor_id"]):
        return CopySource(row, "", "", "", is_open=False)
    return CopySource(row, uri, _author(row), _handle(row), is_open=True)


async def traced(copy: Row, viewer_id: int) -> Source | None:
    """What a bookmark was copied from, while that is there and the viewer sees it."""
    row = await seen(viewer_id, copy["via"])
    if row is None or row["link_id"] != copy["link_id"] or row["saved_at"] > copy["saved_at"]:
        return None
    local = row["local_name"]
    return Source(person_of(row), addresses.bookmark(local, row["public_id"]) if local else row["page_url"])


def _author(row: Row) -> str:
    return addresses.absolute(addresses.person(row["local_name"])) if row["local_name"] else row["author_uri"]


def _handle(row: Row) -> str:
    return f"@{row['username']}@{row['at_host'] or here().settings.handles_at}"
