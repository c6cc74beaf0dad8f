"""From the entries of a feed to bookmarks of the feed, which its readers see and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fedimark import addresses
from fedimark.bookmarks import rows
from fedimark.bookmarks.feed_words import FeedWords, words_of_entry
from fedimark.database import Row, fetch, fetch_one, marks
from fedimark.policy.visibility import Visibility
from fedimark.text import urls
from fedimark.text.works import page_of
from fedimark.timelines.merge import hold
from fedimark.vocab.feeds import FeedEntry

BATCH = 25  # entries in one transaction: other writers wait for it

_KNOWN = "SELECT * FROM bookmark WHERE actor_id = ? AND uri_hash IN ({})"
_WANTED = """
SELECT d.is_public FROM actor a JOIN feed d ON d.actor_id = a.id WHERE a.id = ? AND a.suspended_at IS NULL
AND EXISTS (SELECT 1 FROM follow f WHERE f.target_id = a.id AND f.state = 'accepted')
"""


async def store_entries(feed_id: int, entries: Sequence[FeedEntry], seen_at: int) -> int:
    """Keep some entries of a feed, by its id of `actor`, inside `write()`; returns how many are new or changed.

    Done twice as well as once. Nothing is kept of a feed that nobody follows any more. They are saves where the feed is
    open, else they count as nobody's. What bears no date, or one to come, is of the moment it was first seen, the first
    entry being the newest.
    """
    await hold("actor", feed_id)
    feed = await fetch_one(_WANTED, feed_id)
    if feed is None:
        return 0
    # In the order of their links, lest two feeds block each other.
    read = [(number, each, words) for number, each in enumerate(entries) if (words := words_of_entry(each))]
    read.sort(key=lambda one: urls.link_hash(page_of(one[2].url)))
    hashes = [addresses.uri_hash(_uri(feed_id, each)) for _, each, _ in read]
    found = await fetch(_KNOWN.format(marks(len(hashes))), feed_id, *hashes)
    known = {row["uri_hash"]: row for row in found}
    changed = 0
    new: list[dict[str, Any]] = []
    for uri_hash, (number, each, words) in zip(hashes, read, strict=True):
        said = {**_said(words), "is_save": bool(feed["is_public"])}
        if uri_hash in known:
            changed += await _changed(known[uri_hash], said, seen_at)
            continue
        at = min(each.published or seen_at, seen_at) - (0 if each.published else number)
        # A feed's own address may be a secret, so none of its entries bears it.
        whose = {"actor_id": feed_id, "uri": _uri(feed_id, each), "uri_hash": uri_hash, "is_local": False}
        reach = {"visibility": int(Visibility.FOLLOWERS), "listed": False, "saved_at": at, "updated_at": seen_at}
        new.append({**said, **whose, **reach})
    await rows.put_many(new)
    return changed + len(new)


async def _changed(before: Row, said: dict[str, Any], seen_at: int) -> bool:
    """Bring a bookmark to what its entry says now; whether that is something else."""
    if all(before[name] == value for name, value in said.items()):
        return False
    values = {**said, "updated_at": seen_at}
    if before["url"] != said["url"]:
        values["link_id"] = await rows.link_id_of(said["url"])
    await rows.change(before, values)
    return True


def _said(words: FeedWords) -> dict[str, Any]:
    return {
        "url": words.url,
        "url_md5": urls.md5(words.url),
        "page_url": words.page_url,
        "title": words.title,
        "description": words.description,
        "tags": " ".join(words.tags),
    }


def _uri(feed_id: int, entry: FeedEntry) -> str:
    return f"feed:{feed_id}:{addresses.uri_hash(entry.guid)}"
