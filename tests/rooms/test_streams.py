"""Streams: what each reader sees of them, in which order, a page at a time, in a fixed number of statements."""

from __future__ import annotations

from contextlib import suppress

import pytest

from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.marks import mark
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.bookmarks.save import save_many
from fedimark.database import execute, fetch, fetch_one
from fedimark.errors import Gone, NotFound
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.text import urls
from fedimark.timelines import amounts, queries
from fedimark.timelines.amounts import counted
from fedimark.timelines.bookmark import one_bookmark
from fedimark.timelines.queries import link_of_md5
from fedimark.timelines.savers import link_entry
from fedimark.timelines.stream import (
    FILTERS,
    LinkStream,
    NetworkStream,
    PersonStream,
    RecentStream,
    Stream,
    TagStream,
    cursor,
    tags_together,
)
from tests.support.clock import START
from tests.support.counting import statements
from tests.support.savers import (
    UNKNOWN,
    befriend,
    count,
    entries,
    look,
    remote_actor,
    remote_save,
    save,
    saver,
    urls_of,
    walk,
)

PAGE = "https://sqlite.org/wal.html"
HASH = urls.link_hash(PAGE)


async def _four(who: Viewer) -> None:
    """A bookmark of each visibility, the furthest reaching last."""
    for visibility in Visibility:
        await save(who, f"https://{visibility.word}.example/", f"db {visibility.word}", visibility.word)


def _words(seen: list[str]) -> list[str]:
    return [url.removeprefix("https://").removesuffix(".example/") for url in seen]


