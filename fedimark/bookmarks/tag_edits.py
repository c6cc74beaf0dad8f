"""Renaming, merging and deleting tags of one's own as edits of many: seen before they are done, and undone after."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fedimark.bookmarks.bulk import Preview, Selection, begin, preview
from fedimark.bookmarks.change import Change
from fedimark.bookmarks.tags import own_tags
from fedimark.errors import NotFound, Refused
from fedimark.policy.visibility import Viewer
from fedimark.text import tags
from fedimark.text.gardening import Proposal, proposals


@dataclass(frozen=True, slots=True)
class TagEdit:
    """Some tags by their keys, and the word that takes their place; empty for none."""

    keys: tuple[str, ...]
    word: str = ""

    @property
    def selection(self) -> Selection:
        """The bookmarks that carry one of them."""
        return Selection(any_tags=self.keys)

    @property
    def words(self) -> str:
        """What it does, in words."""
        named = ", ".join(self.keys)
        return f"{named} becomes {self.word}" if self.word else f"the tag {named} is deleted; its bookmarks stay"


@dataclass(frozen=True, slots=True)
class Garden:
    """What the tags of a person could do with: proposals to merge, and those used once."""

    proposals: tuple[Proposal, ...]
    once: tuple[str, ...]


def read_edit(which: str, texts: Sequence[str]) -> TagEdit:
    """What a form says: `rename` (old, new), `merge` (tags, into) or `delete` (tag). Raises Refused."""
    if which == "delete":
        return TagEdit((tags.key(texts[0]),))
    read = tags.read(texts[1])
    if len(read.tags) != 1 or read.refused:
        field = "new" if which == "rename" else "into"
        raise Refused("Give one tag, without spaces or commas, that isn’t made of dots alone.", field=field)
    old = tags.split(texts[0]) if which == "merge" else (texts[0],)
    return TagEdit(tuple(tags.key(word) for word in old), read.tags[0])


async def look(viewer: Viewer, edit: TagEdit) -> Preview:
    """What an edit of tags would touch. Raises NotFound for a tag that one does not have."""
    await _check(viewer, edit)
    return await preview(viewer, edit.selection)


async def begin_edit(viewer: Viewer, edit: TagEdit) -> str:
    """Let the worker edit tags, and return the job's public id. Raises NotFound for a tag that one does not have."""
    await _check(viewer, edit)
    change = Change(respell=tuple((key, edit.word) for key in edit.keys))
    return await begin(viewer, edit.selection, change, edit.words)


async def garden(viewer: Viewer) -> Garden:
    """What of a person's tags looks mistyped, doubled or forgotten."""
    counted = {tag.key: tag.count for tag in await own_tags(viewer.actor_id)}
    found = await asyncio.to_thread(proposals, counted)  # of thousands of tags it takes a while, and others wait
    return Garden(found, tuple(key for key, count in counted.items() if count == 1))


async def _check(viewer: Viewer, edit: TagEdit) -> None:
    have = {tag.key for tag in await own_tags(viewer.actor_id)}
    if not edit.keys or not have.issuperset(edit.keys):
        raise NotFound("You have no such tag.")
