"""Searching one server: both databases find the same, and nobody finds what they may not see."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedimark.bookmarks.draft import Draft, Owner, read_draft
from fedimark.bookmarks.marks import mark
from fedimark.bookmarks.remove import remove_bookmark, undo_remove
from fedimark.bookmarks.save import save_many
from fedimark.database import execute, fetch, fetch_one
from fedimark.here import Here, entered, here
from fedimark.policy.visibility import Viewer
from fedimark.search.indexing import index_some, index_what_waits
from fedimark.text.query import parse
from fedimark.timelines.searching import Order, Scope, Sought, search
from fedimark.timelines.stream import cursor
from tests.support.clock import Clock
from tests.support.counting import statements
from tests.support.fleet import Fleet
from tests.support.savers import befriend, edit, save, saver
from tests.support.storage import PostgresStorage, SqliteStorage

WORDS = ("write", "writing", "ahead", "log", "LOG", "café", "日本語", "日本", "one-two", "x1", "write-ahead")
TAGS = ("sql", ".mine", "C++", "日本", "write")
MOMENT = 1_700_000_000_000_000


async def learn() -> None:
    """Let the worker do its part."""
    while await index_some():
        pass


async def found(
    viewer: Viewer | None, text: str, scope: Scope = Scope.MINE, order: Order = Order.NEWEST, limit: int = 50
) -> list[str]:
    """The titles of what is found, in its order, page by page."""
    shown: list[str] = []
    before = ""
    while True:
        page = await search(viewer, Sought(parse(text), scope, order), cursor(before, ""), limit)
        shown += [entry.title for entry in page.entries]
        if not page.earlier:
            return shown
        before = page.earlier


async def a_library(kind: str) -> list[Viewer]:
    """Two people with bookmarks of few words, always the same ones."""
    chance, people = Random(7), [await saver("ana"), await saver("bo")]
    await befriend(people[0], people[1])
    for number in range(40):
        await save(
            chance.choice(people),
            f"https://site{number % 3}.example/{'/'.join(chance.sample(('log', 'write', 'x1'), 2))}/{number % 9}",
            " ".join(chance.sample(TAGS, chance.randint(0, 3))),
            chance.choice(("public", "public", "followers", "private")),
            title=f"{number} {' '.join(chance.choices(WORDS, k=3))}",
            description=" ".join(chance.choices(WORDS, k=5)),
            private_note=chance.choice(WORDS),
            to_read=chance.random() < 0.3,
            saved_at=MOMENT + number // 4,
        )
    await learn()
    assert kind
    return people


def queries() -> st.SearchStrategy[str]:
    """What somebody may type."""
    words = st.sampled_from(
        ("wri*", "日", '"write ahead"', '"one two" x1', "cafe", "log", "in:title log", "in:notes log")
    )
    more = st.sampled_from(
        ("#sql", "#.mine", "tag:c++", "site:site1.example", "user:bo", "is:unread", "saved:>1", "本語")
    )
    return st.recursive(
        words | more,
        lambda inner: st.builds(
            "{} {} {}".format, inner, st.sampled_from(("", "or", "-", "not")), inner.map(lambda text: f"({text})")
        ),
        max_leaves=5,
    )


def test_both_databases_find_the_same_in_the_same_order(sqlite_template, postgres_template, tmp_path: Path):
    # Given the same bookmarks on both
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    storages = (SqliteStorage(sqlite_template), PostgresStorage(postgres_template))

    async def prepare() -> list[tuple[Here, list[Viewer]]]:
        worlds = []
        for storage in storages:
            (tmp_path / storage.kind).mkdir()
            fleet = await stack.enter_async_context(Fleet(storage, Clock(), tmp_path / storage.kind))
            server = await fleet.server("a.example")
            async with entered(server.here):
                worlds.append((server.here, await a_library(storage.kind)))
        return worlds

    async def answer(world: tuple[Here, list[Viewer]], text: str) -> list[list[str]]:
        server, people = world
        async with entered(server):
            asked = [(people[0], scope) for scope in Scope] + [(None, Scope.HERE)]
            return [await found(who, text, scope, order, 7) for who, scope in asked for order in Order]

    async def end() -> None:
        await stack.aclose()
        for storage in storages:
            await storage.drop()

    try:
        worlds = loop.run_until_complete(prepare())

        # Then whatever is asked has one answer
        @given(queries())
        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        def alike(text: str) -> None:
            one, other = (loop.run_until_complete(answer(world, text)) for world in worlds)
            assert one == other

        alike()
    finally:
        loop.run_until_complete(end())
        loop.close()


async def test_the_language_finds_what_it_says(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(ana, bo)
    one = await save(
        ana, "https://docs.sqlite.org/wal", "sql .mine", title="one Write-Ahead Log", private_note="hush", to_read=True
    )
    await save(ana, "https://b.example/x", "", "private", title="two", description="Ängström の日本語", starred=True)
    await save(bo, "https://docs.sqlite.org/wal", "db", title="three ahead")
    await save(bo, "https://c.example/", "db", "followers", title="four write", private_note="hush")
    await execute("UPDATE bookmark SET via = ?, via_hash = 'x' WHERE title = ?", "https://b.example/1", "two")
    await learn()
    async with entered(here()):
        await mark(Owner.of(ana), one.public_id, "archived", True)

    for text, titles in {
        "write": ["one"],
        '"ahead log"': ["one"],
        '"log ahead"': [],
        "angstrom": ["two"],
        "本語": ["two"],
        "wri*": ["one"],
        "in:notes hush": ["one"],
        "in:title hush": [],
        "hush": ["one"],
        "#.mine": ["one"],
        "-sql": ["two"],
        "is:untagged": ["two"],
        "is:unread or is:starred": ["two", "one"],
        "is:private": ["two"],
        "is:archived": ["one"],
        "is:copied": ["two"],
        "-is:copied": ["one"],
        "site:sqlite.org": ["one"],
        "site:qlite.org": [],
        "user:ana -two": ["one"],
        "saved:2": ["one"],
        "saved:<2": ["two"],
        "before:2000": [],
        "after:2000 not write": ["two"],
        "write (two or ahead)": ["one"],
        "write ahead or two": ["two", "one"],
    }.items():
        assert [title.split()[0] for title in await found(ana, text)] == titles, text
    assert await found(ana, "write", Scope.NETWORK) == ["four write", "one Write-Ahead Log"]
    assert await found(ana, "ahead", Scope.NETWORK) == ["three ahead"]  # one line a page
    assert await found(None, "write or ahead", Scope.HERE) == ["three ahead"]
    for text in ("hush", "in:notes hush", "#.mine", "mine", "two", "is:unread", "is:private", "four"):
        assert await found(bo, f"({text}) user:ana", Scope.HERE) == [], text


async def test_who_is_muted_and_what_left_a_page_is_found_no_more(server):
    ana, bo = await saver("ana"), await saver("bo")
    kept = await save(bo, "https://b.example/", title="write")
    await learn()
    assert await found(ana, "write", Scope.HERE) == ["write"]

    await execute(
        "INSERT INTO block (blocker_id, blocked_id, created_at, is_mute) VALUES (?, ?, 1, TRUE)",
        ana.actor_id,
        bo.actor_id,
    )
    assert await found(ana, "write", Scope.HERE) == []

    # Nothing need be learned before what is private is found by nobody else
    kept = await edit(bo, kept.public_id, "https://b.example/", "", "private", title="write")
    assert await found(None, "write", Scope.HERE) == []
    assert await found(bo, "write") == ["write"]
    await remove_bookmark(Owner.of(bo), kept.public_id)
    assert await found(bo, "write") == []
    await learn()
    await undo_remove(Owner.of(bo), kept.public_id)
    await learn()
    assert await found(bo, "write") == ["write"]


async def test_the_index_follows_and_is_made_anew_where_it_is_gone(server):
    ana = await saver("ana")
    kept = await save(ana, "https://a.example/", "sql", title="old", saved_at=MOMENT)
    await save(ana, "https://b.example/", title="old too", saved_at=MOMENT)
    await save(ana, "https://c.example/", title="old too, then", saved_at=MOMENT + 1)
    await learn()
    await edit(ana, kept.public_id, "https://a.example/", "", title="new")
    await learn()

    assert await found(ana, "old") == ["old too, then", "old too"]
    assert await found(ana, "new") == ["new"]

    for table in ("search_words", "search_place", "search_mark"):  # as in a database that was restored
        await execute(f"DELETE FROM {table}")
    here().caches.pop("search.is_complete")
    await learn()
    assert await found(ana, "old or new") == ["old too, then", "old too", "new"]
    assert await fetch("SELECT id FROM unindexed") == []
    row = await fetch_one("SELECT count(*) AS places FROM search_place")
    assert row == {"places": 3}


async def test_thousands_saved_at_one_moment_are_learned_in_as_many_statements_as_others(server):
    ana = await saver("ana")

    def of_one_moment(start: int, end: int) -> list[Draft]:
        return [read_draft(url=f"https://{n}.example/", title=f"write {n}", saved_at=MOMENT) for n in range(start, end)]

    await save_many(Owner.of(ana), of_one_moment(0, 200))
    with statements() as few:
        await index_what_waits()
    await save_many(Owner.of(ana), of_one_moment(200, 1_200))  # more than a millisecond has places for
    await index_what_waits()
    await save_many(Owner.of(ana), of_one_moment(1_200, 1_400))
    with statements() as many:
        await index_what_waits()

    assert len(many) <= len(few) + 2, "\n".join(many)  # it looks for the end of two milliseconds
    row = await fetch_one("SELECT count(DISTINCT place) AS places FROM search_place")
    assert row == {"places": 1_400}
    assert await fetch("SELECT id FROM unindexed") == []
    assert await found(ana, "write 1399") == ["write 1399"]


async def test_a_search_runs_a_fixed_number_of_statements(server):
    ana = await saver("ana")
    for number in range(30):
        await save(ana, f"https://a.example/{number}", "sql", title=f"write {number}")
    await learn()

    for scope in Scope:
        with statements() as few:
            await search(ana, Sought(parse("write 1*"), scope), None, 5)
        with statements() as many:
            await search(ana, Sought(parse("write"), scope), None, 20)
        assert abs(len(few) - len(many)) <= 1, "\n".join(many)  # it may look twice
        assert len(many) <= 8, "\n".join(many)


HOSTILE = (
    *("(" * 10_000, "not " * 3_000, '"' * 5_001, "\0", "a" * 100_000, "%_'\";--", "{title} : x", "a NEAR b", "^a + b"),
    *(
        "'a':*A & !(",
        "\\",
        "\ue000hush",
        "\ue001l",
        "* : -",
        "saved:>999999999",
        "before:0001 after:2100",
        "site:" + "a." * 400,
    ),
)


async def test_nothing_that_is_asked_is_a_fault(server):
    ana = await saver("ana")
    await save(ana, "https://a.example/", "sql", title="write", private_note="hush")
    await learn()

    for text in HOSTILE:
        for scope in Scope:
            assert await found(ana, text, scope) in ([], ["write"]), text
        assert "write" not in await found(None, f"in:notes hush {text}", Scope.HERE), text


async def test_the_best_comes_first_where_that_is_asked_for_and_the_newest_where_it_is_not(server: object) -> None:
    ana = await saver("ana")
    words = ("A log that is written ahead", "log log log", "Gardens")
    for number, title in enumerate(words):
        said = "One word of many here is log, beside tulips, peas, hedges and bees." if title == "Gardens" else ""
        await save(ana, f"https://page{number}.example/", title=title, description=said, saved_at=MOMENT + number)
    await learn()

    newest, best = [await found(ana, "log", order=order) for order in (Order.NEWEST, Order.BEST)]

    assert newest == ["Gardens", "log log log", "A log that is written ahead"]
    assert best[-1] == "Gardens"
    assert best[0] == "log log log"
