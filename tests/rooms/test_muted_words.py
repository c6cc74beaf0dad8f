"""Words, tags and servers that a reader mutes, and mutes that end: what vanishes, what stays, what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import execute, fetch, write
from fedimark.errors import NotFound, Refused
from fedimark.here import MICROS
from fedimark.moderation import muted_words, mutes, people
from fedimark.policy.mutes import SERVER, TAG, WORD, read
from fedimark.text import urls
from fedimark.timelines.merge import follow_began
from fedimark.timelines.stream import LinkStream, NetworkStream, PopularStream, RecentStream, TagStream
from tests.support.savers import (
    UNKNOWN,
    assert_agreement,
    befriend,
    entries,
    remote_actor,
    remote_save,
    save,
    saver,
    urls_of,
    walk,
)

PAGE, OTHER = "https://sqlite.org/wal.html", "https://other.example/"
LINK = LinkStream(urls.link_hash(urls.canonical(PAGE)))
SQL = TagStream(("sql",))
DAY = 86_400 * MICROS


@pytest.fixture
async def rita(server) -> Any:
    """Somebody who reads."""
    return await saver("rita")


@pytest.fixture
async def bo(rita) -> Any:
    """Somebody whom rita follows."""
    bo = await saver("bo")
    await befriend(rita, bo)
    return bo


def hides(kind: str, value: str, title: str = "", description: str = "", tags: str = "") -> bool:
    """Whether a mute, as it is typed, hides a save of these words."""
    save = {"is_local": True, "uri": None, "at_host": "", "title": title, "description": description, "tags": tags}
    return read([{"kind": kind, "value": muted_words.folded(kind, value)}]).hide(save)


@pytest.mark.parametrize(
    ("muted", "text", "is_hidden"),
    [
        ("sport", "Sport!", True),
        ("sport", "transport", False),
        ("Straße", "STRASSE", True),
        ("c", "C++", True),
        ("c++", "I like C++.", True),
        ("c++", "c", False),
        (".*", "anything", False),
        ("a.c", "abc", False),
        ("a.c", "an a.c is here", True),
        ("(", "a ( b", True),
        ("two words", "TWO   Words", True),
        ("two words", "two other words", False),
        ("世界杯", "2026年世界杯开幕", True),
        ("é", "e\u0301", True),
    ],
)
async def test_words_are_whole_words_in_any_case_and_never_patterns(server, muted, text, is_hidden):
    assert hides(WORD, muted, title=text) is is_hidden
    assert hides(WORD, muted, description=f"so\n{text}\nis it") is is_hidden


async def test_a_muted_word_takes_away_what_says_it_in_every_stream(rita, bo):
    cy = await saver("cy")
    await save(bo, PAGE, "sql", title="World Cup news")
    await save(cy, PAGE, "sql", title="The World CUP")
    streams = (NetworkStream(), RecentStream(), SQL, PopularStream("week"), LINK)
    before = [await urls_of(stream, rita) for stream in streams]

    await muted_words.put(rita, WORD, "cup", None)

    assert before == [[PAGE], [PAGE], [PAGE], [PAGE], [PAGE, PAGE]]
    assert [await urls_of(stream, rita) for stream in streams] == [[], [], [], [], []]
    assert await urls_of(RecentStream(), bo) == [PAGE]
    await muted_words.drop(rita, WORD, "CUP")
    assert [await urls_of(stream, rita) for stream in streams] == before


async def test_an_entry_stays_in_the_words_of_whoever_is_not_muted_and_counts_them_only(rita, bo):
    cy = await saver("cy")
    await befriend(rita, cy)
    await save(bo, PAGE, "sql football", title="Bo’s")
    await save(cy, PAGE, "sql", title="Cy’s")

    await muted_words.put(rita, TAG, "#Football", None)

    for stream in (RecentStream(), SQL):
        (entry,) = await entries(stream, rita)
        assert (entry.title, entry.saver.username, entry.saver_count) == ("Cy’s", "cy", 1)
    (entry,) = await entries(NetworkStream(), rita)
    assert (entry.title, entry.saver.username, entry.others) == ("Cy’s", "cy", ())


async def test_what_one_saved_oneself_is_never_muted(rita):
    await save(rita, PAGE, "sql", title="World Cup")
    await muted_words.put(rita, WORD, "cup", None)

    assert await urls_of(NetworkStream(), rita) == [PAGE]
    assert await urls_of(RecentStream(), rita) == [PAGE]


async def test_a_muted_server_takes_away_its_people_and_those_of_servers_below(rita):
    for number, host in enumerate(("evil.example", "sub.evil.example", "notevil.example")):
        actor_id = await remote_actor("pia", host)
        async with write():
            sql = "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', 1)"
            await execute(sql, rita.actor_id, actor_id)
            await follow_began(rita.actor_id, actor_id)
        await remote_save(actor_id, number, f"https://page.example/{number}", saved_at=1_000 + number)
    assert len(await urls_of(NetworkStream(), rita)) == 3

    await muted_words.put(rita, SERVER, "https://Evil.example/", None)

    assert await urls_of(NetworkStream(), rita) == ["https://page.example/2"]
    assert await urls_of(RecentStream(), rita) == ["https://page.example/2"]


async def test_a_mute_of_a_word_ends_at_its_moment(rita, bo, clock, server):
    await save(bo, PAGE, title="World Cup")
    await muted_words.put(rita, WORD, "cup", clock.micros + DAY)
    assert await urls_of(NetworkStream(), rita) == []

    clock.forward(days=1, seconds=1)

    assert await urls_of(NetworkStream(), rita) == [PAGE]
    await server.settle()
    assert await fetch("SELECT * FROM mute") == []


async def test_a_mute_of_a_person_ends_at_its_moment_and_everything_of_theirs_is_back(rita, bo, clock, server):
    await save(bo, PAGE, "sql")
    await mutes.mute(rita, "bo", clock.micros + DAY)
    await save(bo, OTHER)
    await server.settle()
    assert await urls_of(NetworkStream(), rita) == []

    clock.forward(days=1, seconds=1)
    await server.settle()

    assert await urls_of(NetworkStream(), rita) == [OTHER, PAGE]
    assert await fetch("SELECT * FROM block") == []
    await assert_agreement()


async def test_a_mute_said_again_ends_when_it_was_said_last(rita, bo, clock, server):
    await save(bo, PAGE)
    await mutes.mute(rita, "bo", clock.micros + DAY)
    await mutes.mute(rita, "bo")

    clock.forward(days=2)
    await server.settle()

    assert await urls_of(NetworkStream(), rita) == []
    await mutes.mute(rita, "bo", clock.micros + DAY)
    clock.forward(days=2)
    await server.settle()
    assert await urls_of(NetworkStream(), rita) == [PAGE]


async def test_a_block_in_place_of_a_mute_does_not_end(rita, bo, clock, server):
    await save(bo, PAGE)
    await mutes.mute(rita, "bo", clock.micros + DAY)
    await people.block(rita, "bo")

    clock.forward(days=2)
    await server.settle()

    assert await urls_of(LINK, rita) == [UNKNOWN]


async def test_a_moment_that_is_over_is_refused_and_so_is_oneself(rita, bo, clock):
    for moment in (0, clock.micros):
        with pytest.raises(Refused) as refused:
            await mutes.mute(rita, "bo", moment)
        assert refused.value.field == "until"
        with pytest.raises(Refused):
            await muted_words.put(rita, WORD, "cup", moment)
    with pytest.raises(Refused, match="yourself"):
        await mutes.mute(rita, "rita", clock.micros + DAY)
    assert await fetch("SELECT id FROM mute UNION ALL SELECT id FROM block") == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (WORD, " "),
        (WORD, "x" * 101),
        (WORD, "x" * 100_000),
        (TAG, "two tags"),
        (TAG, "a,b"),
        (TAG, "..."),
        (TAG, ""),
        (SERVER, "localhost"),
        (SERVER, "not a host"),
        (SERVER, "a.example"),
        (SERVER, ""),
        ("person", "bo"),
        ("", "cup"),
    ],
)
async def test_what_can_not_be_muted_is_refused(rita, kind, value):
    with pytest.raises(Refused):
        await muted_words.put(rita, kind, value, None)
    assert await fetch("SELECT id FROM mute") == []


async def test_a_thousand_words_are_obeyed_and_one_more_is_refused(rita, bo):
    await save(bo, PAGE, title="The last of them is w999.")
    await save(bo, OTHER, title="Innocent")
    async with write():
        for number in range(1_000):
            sql = "INSERT INTO mute (owner_id, kind, value, created_at) VALUES (?, 'word', ?, 1)"
            await execute(sql, rita.actor_id, f"w{number}")

    with pytest.raises(Refused, match="most"):
        await muted_words.put(rita, WORD, "one more", None)
    await muted_words.put(rita, WORD, "w5", None)

    assert await urls_of(NetworkStream(), rita) == [OTHER]


async def test_mutes_are_their_readers_alone(rita, bo):
    await save(bo, PAGE, title="World Cup")
    await muted_words.put(rita, WORD, "cup", None)

    with pytest.raises(NotFound):
        await muted_words.drop(bo, WORD, "cup")
    assert await urls_of(RecentStream(), bo) == [PAGE]
    assert await urls_of(RecentStream()) == [PAGE]


async def test_pages_with_something_muted_hold_everything_else_once(rita, bo, clock):
    for number in range(30):
        title = "World Cup" if number % 4 else "Other"
        await save(bo, f"https://page.example/{number}", title=title)
        clock.forward(seconds=1)
    await muted_words.put(rita, WORD, "cup", None)

    for stream in (NetworkStream(), RecentStream(), NetworkStream(from_id=bo.actor_id)):
        there, back = await walk(stream, rita, 5)
        every = [entry.url for page in there for entry in page.entries]
        assert every == [f"https://page.example/{number}" for number in range(28, -1, -4)]
        assert [entry.url for page in reversed(back) for entry in page.entries] == every
