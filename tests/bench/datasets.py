"""Data sets: databases of many bookmarks, built once under var/bench by plain SQL as the rooms would have written them.

What is made from bookmarks (tag index, tallies, savers, entries) is made here by statements over the whole table, and
`checked` compares it with what `tests.support.invariants` says it must be.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import migrations
from fedimark.database import Database, migrate
from fedimark.here import Here, entered, wall_clock
from fedimark.models import Bookmark
from fedimark.settings import Settings
from fedimark.text import urls
from fedimark.text.works import PAGES_VERSION
from tests.bench import learned, people
from tests.support.invariants import disagreements

VERSION = [4, PAGES_VERSION]  # of the data sets, and of how their pages are told apart: others are built anew
FIRST_ACTOR = 1001
READER = 0  # the person whose pages are measured: has 3 of 100 bookmarks, follows 25 people
FOLLOWED = range(1, 26)
TAGS = 5_000
SAVES = 10  # of each page, on average
YEARS = 3 * 365 * 86_400_000_000  # that the moments of a data set are spread over, whatever its size
_STEP = 20_000
WORDS = ("note", "page", "open", "link", "field", "slow", "small", "green", "tide", "paper", "stone", "river", "cloud")

_BOOKMARK = (
    *("id", "actor_id", "link_id", "public_id", "is_local", "page_url", "url", "url_md5", "title", "description"),
    *("private_note", "tags", "visibility", "listed", "to_read", "starred", "archived", "saved_at", "updated_at"),
)
_DERIVED = {
    # Three tags a bookmark, each named by its number; none is private.
    "bookmark_tag": """
    INSERT INTO bookmark_tag (bookmark_id, tag_id, actor_id, link_id, visibility, listed, saved_at)
    SELECT g.bookmark_id, g.tag_id, b.actor_id, b.link_id, b.visibility, b.listed, b.saved_at
    FROM tagging g JOIN bookmark b ON b.id = g.bookmark_id ORDER BY g.rowid""",
    "savers": """
    UPDATE link SET savers = s.n, sites = 1 FROM (
    SELECT link_id, count(DISTINCT actor_id) AS n FROM bookmark WHERE listed GROUP BY link_id) s
    WHERE s.link_id = link.id""",
    "tallies": """
    INSERT INTO tally (owner_id, tag_id, visibility, amount)
    SELECT actor_id, 0, visibility, count(*) FROM bookmark GROUP BY 1, 3
    UNION ALL SELECT actor_id, 1 - CAST(strftime('%Y', saved_at / 1000000, 'unixepoch') AS INTEGER) * 12
    - CAST(strftime('%m', saved_at / 1000000, 'unixepoch') AS INTEGER), visibility, count(*)
    FROM bookmark GROUP BY 1, 2, 3
    UNION ALL SELECT actor_id, tag_id, visibility, count(*) FROM bookmark_tag GROUP BY 1, 2, 3
    UNION ALL SELECT 0, tag_id, visibility, count(*) FROM bookmark_tag WHERE listed GROUP BY 2, 3""",
    "network entries": """
    INSERT INTO entry (stream, owner_id, link_id, position, is_said)
    SELECT 1, owner_id, link_id, COALESCE(max(said_at), min(saved_at)), max(said_at) IS NOT NULL FROM (
        SELECT actor_id AS owner_id, link_id, saved_at, CAST(NULL AS BIGINT) AS said_at FROM bookmark
        UNION ALL SELECT f.follower_id, b.link_id, b.saved_at, CASE WHEN b.description <> '' THEN b.saved_at END
        FROM follow f
        JOIN bookmark b ON b.actor_id = f.target_id AND b.visibility >= 1) GROUP BY 2, 3""",
    "tag entries": """
    INSERT INTO entry (stream, owner_id, link_id, position)
    SELECT 2, tag_id, link_id, min(saved_at) FROM bookmark_tag WHERE listed GROUP BY 2, 3""",
    "recent entries": """
    INSERT INTO entry (stream, owner_id, link_id, position)
    SELECT 3, w.which, link_id, min(saved_at) FROM bookmark, (SELECT 0 AS which UNION SELECT 1) w
    WHERE listed GROUP BY 2, 3""",
}


def settings_of(folder: Path) -> Settings:
    """The settings a data set's server runs with."""
    return Settings(base_url=people.BASE_URL, data_dir=str(folder), allow_loopback=True)


