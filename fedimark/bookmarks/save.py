"""Saving a bookmark, new or again: one transaction with its timelines and what other servers are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fedimark import addresses
from fedimark.bookmarks import rows
from fedimark.bookmarks.draft import Draft, Owner, visibility_of
from fedimark.database import Row, among, atomically, fetch, fetch_one, several
from fedimark.errors import Forbidden, Gone, NotFound, Taken
from fedimark.here import MICROS, here, now
from fedimark.outbox import publish, streams
from fedimark.policy.visibility import Visibility, is_listed, leaves, same_publication
from fedimark.text import urls
from fedimark.timelines.merge import hold

_FUTURE = 600 * MICROS  # further ahead than this is a mistake and becomes now, as at Pinboard


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save; `path` is the bookmark's page."""

    public_id: str
    path: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """How many of a batch were new, already there to the letter, or changed."""

    new: int = 0
    known: int = 0
    changed: int = 0


async def save_bookmark(owner: Owner, draft: Draft) -> Saved:
    """Save a draft as the owner's; the same exact URL saved before is replaced (and comes back if just removed).

    Raises Gone when the account has left meanwhile.
    """

    async def work() -> Saved:
        held = await hold_owner(owner)
        before = await _by_url(owner, draft.url)
        row, _ = await _saved(held, draft, before)
        await _told(owner, before, row)
        return _as_saved(owner, row, is_new=before is None)

    saved = await atomically(work)
    here().wake.set()
    return saved


async def edit_bookmark(owner: Owner, public_id: str, draft: Draft) -> Saved:
    """Replace one bookmark by a draft, whose URL may differ; its moment stays.

    Raises NotFound, and Taken for the field `url` when the owner has another bookmark of that exact URL.
    """

    async def work() -> Saved:
        held = await hold_owner(owner)
        before = await fetch_one(_OWN, owner.actor_id, public_id)
        if before is None:
            raise NotFound
        other = await _by_url(owner, draft.url)
        if other is not None and other["id"] != before["id"]:
            if other["removed_at"] is None:
                raise Taken("You have another bookmark of this address.", field="url")
            await end_bookmark(owner, other)
        row, _ = await _saved(held, draft, before)
        await _told(owner, before, row)
        return _as_saved(owner, row, is_new=False)

    saved = await atomically(work)
    here().wake.set()
    return saved


async def save_many(owner: Owner, drafts: Sequence[Draft]) -> Imported:
    """Save a batch from a file in one transaction, with the original moments and nothing said to other servers.

    A file that knows nothing of stars, private notes or visibility takes none away from a bookmark already here.
    """

    async def work() -> Imported:
        held = await hold_owner(owner)
        hashes = [urls.md5(draft.url) for draft in drafts]
        sql = f"SELECT * FROM bookmark WHERE actor_id = ? AND is_local AND url_md5 {among('text')}"
        have = {row["url_md5"]: row for row in await fetch(sql, owner.actor_id, several(hashes))}
        fresh: dict[str, Draft] = {}
        for md5, draft in zip(hashes, drafts, strict=True):
            if md5 not in have:
                fresh.setdefault(md5, draft)
        have |= {row["url_md5"]: row for row in await rows.put_many([_new(held, draft) for draft in fresh.values()])}
        new = len(fresh)
        known = changed = 0
        for md5, draft in zip(hashes, drafts, strict=True):
            if fresh.pop(md5, None) is not None:
                continue
            before = have[md5]
            row, touched = await _saved(held, _kept(draft, before), before)
            if touched and before["public_id"] == row["public_id"]:
                await bury_announces(await streams.bookmark_respelled(owner, before, row))
            have[md5] = row
            changed += touched
            known += not touched
        return Imported(new, known, changed)

    return await atomically(work)


def _kept(draft: Draft, before: Row) -> Draft:
    return replace(
        draft,
        starred=draft.starred or bool(before["starred"]),
        archived=draft.archived or bool(before["archived"]),
        private_note=draft.private_note or before["private_note"],
    )


_OWN = "SELECT * FROM bookmark WHERE actor_id = ? AND public_id = ? AND removed_at IS NULL"
_SPOKEN = ("url", "title", "description", "tags", "visibility", "saved_at")  # what a Note is made from


def is_spoken(row: Row) -> bool:
    """Whether other servers may hold this bookmark: only then is its id a publication's."""
    return leaves(Visibility(row["visibility"])) and urls.federable(row["url"])


