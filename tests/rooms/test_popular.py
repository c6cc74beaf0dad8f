"""What many saved lately, and that nobody can make it look as if they had."""

from __future__ import annotations

from secrets import token_hex

import pytest

from fedimark.errors import NotFound
from fedimark.here import MICROS, now
from fedimark.moderation.people import block
from fedimark.timelines.popular import KEPT
from fedimark.timelines.stream import PERIODS, PopularStream
from tests.support.counting import statements
from tests.support.savers import entries, look, remote_actor, remote_save, save, saver, urls_of

A, B, C = "https://a.example/", "https://b.example/", "https://c.example/"
DAY = 86_400 * MICROS


async def saved_by(url: str, *hosts: str, tags: str = "", days_ago: float = 0) -> None:
    """One new person of each host saves a page."""
    for host in hosts:
        person = await remote_actor(f"p{token_hex(4)}", host)
        await remote_save(person, 1, url, saved_at=now() - int(days_ago * DAY) - 1, tags=tags)


async def test_what_more_people_saved_stands_first_and_what_one_saved_not_at_all(server):
    await saved_by(A, "x.example", "y.example")
    await saved_by(B, "x.example", "y.example", "z.example")
    await saved_by(C, "x.example")

    assert await urls_of(PopularStream()) == [B, A]


async def test_a_thousand_people_of_one_site_weigh_as_one(server):
    await saved_by(A, *[f"s{number}.spam.example" for number in range(12)])
    await saved_by(B, "x.example", "y.example")

    assert await urls_of(PopularStream()) == [B]


async def test_people_of_this_server_weigh_each(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    for who in (ana, bo, cy):
        await save(who, A)
    await saved_by(B, "x.example", "y.example")

    assert await urls_of(PopularStream()) == [A, B]


async def test_only_what_is_of_the_time_counts(server):
    await saved_by(A, "x.example", "y.example", days_ago=3)
    await saved_by(B, "x.example", "y.example", days_ago=20)
    await saved_by(C, "x.example", "y.example", days_ago=40)

    found = {period: await urls_of(PopularStream(period)) for period in PERIODS}

    assert found == {"day": [], "week": [A], "month": [A, B]}


async def test_of_a_tag_only_what_was_tagged_so(server):
    await saved_by(A, "x.example", "y.example", tags="sql")
    await saved_by(B, "x.example", tags="sql")
    await saved_by(B, "y.example", "z.example")

    assert await urls_of(PopularStream("week", ("sql",))) == [A]
    assert await urls_of(PopularStream("week", ("unused",))) == []
    with pytest.raises(NotFound):
        await look(PopularStream("week", (".private",)))


@pytest.mark.parametrize("first", [(), ("unused",)])
async def test_a_tag_nobody_used_empties_nobody_elses_ranking(server, first):
    await saved_by(A, "x.example", "y.example")
    await entries(PopularStream("week", first))

    assert await urls_of(PopularStream()) == [A]
    assert await urls_of(PopularStream("week", ("unused",))) == []


@pytest.mark.parametrize("visibility", ["private", "followers", "unlisted"])
async def test_what_is_not_for_everybody_counts_nowhere(server, visibility):
    await save(await saver("ana"), A, "", visibility)
    await save(await saver("bo"), A, "", "public")

    assert await urls_of(PopularStream()) == []


async def test_who_is_blocked_is_not_counted_for_who_blocks(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    await save(bo, A)
    await save(cy, A)
    await block(ana, "bo")

    (entry,) = await entries(PopularStream(), ana)

    assert (entry.saver.username, entry.saver_count) == ("cy", 1)


async def test_on_how_many_servers_is_said(server):
    await saved_by(A, "m.x.example", "n.x.example", "y.example")
    await save(await saver("ana"), A)

    (entry,) = await entries(PopularStream())

    assert (entry.saver_count, entry.site_count) == (4, 3)


async def test_a_ranking_serves_everybody_for_five_minutes(server, clock):
    await saved_by(A, "x.example", "y.example")
    await entries(PopularStream())

    with statements() as counted:
        await entries(PopularStream())
    await saved_by(B, "x.example", "y.example", "z.example")
    before = await urls_of(PopularStream())
    clock.forward(seconds=KEPT // MICROS)

    assert len(counted) == 2  # the links, their savers
    assert (before, await urls_of(PopularStream())) == ([A], [B, A])


async def test_the_page_says_what_is_popular_and_where_else_to_look(server):
    await saved_by(A, "x.example", "y.example", tags="sql")

    page = await server.client.get("/popular?in=week&tag=sql")

    assert page.status_code == 200
    assert 'href="/popular?in=month&amp;tag=sql"' in page.text
    assert "2 savers on 2 servers" in page.text
    for asked in ("in=year", "tag=...", "tag=.private", "tag=a,b"):
        assert (await server.client.get(f"/popular?{asked}")).status_code == 404