def build(folder: Path, amount: int) -> float:
    """Build the data set of `amount` bookmarks unless it is there; returns how many seconds that took, once or now."""
    settings = settings_of(folder)
    if (took := known(folder)) is not None:
        asyncio.run(migrate(settings))
        return took
    emptied(folder)
    started = time.monotonic()
    asyncio.run(migrate(settings))
    with sqlite3.connect(settings.sqlite_path, isolation_level=None) as database:
        _fill(database, amount)
    database.close()
    took = time.monotonic() - started
    remember(folder, took)
    return took


def known(folder: Path) -> float | None:
    """The figure kept with a data set; None when it must be built, as after a change in a migration it went through."""
    file = folder / "ready.json"
    if not file.exists():
        return None
    ready = json.loads(file.read_text())
    usable = ready["version"] == VERSION and ready["migrations"].items() <= _migrations().items()
    return float(ready["figure"]) if usable else None


def fingerprint(folder: Path) -> dict[str, Any]:
    """What a copy of a data set was made of: when it changes, so must the copy."""
    return {"of": json.loads((folder / "ready.json").read_text()), "migrations": _migrations()}


def remember(folder: Path, figure: float) -> None:
    """Keep a data set, with a figure about how it was made."""
    ready = {"version": VERSION, "figure": figure, "migrations": _migrations()}
    (folder / "ready.json").write_text(json.dumps(ready))


