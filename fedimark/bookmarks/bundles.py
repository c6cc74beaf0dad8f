"""Bundles: searches somebody keeps under a name, in an order of their own. All theirs alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fedimark.bookmarks.dialects import reads_shared
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row, atomically, execute, fetch, fetch_one, marks
from fedimark.errors import NotFound, Refused
from fedimark.here import now
from fedimark.language.said import _
from fedimark.policy.visibility import Visibility
from fedimark.search.matching import NOBODY, own_matches
from fedimark.text import clean, tags
from fedimark.text.query import parse
from fedimark.timelines.merge import hold

MOST_BUNDLES: Final = 200
LONGEST: Final = 256  # a name, and what is searched for
LONGEST_TAGS: Final = 1024
_TAG_FIELDS: Final = ("any_tags", "all_tags", "excluded_tags")
FURTHEST: Final = 2**31 - 1
FILTERS: Final = ("off", "yes", "no")
SHARED: Final = min(int(each) for each in Visibility if reads_shared(each))
"""The least visibility of what other programs call shared: what others may find on its owner's page."""

_COLUMNS = "name, search, any_tags, all_tags, excluded_tags, filter_unread, filter_shared, position, updated_at"
_EVERY = "SELECT * FROM bundle WHERE owner_id = ? ORDER BY position, id LIMIT ?"
_ONE = "SELECT * FROM bundle WHERE owner_id = ? AND id = ?"
_MAKE = f"INSERT INTO bundle (owner_id, created_at, {_COLUMNS}) VALUES ({marks(11)}) RETURNING *"
_CHANGE = f"UPDATE bundle SET ({_COLUMNS}) = ({marks(9)}) WHERE owner_id = ? AND id = ? RETURNING *"
_COUNTED = "SELECT count(*) AS amount, COALESCE(max(position), -1) AS last FROM bundle WHERE owner_id = ?"
_CLOSE_UP = "UPDATE bundle SET position = position - 1 WHERE owner_id = ? AND position > ?"
_TAGGED = """
EXISTS (SELECT 1 FROM bookmark_tag t JOIN tag g ON g.id = t.tag_id WHERE t.bookmark_id = b.id AND g.key IN ({}))
"""
_UNREAD = {"off": "TRUE", "yes": "b.to_read", "no": "NOT b.to_read"}
_SHARED = {"off": "TRUE", "yes": f"b.visibility >= {SHARED}", "no": f"b.visibility < {SHARED}"}
# What a bundle asks for, by its columns.
ASKED = ("search", "any_tags", "all_tags", "excluded_tags", "filter_unread", "filter_shared")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle is to hold: tags are keys. `position` None: behind all others."""

    name: str
    search: str = ""
    any_tags: tuple[str, ...] = ()
    all_tags: tuple[str, ...] = ()
    excluded_tags: tuple[str, ...] = ()
    filter_unread: str = "off"
    filter_shared: str = "off"
    position: int | None = None


def read_bundle(
    *,
    name: str,
    search: str = "",
    any_tags: str = "",
    all_tags: str = "",
    excluded_tags: str = "",
    filter_unread: str = "off",
    filter_shared: str = "off",
    position: int | None = None,
) -> Bundle:
    """Make a Bundle of what was typed. Raises Refused with the field's name: an empty or overlong one, no such word."""
    named = clean.one_line(name, LONGEST + 1)
    if not named:
        raise Refused("Give it a name.", field="name")
    for field, text, most in (("name", named, LONGEST), ("search", search, LONGEST)):
        if len(text) > most:
            raise Refused(_("%(most)s characters at most.", most=most), field=field)
    for field, word in (("filter_unread", filter_unread), ("filter_shared", filter_shared)):
        if word not in FILTERS:
            raise Refused("Choose off, yes or no.", field=field)
    if position is not None and not 0 <= position <= FURTHEST:
        raise Refused("Give a number that is not less than nothing.", field="order")
    return Bundle(
        named,
        clean.one_line(search, LONGEST),
        any_tags=_keys("any_tags", any_tags),
        all_tags=_keys("all_tags", all_tags),
        excluded_tags=_keys("excluded_tags", excluded_tags),
        filter_unread=filter_unread,
        filter_shared=filter_shared,
        position=position,
    )


def _keys(field: str, text: str) -> tuple[str, ...]:
    keys = tuple(dict.fromkeys(tags.key(tag) for tag in tags.split(text)))
    if len(" ".join(keys)) > LONGEST_TAGS:
        raise Refused(_("%(most)s characters of tags at most.", most=LONGEST_TAGS), field=field)
    return keys


async def bundles_of(owner: Owner) -> list[Row]:
    """A person's bundles in their order."""
    return await fetch(_EVERY, owner.actor_id, MOST_BUNDLES)