async def test_a_persons_page_shows_each_reader_what_reaches_them(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    await befriend(bo, ana)
    await execute("UPDATE follow SET state = 'requested' WHERE follower_id = ?", cy.actor_id)
    await _four(ana)

    for stream in (PersonStream("ana"), PersonStream("ana", tags=("db",))):
        assert _words(await urls_of(stream, ana)) == ["public", "unlisted", "followers", "private"]
        assert _words(await urls_of(stream, bo)) == ["public", "unlisted", "followers"]
        assert _words(await urls_of(stream, cy)) == ["public", "unlisted"]
        assert _words(await urls_of(stream, None)) == ["public", "unlisted"]
    for viewer in (ana, bo, None):
        assert _words(await urls_of(PersonStream("ana", only="public"), viewer)) == ["public"]


@pytest.mark.parametrize("state", ["requested", "rejected"])
async def test_a_follow_that_is_not_accepted_shows_no_more_than_strangers_see(server, state):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    await execute("UPDATE follow SET state = ?", state)
    await _four(ana)

    assert _words(await urls_of(PersonStream("ana"), bo)) == ["public", "unlisted"]
    assert _words(await urls_of(NetworkStream(), bo)) == []
    assert await urls_of(LinkStream(urls.link_hash("https://followers.example/")), bo) == [UNKNOWN]


@pytest.mark.parametrize("only", ["private", "unread", "untagged", "starred"])
async def test_the_owners_filters_are_for_the_owner_alone(server, only):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    await save(ana, "https://private.example/", "x", "private")
    await save(ana, "https://unread.example/", "x", to_read=True)
    await save(ana, "https://untagged.example/")
    await save(ana, "https://starred.example/", "x", starred=True)

    assert _words(await urls_of(PersonStream("ana", only=only), ana)) == [only]
    for viewer in (bo, None):
        assert await urls_of(PersonStream("ana", only=only), viewer) == [UNKNOWN]


async def test_what_is_archived_is_in_no_list_of_its_owners_but_one_and_others_see_it_as_before(server):
    ana, bo = await saver("ana"), await saver("bo")
    kept = await save(ana, "https://kept.example/", "db")
    away = await save(ana, "https://away.example/", "db old", to_read=True, starred=True)
    await mark(Owner.of(ana), away.public_id, "archived", True)

    for only in ("", "public", "unread", "starred"):
        assert "https://away.example/" not in await urls_of(PersonStream("ana", only=only), ana)
        assert "https://away.example/" not in await urls_of(PersonStream("ana", tags=("db",)), ana)
    assert await urls_of(PersonStream("ana", only="archived"), ana) == ["https://away.example/"]
    assert await urls_of(PersonStream("ana", tags=("old",)), ana) == []  # which it would not be, were there none
    for stream in (PersonStream("ana"), PersonStream("ana", tags=("old",)), RecentStream(), TagStream(("old",))):
        [seen, *_] = await entries(stream, bo)
        assert (seen.url, seen.own) == ("https://away.example/", None)
    assert await urls_of(PersonStream("ana", only="archived"), bo) == [UNKNOWN]
    for stream, viewer, amount in (
        (PersonStream("ana"), ana, 1),
        (PersonStream("ana"), bo, 2),
        (PersonStream("ana", tags=("db",)), ana, 1),
        (PersonStream("ana", tags=("old",)), ana, 0),
        (PersonStream("ana", only="public"), ana, 1),
    ):
        assert (await counted(await queries.find(stream, viewer))).amount == amount

    await mark(Owner.of(ana), away.public_id, "archived", False)

    assert await urls_of(PersonStream("ana"), ana) == ["https://away.example/", "https://kept.example/"]
    assert kept.is_new


async def test_tags_and_recent_show_what_is_public_and_nothing_else_to_anybody(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    await _four(ana)

    for viewer in (ana, bo, None):
        assert _words(await urls_of(RecentStream(), viewer)) == ["public"]
        assert _words(await urls_of(TagStream(("db",)), viewer)) == ["public"]
        assert _words(await urls_of(TagStream(("db", "public")), viewer)) == ["public"]
        for hidden in ("unlisted", "followers", "private"):
            assert await urls_of(TagStream((hidden,)), viewer) == [UNKNOWN]
            assert await urls_of(TagStream(("db", hidden)), viewer) == [UNKNOWN]


async def test_a_pages_savers_are_those_the_reader_may_see(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    people = {visibility: await saver(visibility.word) for visibility in Visibility}
    await befriend(bo, people[Visibility.FOLLOWERS], people[Visibility.PRIVATE])
    for visibility, who in people.items():
        await save(who, PAGE, visibility=visibility.word)

    async def savers(viewer: Viewer | None) -> tuple[list[str], int]:
        found = await queries.find(LinkStream(HASH), viewer)
        assert found.link is not None
        shown = (await queries.page(found, None, 50)).entries
        return [entry.saver.handle for entry in shown], (await link_entry(found.link, found.viewer_id))[0].saver_count

    assert await savers(None) == (["public"], 1)
    assert await savers(bo) == (["public", "followers"], 2)
    assert await savers(people[Visibility.PRIVATE]) == (["public", "private"], 2)
    assert await savers(people[Visibility.UNLISTED]) == (["public", "unlisted"], 2)


@pytest.mark.parametrize("visibility", ["private", "followers", "unlisted"])
async def test_a_page_nobody_saved_publicly_answers_exactly_like_an_unknown_one(server, visibility):
    ana = await saver("ana")
    await save(ana, PAGE, "hidden", visibility)
    await save(ana, "https://seen.example/", "db")
    unknown = urls.link_hash("https://nobody.example/")
    shown = (await entries(RecentStream()))[0]
    # A cursor at a moment that is shown, with the hash of what is not: lest the order of rows tell it.
    places = ["", "0-x", "999999999999999999-x", f"{shown.at}-{HASH}", f"{shown.at}-{unknown}", f"{shown.at}-\0"]

    async def answers(viewer: Viewer | None, link_hash: str, tag: str, url: str) -> list[str]:
        heard = []
        for stream in (LinkStream(link_hash), TagStream((tag,)), TagStream(("db", tag)), TagStream((tag, "nobody"))):
            for place in places:
                for sides in ({"before": place}, {"after": place}):
                    with pytest.raises(NotFound) as error:
                        await look(stream, viewer, **sides)
                    heard.append(error.value.message)
        with pytest.raises(NotFound) as error:
            await link_of_md5(urls.md5(url), viewer)
        return [*heard, error.value.message]

    for viewer in (None, await saver("bo")):
        hidden = await answers(viewer, HASH, "hidden", PAGE)
        assert hidden == await answers(viewer, unknown, "nobody", "https://nobody.example/")


@pytest.mark.parametrize("first", ["hidden", "seen"])
async def test_no_cursor_tells_that_a_page_was_saved_privately(server, first):
    ana = await saver("ana")
    for url in [PAGE, "https://seen.example/"][:: 1 if first == "hidden" else -1]:
        await save(ana, url, "db sql", "private" if url == PAGE else "public")
    at = (await entries(RecentStream()))[0].at
    unknown = urls.link_hash("https://nobody.example/")

    for stream in (RecentStream(), TagStream(("db",)), TagStream(("db", "sql"))):
        for side in ("before", "after"):
            told = []
            for link_hash in (HASH, unknown):
                try:
                    told.append(await look(stream, None, **{side: f"{at}-{link_hash}"}))
                except NotFound:
                    told.append(None)
            assert told[0] == told[1]


async def test_a_person_who_left_is_gone_and_one_who_never_was_is_not_found(server):
    ana = await saver("ana")
    saved = await save(ana, PAGE)
    await execute("UPDATE actor SET gone_at = ? WHERE id = ?", 1, ana.actor_id)

    for stream in (PersonStream("ana"), PersonStream("ana", tags=("db",))):
        with pytest.raises(Gone):
            await look(stream)
    with pytest.raises(Gone):
        await one_bookmark("ana", saved.public_id, None)
    for name in ("nobody", "Ana", ".instance", ""):
        with pytest.raises(NotFound):
            await look(PersonStream(name))


async def test_the_network_is_for_who_is_signed_in(server):
    with pytest.raises(NotFound):
        await look(NetworkStream())


async def test_savers_stand_by_moment_then_by_name(server):
    people = {name: await saver(name) for name in ("zoe", "bo", "ana", "cy", "dee")}
    moments = {"zoe": 10, "bo": 20, "ana": 20, "cy": 30, "dee": 5}
    for name, who in people.items():
        await save(who, PAGE, saved_at=moments[name] * 1_000_000)
    reader = await saver("reader")
    await befriend(reader, *people.values())

    (entry,) = await queries.whole_network(reader)
    (short,) = await entries(NetworkStream(), reader)

    assert [entry.saver.handle, *(person.handle for person in entry.others)] == ["dee", "zoe", "ana", "bo", "cy"]
    assert [short.saver.handle, *(person.handle for person in short.others)] == ["dee", "zoe", "ana", "bo"]
    assert (short.saver_count, short.at) == (5, 5_000_000)


async def _same_moments(who: Viewer, many: int) -> None:
    """Bookmarks of which seven share each moment, as a file without seconds has them."""
    drafts = [Draft(f"https://n{n}.example/", tags=("db", "sql"), saved_at=(n // 7) * 60_000_000) for n in range(many)]
    await save_many(Owner.of(who), drafts)


STREAMS: list[Stream] = [
    PersonStream("ana"),
    PersonStream("ana", tags=("db",)),
    PersonStream("ana", tags=("db", "sql")),
    PersonStream("ana", only="public"),
    RecentStream(),
    RecentStream(here=True),
    TagStream(("db",)),
    TagStream(("db", "sql")),
    NetworkStream(),
]


@pytest.mark.parametrize("stream", STREAMS, ids=repr)
async def test_paging_forwards_and_backwards_meets_every_entry_once(server, stream):
    ana = await saver("ana")
    await _same_moments(ana, 23)
    await save(ana, "https://private.example/", "x", "private", saved_at=1)
    whole = [entry.url for entry in (await look(stream, ana, limit=100)).entries]

    there, back = await walk(stream, ana, 4)

    assert len(whole) >= 23
    assert [entry.url for page in there for entry in page.entries] == whole
    assert [entry.url for page in reversed(back) for entry in page.entries] == whole
    assert there[0].later is None
    assert there[-1].earlier is None
    assert back[-1].later is None


async def test_paging_through_the_savers_of_a_page_meets_remote_and_local_ones_once(server):
    dee = await remote_actor("dee", "b.example")
    for number in range(4):
        await save(await saver(f"p{number}"), PAGE, saved_at=60_000_000)
    for number in range(5):
        await remote_save(dee, number, f"{PAGE}#{number}", saved_at=60_000_000)
    whole = [entry.permalink for entry in await entries(LinkStream(HASH))]

    there, back = await walk(LinkStream(HASH), None, 2)

    assert len(set(whole)) == 9
    assert [entry.permalink for page in there for entry in page.entries] == whole
    assert [entry.permalink for page in reversed(back) for entry in page.entries] == whole


async def test_cursors_hold_a_moment_and_a_random_name_and_no_row_number(server):
    ana = await saver("ana")
    await _same_moments(ana, 5)
    row = await fetch_one("SELECT * FROM bookmark ORDER BY saved_at DESC, id DESC LIMIT 1 OFFSET 1")
    assert row is not None

    person = await look(PersonStream("ana"), limit=2)
    recent = await look(RecentStream(), limit=2)

    assert person.earlier == f"{row['saved_at']}-{row['public_id']}"
    # Links of one statement have their numbers in no order of ours.
    link = await fetch_one("SELECT hash FROM link ORDER BY id DESC LIMIT 1 OFFSET 1")
    assert link is not None
    assert recent.earlier == f"{row['saved_at']}-{link['hash']}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "x",
        "1",
        "1-",
        "--x",
        "-1-",
        "--1-x",
        "1-\0",
        "1-é",
        "1-a b",
        "٣-x",
        "1" * 19 + "-x",
        "1-" + "x" * 41,
        "1.5-x",
        "²-x",
    ],
)
async def test_what_is_no_cursor_of_ours_is_no_cursor(server, text):
    ana = await saver("ana")
    await save(ana, PAGE)

    assert cursor(text, "") is None
    assert cursor("", text) is None
    assert len((await look(RecentStream(), before=text)).entries) == 1


async def test_pages_lead_on_through_moments_before_1970(server):
    ana = await saver("ana")
    years = [-62_135_596_800_000_000 + year * 31_556_952_000_000 for year in range(9)]  # from the year 1 on
    await save_many(
        Owner.of(ana), [Draft(f"https://n{n}.example/", tags=("db",), saved_at=at) for n, at in enumerate(years)]
    )
    whole = [f"https://n{n}.example/" for n in reversed(range(9))]

    for stream in (PersonStream("ana"), PersonStream("ana", tags=("db",)), RecentStream(), TagStream(("db",))):
        there, back = await walk(stream, ana, 2)
        assert [entry.url for page in there for entry in page.entries] == whole, stream
        assert [entry.url for page in reversed(back) for entry in page.entries] == whole, stream


@pytest.mark.parametrize("text", ["1-x", "0-0", "-1-x", "999999999999999999-zzzz", f"1-{'a' * 40}", f"{START}-{HASH}"])
@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_cursor_somebody_made_up_breaks_nothing(server, text, side):
    ana = await saver("ana")
    await _same_moments(ana, 5)

    for stream in [*STREAMS, LinkStream(urls.link_hash("https://n1.example/"))]:
        with suppress(NotFound):
            assert len((await look(stream, ana, **{side: text})).entries) in {0, 1, 5}


async def test_a_page_below_a_bookmark_that_went_away_shows_all_of_its_moment(server):
    ana = await saver("ana")
    await _same_moments(ana, 7)
    for stream in (PersonStream("ana"), RecentStream()):
        page = await look(stream, limit=3)
        edge = page.entries[-1]
        row = await fetch_one("SELECT public_id FROM bookmark WHERE url = ? AND removed_at IS NULL", edge.url)
        assert row is not None
        await remove_bookmark(Owner.of(ana), row["public_id"])

        below = {entry.url for entry in (await look(stream, before=page.earlier or "")).entries}

        missed = set(await urls_of(stream)) - {entry.url for entry in page.entries} - below
        assert missed == set()


async def test_tags_together_are_read_from_one_segment():
    assert tags_together("SQL,db,sql") == ("sql", "db")
    assert tags_together("c++,a/b,日本") == ("c++", "a/b", "日本")
    for segment in ("", ",", "a,", "..", "a,.", ",".join(f"t{number}" for number in range(9))):
        with pytest.raises(NotFound):
            tags_together(segment)


async def test_tags_together_hold_what_carries_all_of_them(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(ana, "https://both.example/", "db sql")
    await save(ana, "https://split.example/", "db")
    await save(bo, "https://split.example/", "sql")

    assert await urls_of(TagStream(("db", "sql"))) == ["https://both.example/"]
    assert await urls_of(TagStream(("sql", "db"))) == ["https://both.example/"]
    assert await urls_of(PersonStream("ana", tags=("db", "sql"))) == ["https://both.example/"]
    assert await urls_of(PersonStream("bo", tags=("db", "sql"))) == [UNKNOWN]


async def _whole_page(stream: Stream, viewer: Viewer | None) -> int:
    """What a handler asks of a stream; returns how many statements it took."""
    with statements() as asked:
        found = await queries.find(stream, viewer)
        shown = await queries.page(found, cursor("999999999999999999-x", ""), 50)
        await counted(found)
        await (queries.related(found) if found.tag_ids else queries.cloud(found))
        if found.link is not None:
            await link_entry(found.link, found.viewer_id)
    assert shown.entries
    return len(asked)


@pytest.mark.parametrize("reader", ["owner", "follower", "stranger"])
async def test_a_page_takes_the_same_few_statements_however_much_is_on_it(server, reader):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    viewer = {"owner": ana, "follower": bo, "stranger": None}[reader]
    streams = [*STREAMS, LinkStream(urls.link_hash("https://n1.example/"))]
    streams = [stream for stream in streams if viewer or not isinstance(stream, NetworkStream)]
    await _same_moments(ana, 3)
    # Who else saved a page is asked only where anybody did.
    await save_many(Owner.of(await saver("p")), [Draft(f"https://n{n}.example/", tags=("db",)) for n in range(3)])
    few = [await _whole_page(stream, viewer) for stream in streams]

    await _same_moments(ana, 60)
    for number in range(5):
        await save_many(
            Owner.of(await saver(f"p{number}")),
            [Draft(f"https://n{n}.example/", tags=("db", "sql", f"t{number}")) for n in range(60)],
        )
    many = [await _whole_page(stream, viewer) for stream in streams]

    assert many == few
    assert max(many) <= 10


async def test_what_nobody_keeps_count_of_is_counted_as_it_is_listed(server, monkeypatch):
    ana, bo = await saver("ana"), await saver("bo")
    for number, visibility in enumerate(("private", "followers", "unlisted", "public", "public")):
        await save(ana, f"https://n{number}.example/", "db sql", visibility, to_read=number < 4)
    await save(ana, "https://bare.example/", "", "private", starred=True)
    await save(bo, "https://n0.example/", "db sql .own")
    together, everybodys = PersonStream("ana", tags=("db", "sql")), TagStream(("db", "sql"))

    counts = {only: await count(PersonStream("ana", only=only), ana) for only in FILTERS}
    of_tags = [[await count(stream, viewer) for viewer in (ana, bo, None)] for stream in (together, everybodys)]
    alone = await count(PersonStream("bo", tags=(".own", "db")), bo)

    assert counts == {"public": 2, "private": 2, "unread": 4, "untagged": 1, "starred": 1, "archived": 0}
    assert {only: len(await urls_of(PersonStream("ana", only=only), ana)) for only in FILTERS} == counts
    assert (of_tags, alone) == ([[5, 3, 3], [3, 3, 3]], 1)
    # What would take long to count is not told.
    monkeypatch.setattr(amounts, "MOST_COUNTED", 3)
    monkeypatch.setattr(amounts, "NEWEST", 2)
    assert [await count(stream, ana) for stream in (PersonStream("ana", only="unread"), together, everybodys)] == [
        None
    ] * 3
    assert await count(PersonStream("ana", only="private"), ana) == 2


async def test_counts_say_what_the_listing_holds(server):
    ana, bo = await saver("ana"), await saver("bo")
    await _four(ana)
    await save(bo, "https://public.example/", "db")

    for viewer in (ana, bo, None):
        shown = await urls_of(PersonStream("ana"), viewer)
        assert await count(PersonStream("ana"), viewer) == len(shown)
        assert await count(PersonStream("ana", only="public"), viewer) == 1
        assert await count(TagStream(("db",)), viewer) == 2
    assert await count(RecentStream()) is None
    assert len(await fetch("SELECT * FROM bookmark")) == 5