def emptied(folder: Path) -> None:
    """Make an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _migrations() -> dict[str, str]:
    files = Path(migrations.__path__[0]).glob("[0-9]*.py")
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


async def checked(folder: Path) -> list[str]:
    """What of a data set is not as the rooms would have written it; reads all of it into memory."""
    settings = settings_of(folder)
    database = await Database(settings).open()
    try:
        # Nothing is sent, so there is no way out.
        async with entered(Here(settings=settings, database=database, http=None)):  # type: ignore[arg-type]
            return await disagreements()
    finally:
        await database.close()


def refreshed(folder: Path) -> None:
    """Let the sessions of a data set be used just now, so that no request writes that down while it is measured."""
    with sqlite3.connect(settings_of(folder).sqlite_path) as database:
        database.execute("UPDATE session SET seen_at = ?", (wall_clock(),))
    database.close()


def insert(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert one row."""
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def _fill(database: sqlite3.Connection, amount: int) -> None:
    """All rows in one transaction; secondary indexes are dropped before and made again after."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY"):
        database.execute(f"PRAGMA {pragma}")
    tables = ("link", "bookmark", "bookmark_tag", "entry", "tally", "tag")
    sql = f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> '' AND tbl_name IN {tables}"
    indexes = database.execute(sql).fetchall()
    database.execute("BEGIN")
    for name, _ in indexes:
        database.execute(f'DROP INDEX "{name}"')
    for table, row in people.rows(FIRST_ACTOR, people.PEOPLE, wall_clock()):
        insert(database, table, row)
    for number in FOLLOWED:
        both = {"follower_id": FIRST_ACTOR + READER, "target_id": FIRST_ACTOR + number}
        insert(database, "follow", {**both, "state": "accepted", "created_at": people.MADE_AT})
    database.executemany(
        "INSERT INTO tag (id, key, slug) VALUES (?, ?, ?)",
        ((n, f"tag{n:04}", f"tag{n:04}") for n in range(1, TAGS + 1)),
    )
    database.execute("CREATE TEMP TABLE tagging (bookmark_id INTEGER, tag_id INTEGER)")
    _write_bookmarks(database, amount)
    for statement in _DERIVED.values():
        database.execute(statement)
    for _, made in indexes:
        database.execute(made)
    database.execute("COMMIT")
    database.execute("BEGIN")
    learned.on_sqlite(database)
    database.execute("COMMIT")
    database.execute("DROP TABLE tagging")
    database.execute("PRAGMA journal_mode = WAL")


def _write_bookmarks(database: sqlite3.Connection, amount: int) -> None:
    unsaid = {name: value for name, value in people.defaults(Bookmark).items() if name not in _BOOKMARK}
    columns = (*_BOOKMARK, *unsaid)
    bookmark = f"INSERT INTO bookmark ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    link = "INSERT INTO link (id, hash, canonical, canonical_version, host, savers) VALUES (?, ?, ?, ?, ?, 0)"
    lines = _bookmarks(amount)
    known: set[int] = set()
    while some := list(islice(lines, _STEP)):
        new = {row[2] for row, _ in some} - known
        known |= new
        database.executemany(link, map(_link, sorted(new)))
        database.executemany(bookmark, ((*row, *unsaid.values()) for row, _ in some))
        taggings = ((row[0], tag_id) for row, tag_ids in some for tag_id in tag_ids)
        database.executemany("INSERT INTO tagging VALUES (?, ?)", taggings)


def _bookmarks(amount: int) -> Iterator[tuple[tuple[Any, ...], list[int]]]:
    """Row and tags of each bookmark, always the same ones: ten on each page, on some pages everybody's."""
    chance = random.Random(amount)
    shares = list(accumulate([3 * (people.PEOPLE - 1) / 97, *([1.0] * (people.PEOPLE - 1))]))
    tag_shares = list(accumulate(1 / rank for rank in range(1, TAGS + 1)))
    pages = amount // SAVES
    step = YEARS // amount
    savers = chance.choices(range(people.PEOPLE), cum_weights=shares, k=amount)
    taken: set[tuple[int, int]] = set()
    for number in range(amount):
        saver = savers[number]
        link_id = int(pages * chance.random() ** 2) + 1
        while (saver, link_id) in taken:
            link_id = chance.randint(1, pages)
        taken.add((saver, link_id))
        tag_ids = sorted(set(chance.choices(range(1, TAGS + 1), cum_weights=tag_shares, k=3)))
        while len(tag_ids) < 3:
            tag_ids = sorted({*tag_ids, chance.randint(1, TAGS)})
        visibility = 3 if chance.random() < 0.9 else chance.choice((0, 0, 1, 2))
        words = " ".join(chance.choices(WORDS, k=14))
        moment = people.MADE_AT + number * step
        url = url_of(link_id)
        yield (
            (
                number + 1,
                FIRST_ACTOR + saver,
                link_id,
                _public_id(chance.getrandbits(64)),
                True,
                "",
                url,
                hashlib.md5(url.encode()).hexdigest(),
                f"Page {link_id}: {words[:40].title()}",
                f"{words}, seen at {url} and kept.",
                "",
                " ".join(f"tag{tag_id:04}" for tag_id in tag_ids),
                visibility,
                visibility == 3,
                number % 17 == 0,
                number % 23 == 0,
                False,
                moment,
                moment,
            ),
            tag_ids,
        )


def url_of(link_id: int) -> str:
    """The address of a page."""
    return f"https://site{link_id % 997}.example/articles/{link_id}/how-to-keep-what-one-reads"


def hash_of(link_id: int) -> str:
    """What a page is found by."""
    return urls.link_hash(urls.canonical(url_of(link_id)))


def _link(link_id: int) -> tuple[object, ...]:
    canonical = urls.canonical(url_of(link_id))
    return link_id, urls.link_hash(canonical), canonical, PAGES_VERSION, urls.host_of(canonical)


def _public_id(number: int) -> str:
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[(number >> shift) & 31] for shift in range(60, -5, -5))