async def hold_owner(owner: Owner) -> Owner:
    """Take the owner for this transaction: two changes of one person's bookmarks go one after the other.

    Returns the owner with the Privacy Lock as it is now: it may have been closed since they signed in. Raises Gone:
    nothing is saved for somebody who has left; Forbidden: nor for somebody suspended.
    """
    await hold("actor", owner.actor_id)
    row = await fetch_one(_LOCK, owner.actor_id)
    if row is None:
        raise Gone("This account is gone.")
    if row["suspended_at"] is not None:
        raise Forbidden("This account is suspended.")
    return replace(owner, privacy_lock=bool(row["privacy_lock"]))


_LOCK = """
SELECT c.privacy_lock, a.suspended_at FROM actor a JOIN account c ON c.actor_id = a.id
WHERE a.id = ? AND a.gone_at IS NULL
"""


async def _by_url(owner: Owner, url: str) -> Row | None:
    sql = "SELECT * FROM bookmark WHERE actor_id = ? AND is_local AND url_md5 = ?"
    return await fetch_one(sql, owner.actor_id, urls.md5(url))


async def _saved(owner: Owner, draft: Draft, before: Row | None) -> tuple[Row, bool]:
    """Write a draft over a row or as a new one; returns the row and whether anything changed."""
    if before is None:
        return await rows.put(_new(owner, draft)), True
    visibility = visibility_of(draft, owner, Visibility(before["visibility"]))
    values = _values(draft, visibility)
    if draft.saved_at is not None:
        values["saved_at"] = _moment(draft, now())
    if before["removed_at"] is None and all(before[name] == value for name, value in values.items()):
        return before, False
    values |= {"updated_at": max(now(), before["updated_at"] + 1), "removed_at": None}
    if values["url"] != before["url"]:
        values["link_id"] = await rows.link_id_of(draft.url)
    kept = same_publication(Visibility(before["visibility"]), visibility) and urls.federable(draft.url)
    if is_spoken(before) and not kept:
        await end_publication(owner, before)
        values["public_id"] = here().new_id()
    return await rows.change(before, values), True


async def _told(owner: Owner, before: Row | None, row: Row) -> None:
    """Say a bookmark's news to other servers, if it leaves at all."""
    if not is_spoken(row):
        return
    if before is None or before["public_id"] != row["public_id"] or not is_spoken(before):
        await publish.bookmark_created(owner, row)
        await streams.bookmark_published(owner, row)
    elif any(before[name] != row[name] for name in _SPOKEN):
        await bury_announces(await streams.bookmark_changed(owner, before, row))
        await publish.bookmark_updated(owner, row)


async def bury_announces(uris: Sequence[str]) -> None:
    """Remember what tags took back: its address answers 410 unless they say it anew."""
    for uri in uris:
        await rows.bury(uri, addresses.uri_hash(uri))


async def end_publication(owner: Owner, row: Row) -> None:
    """Withdraw a publication: its id answers 410 for ever and whoever got it is told."""
    uri = addresses.absolute(addresses.bookmark(owner.username, row["public_id"]))
    await rows.bury(uri, addresses.uri_hash(uri))
    await bury_announces(await streams.bookmark_ended(owner, row))
    await publish.bookmark_ended(owner, row["public_id"], Visibility(row["visibility"]))


async def end_bookmark(owner: Owner, row: Row) -> None:
    """Take a bookmark out for good, inside `write()`: the publication ends with it."""
    if is_spoken(row):
        await end_publication(owner, row)
    await rows.drop(row)


def _values(draft: Draft, visibility: Visibility) -> dict[str, Any]:
    return {
        "url": draft.url,
        "url_md5": urls.md5(draft.url),
        "title": draft.title or draft.url[:255],
        "description": draft.description,
        "private_note": draft.private_note,
        "tags": " ".join(draft.tags),
        "visibility": int(visibility),
        "listed": is_listed(visibility, author_consents=True),
        "to_read": draft.to_read,
        "starred": draft.starred,
        "archived": draft.archived,
    }


def _new(owner: Owner, draft: Draft) -> dict[str, Any]:
    at = now()  # once: a Note whose two moments differ was edited
    return {
        **_values(draft, visibility_of(draft, owner, None)),
        "actor_id": owner.actor_id,
        "is_local": True,
        "public_id": here().new_id(),
        "saved_at": _moment(draft, at),
        "updated_at": at,
    }


def _moment(draft: Draft, at: int) -> int:
    if draft.saved_at is None or draft.saved_at > at + _FUTURE:
        return at
    return min(draft.saved_at, at)


def _as_saved(owner: Owner, row: Row, *, is_new: bool) -> Saved:
    return Saved(row["public_id"], addresses.bookmark(owner.username, row["public_id"]), is_new)
