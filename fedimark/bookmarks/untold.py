"""What other servers are still to be told of bookmarks: a row written with the change, told by the worker.

The row says no more than that there is something to tell. What is told is the bookmark as it stands then: of one that
was removed, made private or ended meanwhile nothing is ever said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from fedimark.database import (
    Row,
    Script,
    among,
    ask_all,
    atomically,
    execute,
    fetch,
    inserts,
    is_sqlite,
    perform,
    several,
)
from fedimark.here import MICROS, here, now
from fedimark.jobs.bell import ring, ringing
from fedimark.logs import TELLING_FAILED, log
from fedimark.outbox import publish, streams
from fedimark.outbox.consent import carried, is_spoken
from fedimark.timelines.merge import hold

LANE = "tellings"
MOST_TRIES = 5
PAUSE = 60 * MICROS  # before the next try of what could not be told, doubled each time

_BATCH = 20  # savers wait while some of theirs are told
_TELLING = {
    **dict.fromkeys(("actor_id", "bookmark_id"), "bigint"),
    "public_id": "text",
    "is_new": "boolean",
    "news": "text",
    "tries": "smallint",
    "next_at": "bigint",
    "error": "text",
}
_ANEW = """
ON CONFLICT (bookmark_id) DO UPDATE SET public_id = excluded.public_id, is_new = excluded.is_new, news = '',
    tries = 0, next_at = excluded.next_at, set_aside_at = NULL, error = ''
"""
# What is new and was not told yet stays that; one that was set aside is tried anew, for its words are others now.
_CHANGED = """
INSERT INTO telling (actor_id, bookmark_id, public_id, is_new, news, tries, next_at, error)
VALUES (?, ?, ?, ?, ?, 0, ?, '')
ON CONFLICT (bookmark_id) DO UPDATE SET news = telling.news || ' ' || excluded.news,
    tries = 0, next_at = excluded.next_at, set_aside_at = NULL, error = ''
"""
PUBLISHING_SAVED = """
INSERT INTO telling (actor_id, bookmark_id, public_id, is_new, news, tries, next_at, error)
SELECT actor_id, id, public_id, TRUE, '', 0, CAST(? AS BIGINT), '' FROM saved
WHERE public_id = ANY (CAST(? AS text[]))
"""
"""What `publishing` writes, of new bookmarks as the statement around it wrote them: `saved`."""
_CANCEL = "DELETE FROM telling WHERE bookmark_id = ? RETURNING is_new, set_aside_at"
_WAITING = "SELECT is_new, set_aside_at FROM telling WHERE bookmark_id = ?"
# What is removed may come back, and so may who is suspended: it waits for that, and holds up nothing.
_TELLABLE = """
FROM telling t JOIN bookmark b ON b.id = t.bookmark_id JOIN actor a ON a.id = t.actor_id
WHERE t.set_aside_at IS NULL AND b.removed_at IS NULL AND a.suspended_at IS NULL AND a.gone_at IS NULL
"""
_DUE = f"SELECT t.id, t.actor_id {_TELLABLE} AND t.next_at <= ? ORDER BY t.id LIMIT ?"
# Whether anybody elsewhere may hear of what is new: mostly nobody does, and nothing more is asked. Who does hear is
# decided where it is said; nobody hears who is not counted here.
_ELSEWHERE = "JOIN actor x ON x.id = f.follower_id WHERE f.state = 'accepted' AND x.uri IS NOT NULL"
_HEARD = f"""(b.via_author <> '' OR EXISTS (SELECT 1 FROM relay r WHERE r.state = 'accepted')
OR EXISTS (SELECT 1 FROM follow f {_ELSEWHERE} AND f.target_id = t.actor_id)
OR EXISTS (SELECT 1 FROM bookmark_tag y JOIN actor g ON g.tag_id = y.tag_id JOIN follow f ON f.target_id = g.id
    {_ELSEWHERE} AND y.bookmark_id = b.id))"""
_STILL = f"""
SELECT t.id AS telling_id, t.public_id AS untold_id, t.is_new, t.news, {_HEARD} AS is_heard, a.local_name, b.*
{_TELLABLE}
"""
_FREE = "SELECT id FROM actor WHERE id = ANY (CAST(? AS bigint[])) ORDER BY id FOR UPDATE SKIP LOCKED"
_FAILED = """
UPDATE telling SET tries = tries + 1, error = ?, next_at = CAST(? AS BIGINT) + CAST(? AS BIGINT) * (1 << tries),
    set_aside_at = CASE WHEN tries + 1 >= ? THEN CAST(? AS BIGINT) END WHERE id = ? RETURNING tries, set_aside_at
