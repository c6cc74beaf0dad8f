"""Feeds that somebody here follows are read again and again: a step of the worker, with a lane of its own."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial

from fedimark.bookmarks.feeds import BATCH, store_entries
from fedimark.bookmarks.incoming import forget_notes_of
from fedimark.database import Row, atomically, execute, fetch
from fedimark.errors import FedimarkError, Gone, NotFound, Postponed, Unreachable, Untrustworthy
from fedimark.follows import feeds
from fedimark.follows.kinds import FEED
from fedimark.here import MICROS, here, now
from fedimark.inbox.feed_times import FLOOR, NEVER, after_failure, after_reading
from fedimark.logs import FEED_ENDED, FEED_FAILED, FEED_READ, log
from fedimark.remote.feeds import Reading, names_feed, read_again
from fedimark.text.urls import looks_keyed
from fedimark.timelines.merge import hold
from fedimark.vocab.feeds import Feed

AT_ONCE = 6  # feeds, each of another host

_LOOKED_AT = 60
_FORGET_EVERY = 60 * MICROS
_FOUND_LATELY = 600 * MICROS  # somebody may be about to follow it
_AT_A_TIME = 20
_DROPPED = 100  # bookmarks in one transaction

_FOLLOWED = "EXISTS (SELECT 1 FROM follow f WHERE f.target_id = d.actor_id AND f.state = 'accepted')"
_DUE = f"""
SELECT d.*, a.uri, a.host, a.name, a.url FROM feed d JOIN actor a ON a.id = d.actor_id
WHERE d.next_at <= ? AND a.suspended_at IS NULL AND {_FOLLOWED} ORDER BY d.next_at, d.id LIMIT ?
"""
# As if it had failed: a feed that kills whoever reads it must not be read for ever.
_ASKING = "UPDATE feed SET asked_at = ?, fails = fails + 1, next_at = ? WHERE id = ?"
_FAILED = "UPDATE feed SET next_at = ?, last_error = ? WHERE id = ?"
_READ = """
UPDATE feed SET next_at = ?, fails = 0, last_error = '', read_at = ?, changed_at = ?, etag = ?, last_modified = ?
WHERE id = ? AND is_public = ?
"""
_READ_AGAIN = "UPDATE feed SET next_at = ?, fails = 0, last_error = '' WHERE id = ?"
_OPEN = "UPDATE feed SET is_public = ? WHERE id = ?"
_UNFOLLOWED = f"""
SELECT d.actor_id AS id FROM feed d
WHERE NOT {_FOLLOWED} AND (SELECT a.fetched_at FROM actor a WHERE a.id = d.actor_id) <= ? LIMIT ?
"""
_FORGOTTEN = f"DELETE FROM feed WHERE id IN (SELECT d.id FROM feed d WHERE d.actor_id = ? AND NOT {_FOLLOWED})"


async def read_feeds() -> int:
    """Read some feeds whose time has come, and forget some that nobody follows any more; returns how many."""
    due: dict[str, Row] = {}
    for row in await fetch(_DUE, now(), _LOOKED_AT):
        due.setdefault(row["host"], row)
    some = list(due.values())[:AT_ONCE]
    await asyncio.gather(*(_read(row) for row in some))
    return len(some) + await _forget_some()


async def _read(row: Row) -> None:
    """Read one feed; whatever goes wrong is written beside it, in words for its readers."""
    fails, moment = row["fails"] + 1, now()
    await execute(_ASKING, moment, after_failure(moment, fails, 0, chance=_chance()), row["id"])
    try:
        reading = await read_again(row["uri"], row["etag"], row["last_modified"])
        await _take_in(row, reading)
    except Gone:
        log.info(FEED_ENDED, at=row["host"])
        await execute(_FAILED, NEVER, "It has ended: its server says it is gone for good.", row["id"])
    except FedimarkError as error:
        log.info(FEED_FAILED, at=row["host"], why=type(error).__name__, fails=fails)
        wait_s = error.retry_after_s if isinstance(error, Postponed) else 0
        later = after_failure(moment, fails, wait_s, chance=_chance())
        await execute(_FAILED, later, _why(error), row["id"])
    except Exception:
        # One that we stumble over holds up no other.
        log.exception(FEED_FAILED, at=row["host"], fails=fails)


async def _take_in(row: Row, reading: Reading) -> None:
    is_public = await _settle_address(row, reading)
    changed = await _store(row, reading.feed) if reading.feed is not None else 0
    moment, changed_at = now(), row["changed_at"]
    if row["read_at"] is None and reading.feed is not None:
        # What is read for the first time is not new by that: the feed was as quiet as its dates tell.
        dates = [at for each in reading.feed.entries if (at := each.published) is not None]
        changed_at = min(max(dates, default=moment), moment)
    elif changed:
        changed_at = moment
    # Everything is kept: only now is it no more to be asked for. Whoever found meanwhile that the feed is open wants
    # it read once more.
    next_at = after_reading(moment, changed_at, reading.wait_s, chance=_chance())
    validators = (reading.etag, reading.last_modified)
    if await execute(_READ, next_at, moment, changed_at, *validators, row["id"], is_public):
        log.info(FEED_READ, at=row["host"], entries=len(reading.feed.entries) if reading.feed else 0)
    else:
        await execute(_READ_AGAIN, moment + FLOOR, row["id"])


async def _settle_address(row: Row, reading: Reading) -> bool:
    """Write down how a feed is called and where it is asked from now on; returns whether it is open."""
    is_public = bool(row["is_public"])
    if reading.address != row["uri"]:
        is_public = is_public and not looks_keyed(reading.address)
        await feeds.move(row["actor_id"], reading.address)
    elif reading.feed is not None and not is_public and row["read_at"] is None:
        # Whoever typed its address may know it from a page that everybody may read.
        is_public = await names_feed(reading.feed.home, reading.address)
    if is_public != bool(row["is_public"]):
        await execute(_OPEN, is_public, row["id"])
    if reading.feed is not None:
        await feeds.call(row["actor_id"], reading.feed, reading.address)
    return is_public


async def _store(row: Row, feed: Feed) -> int:
    seen_at, changed = now(), 0
    for start in range(0, len(feed.entries), BATCH):
        some = feed.entries[start : start + BATCH]
        changed += await atomically(lambda some=some, at=seen_at - start: store_entries(row["actor_id"], some, at))  # type: ignore[misc]
    return changed


async def _forget_some() -> int:
    """Drop feeds that nobody follows, with all they said; looks once a minute."""
    caches, moment = here().caches, now()
    if moment < caches.get("feeds.forget_at", 0):
        return 0
    found = await fetch(_UNFOLLOWED, moment - _FOUND_LATELY, _AT_A_TIME)
    for row in found:
        while await atomically(partial(_drop_some, row)) == _DROPPED:
            pass
        await atomically(partial(_end, row["id"]))
    if len(found) < _AT_A_TIME:
        caches["feeds.forget_at"] = moment + _FORGET_EVERY
    return len(found)


async def _drop_some(row: Row) -> int:
    is_followed = await fetch(f"SELECT d.id FROM feed d WHERE d.actor_id = ? AND {_FOLLOWED}", row["id"])
    return 0 if is_followed else await forget_notes_of(row, _DROPPED)


async def _end(actor_id: int) -> None:
    """Take out its rows, unless somebody follows it after all: then it is read anew."""
    await hold("actor", actor_id)
    if await execute(_FORGOTTEN, actor_id):
        await execute("DELETE FROM tally WHERE owner_id = ?", actor_id)
        await execute("DELETE FROM actor WHERE id = ? AND kind = ?", actor_id, FEED)
    else:
        await execute("UPDATE feed SET etag = '', last_modified = '', next_at = ? WHERE actor_id = ?", now(), actor_id)


def _chance() -> float:
    return secrets.randbelow(1_000) / 1_000


def _why(error: FedimarkError) -> str:
    """What readers are told; no address stands in it."""
    if isinstance(error, NotFound):
        return "There is nothing at its address any more."
    if isinstance(error, Postponed):
        return "Its server asked for a pause."
    if isinstance(error, Untrustworthy):
        return error.message[:200]
    if isinstance(error, Unreachable):
        return "Its server did not answer."
    return error.title
