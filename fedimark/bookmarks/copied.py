"""Which Notes of elsewhere are copies of bookmarks of people here, though nobody here follows their authors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from fedimark import addresses
from fedimark.bookmarks.recognise import Recognised
from fedimark.database import Row, Script, among, ask, several
from fedimark.policy.visibility import Visibility
from fedimark.text import urls
from fedimark.text.works import page_of
from fedimark.vocab.objects import Note

MOST_OF_ONE = 500  # copies of one bookmark that are kept of people nobody here follows
MOST_BY_ONE = 200  # and of one person

# Bookmarks of people here that are for everybody, with every name of their page.
_SOURCES = f"""
SELECT a.local_name, b.public_id, b.actor_id, l.hash FROM bookmark b JOIN actor a ON a.id = b.actor_id
JOIN link l ON l.id = b.link_id OR l.root_id = b.link_id
WHERE b.public_id {{these}} AND b.is_local AND b.removed_at IS NULL AND b.visibility >= {Visibility.UNLISTED}
AND a.suspended_at IS NULL
"""
_COPIES = "SELECT via_hash, count(*) AS amount FROM bookmark WHERE via_hash {these} GROUP BY via_hash"
_BY_THEM = """
SELECT actor_id, count(*) AS amount FROM bookmark WHERE actor_id {these} AND via_hash IS NOT NULL GROUP BY actor_id
"""
_BLOCKS = """
SELECT blocker_id, blocked_id FROM block
WHERE NOT is_mute AND (blocker_id {these} OR blocked_id {these})
"""


class Claim(Protocol):
    """A Note of somebody elsewhere that may say what it was copied from: `bookmarks.arrivals.Arrival` is one."""

    @property
    def author(self) -> Row: ...
    @property
    def note(self) -> Note: ...
    @property
    def found(self) -> Recognised | None: ...
    @property
    def hash(self) -> str: ...


def copies_of_ours(arrivals: Iterable[Claim]) -> Script[set[str]]:
    """Of some Notes those that say they were copied from a bookmark here of the same page, by `uri_hash`.

    Whoever made that sees its copies, so they are kept, as many as a person can read. At most four statements, none
    where no Note says so.
    """
    claims = [(each, claimed) for each in arrivals if (claimed := _claimed(each)) is not None]
    names = several({public_id for _, (_, public_id, _) in claims})
    found = (yield from ask(_SOURCES.format(these=among("text")), names)) if claims else []
    owners = {(row["local_name"], row["public_id"], row["hash"]): row["actor_id"] for row in found}
    ours = [(each, owners[claimed]) for each, claimed in claims if claimed in owners]
    if not ours:
        return set()
    full = yield from _full(each for each, _ in ours)
    estranged = yield from _estranged(each.author["id"] for each, _ in ours)
    return {
        each.hash
        for each, owner_id in ours
        if full.isdisjoint((each.author["id"], _via_hash(each)))
        and frozenset((each.author["id"], owner_id)) not in estranged
    }


def _claimed(arrival: Claim) -> tuple[str, str, str] | None:
    """Whose bookmark here, which, and of what page a Note says it is a copy."""
    named = addresses.local_bookmark(arrival.note.via) if arrival.note.via and arrival.found else None
    return (*named, urls.link_hash(page_of(arrival.found.url))) if named and arrival.found else None


def _via_hash(arrival: Claim) -> str:
    return addresses.uri_hash(arrival.note.via or "")


def _full(copies: Iterable[Claim]) -> Script[set[object]]:
    """What has as many copies already as are kept, by `via_hash`, and who made as many, by id."""
    copies = list(copies)
    of_one = yield from ask(_COPIES.format(these=among("text")), several({_via_hash(each) for each in copies}))
    by_one = yield from ask(_BY_THEM.format(these=among()), several({each.author["id"] for each in copies}))
    return {row["via_hash"] for row in of_one if row["amount"] >= MOST_OF_ONE} | {
        row["actor_id"] for row in by_one if row["amount"] >= MOST_BY_ONE
    }


def _estranged(author_ids: Iterable[int]) -> Script[set[frozenset[int]]]:
    """Pairs of people with a block between them, one of whom is one of these."""
    ids = several(set(author_ids))
    rows = yield from ask(_BLOCKS.format(these=among()), ids, ids)
    return {frozenset((row["blocker_id"], row["blocked_id"])) for row in rows}
