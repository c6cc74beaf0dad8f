"""Taking back what a file brought in: what its owner changed since stays as they want it, and nobody is told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any, Final

from fedimark.bookmarks import rows
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.owners import hold_owner
from fedimark.bookmarks.publications import end_quietly, take_out_many_quietly
from fedimark.database import Row, among, atomically, fetch, several
from fedimark.here import here, now
from fedimark.outbox.consent import is_spoken
from fedimark.policy.visibility import Visibility, is_listed, same_publication

_WORDS: Final = ("title", "description", "private_note", "tags")
_MARKS: Final = ("to_read", "starred", "archived")
_NUMBERS: Final = ("visibility", "saved_at")
_PRINTED: Final = itemgetter("url", *_WORDS, *_MARKS, *_NUMBERS)
_SAID: Final = ("true", "false")


@dataclass(frozen=True, slots=True)
class Undone:
    """How many bookmarks were taken out, how many are again what they were, how many were left for their owner's sake.

    Those that are gone already count nowhere.
    """

    removed: int = 0
    restored: int = 0
    left: int = 0

    def and_also(self, other: Undone) -> Undone:
        """Both together."""
        return Undone(self.removed + other.removed, self.restored + other.restored, self.left + other.left)


def words_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """All that its owner can say of a bookmark, as JSON can hold it."""
    said: dict[str, Any] = {name: str(row[name]) for name in _WORDS}
    return said | {name: bool(row[name]) for name in _MARKS} | {name: int(row[name]) for name in _NUMBERS}


def print_of(row: Mapping[str, Any]) -> str:
    """What tells whether a bookmark says the same still: sixteen letters."""
    # A list of JSON, which prints of years ago were made of: an import makes thousands, and the encoder takes its time.
    url, title, description, note, tags, to_read, starred, archived, reach, at = _PRINTED(row)
    words = ", ".join(map(encode_basestring, (url, title, description, note, tags)))
    marks = f"{_SAID[not to_read]}, {_SAID[not starred]}, {_SAID[not archived]}"
    said = f"[{words}, {marks}, {int(reach)}, {int(at)}]"
    return hashlib.sha1(said.encode(), usedforsecurity=False).hexdigest()[:16]


async def unsave(owner: Owner, prints: Mapping[int, str], before: Mapping[int, Mapping[str, Any] | None]) -> Undone:
    """Take bookmarks back to what they were before a file, in one transaction; `before` is None for new ones.

    `prints` tell what each was after it; one that says something else by now was edited, and stays.
    """

    async def work() -> Undone:
        held = await hold_owner(owner)
        sql = f"SELECT * FROM bookmark WHERE actor_id = ? AND is_local AND id {among()} ORDER BY id"
        undone, gone = Undone(), []
        for row in await fetch(sql, owner.actor_id, several(sorted(prints))):
            if row["removed_at"] is not None or print_of(row) != prints[row["id"]]:
                undone = undone.and_also(Undone(left=1))
            elif (said := before[row["id"]]) is None:
                gone.append(row)
                undone = undone.and_also(Undone(removed=1))
            else:
                await _restore(held, row, said)
                undone = undone.and_also(Undone(restored=1))
        await take_out_many_quietly(held, gone)
        return undone

    return await atomically(work)


async def _restore(owner: Owner, row: Row, said: Mapping[str, Any]) -> None:
    visibility = Visibility.PRIVATE if owner.privacy_lock else Visibility(said["visibility"])
    listed = is_listed(visibility, author_consents=True)
    values = {**said, "visibility": int(visibility), "listed": listed, "updated_at": max(now(), row["updated_at"] + 1)}
    if is_spoken(row) and not same_publication(Visibility(row["visibility"]), visibility):
        await end_quietly(owner, row)
        values["public_id"] = here().new_id()
    await rows.change(row, values)