async def own_bundle(owner: Owner, bundle_id: int) -> Row:
    """One of a person's bundles. Raises NotFound, alike for what is not there and what is somebody else's."""
    row = await fetch_one(_ONE, owner.actor_id, bundle_id)
    if row is None:
        raise NotFound("There is no such bundle.")
    return row


async def make_bundle(owner: Owner, bundle: Bundle) -> Row:
    """Keep a bundle, without a position behind all others. Raises Refused when there are too many."""

    async def work() -> Row:
        await hold("actor", owner.actor_id)
        have = await fetch_one(_COUNTED, owner.actor_id)
        assert have is not None
        if have["amount"] >= MOST_BUNDLES:
            raise Refused(_("%(most)s bundles are as many as there can be.", most=MOST_BUNDLES), field="name")
        last = min(have["last"], FURTHEST - 1) + 1
        [row] = await fetch(_MAKE, owner.actor_id, now(), *_values(bundle, last))
        return row

    return await atomically(work)


async def change_bundle(owner: Owner, bundle_id: int, bundle: Bundle) -> Row:
    """Write a bundle anew; without a position it stays at its place. Raises NotFound."""
    return await rewrite_bundle(owner, bundle_id, lambda before: bundle)


async def rewrite_bundle(owner: Owner, bundle_id: int, written: Callable[[Row], Bundle]) -> Row:
    """The same with what is made of the bundle as it stands, so that of two who write at once neither loses a field."""

    async def work() -> Row:
        await hold("actor", owner.actor_id)
        before = await own_bundle(owner, bundle_id)
        [row] = await fetch(_CHANGE, *_values(written(before), before["position"]), owner.actor_id, bundle_id)
        return row

    return await atomically(work)


async def remove_bundle(owner: Owner, bundle_id: int) -> None:
    """Keep a bundle no more; those behind it close up. Raises NotFound."""

    async def work() -> None:
        await hold("actor", owner.actor_id)
        row = await own_bundle(owner, bundle_id)
        await execute("DELETE FROM bundle WHERE owner_id = ? AND id = ?", owner.actor_id, bundle_id)
        await execute(_CLOSE_UP, owner.actor_id, row["position"])

    await atomically(work)


async def move_up(owner: Owner, bundle_id: int) -> None:
    """Let a bundle change places with the one before it. Raises NotFound."""

    async def work() -> None:
        await hold("actor", owner.actor_id)
        await own_bundle(owner, bundle_id)
        ids = [row["id"] for row in await bundles_of(owner)]
        place = ids.index(bundle_id)
        if place:
            ids[place - 1 : place + 1] = bundle_id, ids[place - 1]
        # All are numbered anew: apps may have given several the same place.
        for number, each in enumerate(ids):
            await execute("UPDATE bundle SET position = ? WHERE id = ? AND position <> ?", number, each, number)

    await atomically(work)


def held_by(bundle: Row) -> tuple[str, tuple[object, ...]]:
    """A condition on bookmarks `b` of a bundle's owner that it holds, with its parameters.

    Of what is removed or archived it says nothing.
    """
    conditions, parameters = [_UNREAD[bundle["filter_unread"]], _SHARED[bundle["filter_shared"]]], list[object]()
    together: list[tuple[str, Sequence[str]]] = [(_TAGGED, [key]) for key in bundle["all_tags"].split()]
    together += [(_TAGGED, bundle["any_tags"].split()), (f"NOT {_TAGGED}", bundle["excluded_tags"].split())]
    for condition, keys in together:
        if keys:
            conditions.append(condition.format(marks(len(keys))))
            parameters += keys
    sought = own_matches(parse(bundle["search"]), bundle["owner_id"])
    conditions.append(f"({sought.text})")
    parameters += sought.values
    return " AND ".join(conditions), tuple(parameters)


def held_of_others(bundle: Row) -> tuple[str, tuple[object, ...]]:
    """The same of others' bookmarks: whether these are to read or shared, and their private tags, is not told."""
    keys = {name: bundle[name].split() for name in _TAG_FIELDS}
    public = {name: [key for key in some if not tags.is_private(key)] for name, some in keys.items()}
    if public["all_tags"] != keys["all_tags"] or (keys["any_tags"] and not public["any_tags"]):
        return "FALSE", ()
    told = {name: " ".join(some) for name, some in public.items()}
    return held_by({**bundle, **told, "owner_id": NOBODY, "filter_unread": "off", "filter_shared": "off"})


def _values(bundle: Bundle, position: int) -> tuple[object, ...]:
    return (
        *(bundle.name, bundle.search),
        *(" ".join(keys) for keys in (bundle.any_tags, bundle.all_tags, bundle.excluded_tags)),
        *(bundle.filter_unread, bundle.filter_shared),
        position if bundle.position is None else bundle.position,
        now(),
    )