"""


@dataclass(frozen=True, slots=True)
class _Speaker:
    actor_id: int
    username: str


async def published(row: Row) -> None:
    """Let a new publication be told; inside `write()`, its owner held."""
    await perform(publishing([row]))


def publishing(rows: Sequence[Row]) -> Script[None]:
    """The same of several, in a script."""
    moment = now()
    lines = [
        {
            **{name: row[name] for name in ("actor_id", "public_id")},
            **{"bookmark_id": row["id"], "is_new": True, "news": "", "tries": 0, "next_at": moment, "error": ""},
        }
        for row in rows
    ]
    if lines:
        yield from ask_all(*inserts("telling", _TELLING, lines, _ANEW), *ringing(LANE))


async def changed(row: Row, news: Iterable[str] = ()) -> None:
    """Let it be told that a publication changed; as `published`.

    `news` are the keys of tags that are new to it, which pass it on. Before its Create was told, that tells all.
    """
    await execute(_CHANGED, row["actor_id"], row["id"], row["public_id"], False, " ".join(news), now())
    await ring(LANE)


async def cancelled(row: Row) -> bool:
    """Tell nothing more of a publication that ends; returns whether nobody was told of it at all. As `published`.

    Of what could not be told nobody knows who read it in the outbox meanwhile: that counts as told.
    """
    gone = await fetch(_CANCEL, row["id"])
    return any(each["is_new"] and each["set_aside_at"] is None for each in gone)


async def is_unheard(row: Row) -> bool:
    """Whether a publication is new and nobody was told of it yet; as `cancelled`, and nothing is cancelled."""
    waiting = await fetch(_WAITING, row["id"])
    return any(each["is_new"] and each["set_aside_at"] is None for each in waiting)


async def tell_waiting() -> int:
    """Tell some of what waits, the oldest first; returns how many.

    What cannot be told is tried again later, and set aside after MOST_TRIES; nothing waits behind it.
    """
    found = await fetch(_DUE, now(), _BATCH)
    if not found:
        return 0
    try:
        told = await atomically(partial(_tell, found))
    except Exception:  # one of them: which, is found out by telling each alone
        told = sum([await _tell_alone(each) for each in found])
    here().wake.set()
    return told


async def _tell_alone(found: Row) -> int:
    try:
        return await atomically(partial(_tell, [found]))
    except Exception as error:
        log.exception(TELLING_FAILED, telling=found["id"])
        moment, why = now(), f"{type(error).__name__}: {error}"[:200]
        # Where it is the database that cannot be written, neither can this: then nothing is counted.
        await execute(_FAILED, why, moment, PAUSE, MOST_TRIES, moment, found["id"])
        return 0


async def _tell(found: Sequence[Row]) -> int:
    """In one transaction: nobody hears what is rolled back, and nobody tells it twice."""
    held = await _held(found)
    ids = [each["id"] for each in found if each["actor_id"] in held]
    rows = await fetch(f"{_STILL} AND t.id {among()} ORDER BY t.id", several(ids))
    for row in rows:
        is_heard = row["is_heard"] or not row["is_new"]
        if is_heard and row["public_id"] == row["untold_id"] and is_spoken(row):
            await _tell_one(_Speaker(row["actor_id"], row["local_name"]), row)
    await execute(f"DELETE FROM telling WHERE id {among()}", several(row["telling_id"] for row in rows))
    return len(rows)


async def _tell_one(owner: _Speaker, row: Row) -> None:
    if row["is_new"]:
        await publish.bookmark_created(owner, row)
        await streams.bookmark_tagged(owner, row, carried(row))
        return
    news = row["news"].split()
    # Whoever hears of it through a tag hears of the change.
    await streams.bookmark_tagged(owner, row, [key for key in carried(row) if key in news])
    await publish.bookmark_updated(owner, row)


async def _held(found: Sequence[Row]) -> Collection[int]:
    """Take the owners that nobody else has: who saves this moment, or is told of by another worker, is passed over.

    Where all are taken, wait for whose turn it is: a person who never stops saving is told of too.
    """
    owners = {each["actor_id"] for each in found}
    if is_sqlite():
        return owners
    free = {row["id"] for row in await fetch(_FREE, sorted(owners))}
    if not free:
        free = {found[0]["actor_id"]}
        await hold("actor", *free)
    return free
