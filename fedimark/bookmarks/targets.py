"""What somebody here means to reply to, or to quote: found by its id, if they see it."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch_one
from fedimark.errors import NotFound
from fedimark.policy.blocks import between
from fedimark.policy.interactions import SPEAKING, Act, allowed, is_open
from fedimark.policy.visibility import Viewer, Visibility, may_be_passed_on
from fedimark.timelines.sources import seen

LONGEST_ID = 2_048

_REMARK = "SELECT * FROM remark WHERE uri_hash = ? AND hidden_at IS NULL AND bookmark_id IS NOT NULL"
_FOLLOWS = "SELECT id FROM follow WHERE follower_id = ? AND target_id = ? AND state = 'accepted'"
_NAME = """
SELECT b.uri, b.public_id, a.local_name FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE b.id = ?
"""
_SPEAKER = "SELECT * FROM actor WHERE id = ? AND suspended_at IS NULL AND gone_at IS NULL"


@dataclass(frozen=True, slots=True)
class Target:
    """A bookmark, or what was said about one (`parent`, its row): `author` said it, `owner` saved the bookmark.

    `acts` is what this person may do with it.
    """

    uri: str
    bookmark: Row
    parent: Row | None
    author: Row
    owner: Row
    acts: frozenset[Act]

    @property
    def may_reply(self) -> bool:
        """Whether they may answer it."""
        return Act.REPLY in self.acts

    @property
    def may_quote(self) -> bool:
        """Whether they may write a remark about it; about remarks nobody writes remarks here."""
        return self.parent is None and not self.acts.isdisjoint({Act.QUOTE, Act.QUOTE_ASKING})

    @property
    def visibility(self) -> Visibility:
        """How far an answer may reach: no further than what it answers."""
        return _reach(self.bookmark, self.parent)

    @property
    def depth(self) -> int:
        """How many answers would stand between an answer and the bookmark."""
        return self.parent["depth"] + 1 if self.parent else 0

    @property
    def path(self) -> str:
        """Where it can be read."""
        if self.parent is not None:
            return str(self.parent["page_url"])
        if self.bookmark["is_local"]:
            return addresses.bookmark(self.owner["local_name"], self.bookmark["public_id"])
        return str(self.bookmark["page_url"])


async def find_target(viewer: Viewer, named: str) -> Target:
    """What has this id, or path of this server, for somebody who may see it.

    Raises NotFound, with the same words for everything else.
    """
    uri = addresses.absolute(named) if named.startswith("/") else named
    parent = None
    bookmark = await seen(viewer.actor_id, uri)
    if bookmark is None and len(uri) <= LONGEST_ID:
        parent = await fetch_one(_REMARK, addresses.uri_hash(uri))
        bookmark = await seen(viewer.actor_id, await _name_of(parent["bookmark_id"])) if parent else None
    if bookmark is None or not may_be_passed_on(_reach(bookmark, parent)):
        raise NotFound
    owner = await fetch_one(_SPEAKER, bookmark["actor_id"])
    author = await fetch_one(_SPEAKER, parent["actor_id"]) if parent else owner
    if owner is None or author is None or await between(viewer.actor_id, author["id"]):
        raise NotFound
    acts = await acts_on(viewer, bookmark)
    if parent is not None and not await _may_answer(viewer, parent):
        acts -= SPEAKING
    return Target(uri, bookmark, parent, author, owner, acts)


async def acts_on(viewer: Viewer | None, bookmark: Row) -> frozenset[Act]:
    """What whoever looks at a bookmark, and sees it, may say about it; nothing for who is not signed in."""
    if viewer is None or viewer.privacy_lock or not may_be_passed_on(Visibility(bookmark["visibility"])):
        return frozenset()
    return (await allowed(viewer.actor_id, [bookmark["id"]])).get(bookmark["id"], frozenset())


async def _may_answer(viewer: Viewer, parent: Row) -> bool:
    """Whether the author of something that was said lets somebody here answer it."""
    if parent["actor_id"] == viewer.actor_id:
        return True
    follows = await fetch_one(_FOLLOWS, viewer.actor_id, parent["actor_id"]) is not None
    return is_open(parent["allows"], Act.REPLY, follows=follows)


async def _name_of(bookmark_id: int) -> str:
    row = await fetch_one(_NAME, bookmark_id)
    if row is None:
        return ""
    return addresses.bookmark(row["local_name"], row["public_id"]) if row["local_name"] else str(row["uri"])


def _reach(bookmark: Row, parent: Row | None) -> Visibility:
    """How far an answer may reach: no further than what it answers."""
    return Visibility(min(bookmark["visibility"], parent["visibility"]) if parent else bookmark["visibility"])
