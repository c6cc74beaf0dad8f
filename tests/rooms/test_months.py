"""Saved over time, beside a list: counted at each save, under the rule of who sees what."""

from __future__ import annotations

import pytest

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.marks import mark
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.database import execute
from fedimark.policy.visibility import Viewer
from fedimark.timelines import amounts, queries
from fedimark.timelines.amounts import counted
from fedimark.timelines.stream import PersonStream, Stream, TagStream
from fedimark.web import times, years
from tests.stories.reading import Element, Reading
from tests.support.people import Person
from tests.support.savers import assert_agreement, befriend, edit, save, saver

MARCH, MAY, JUNE = 2014 * 12 + 2, 2014 * 12 + 4, 2014 * 12 + 5


def at(day: str) -> int:
    """The beginning of a day, in microseconds."""
    moment = times.beginning(day, "UTC")
    assert moment is not None
    return moment


async def months(stream: Stream, viewer: Viewer | None = None) -> dict[int, int]:
    """How many of each month a viewer is told a stream has."""
    told: dict[int, int] = {}
    for pair in (await counted(await queries.find(stream, viewer))).months.split():
        month, _, amount = pair.partition(":")
        told[int(month)] = told.get(int(month), 0) + int(amount)
    return {month: amount for month, amount in told.items() if amount}


async def saved_on(who: Person, day: str, tags: str = "", visibility: str = "public") -> None:
    """Save something as somebody did on a day of the past."""
    await save(who.viewer, f"https://{day}.example/", tags, visibility, title=day, saved_at=at(day))


def bars(html: str) -> list[Element]:
    """The bars beside a list."""
    return [a for svg in Reading(html).all("svg", "drawn") for a in svg.all("a")]


async def test_months_count_what_their_reader_may_see(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    await save(ana, "https://a.example/", "sql", "public", saved_at=at("2014-03-31"))
    await save(ana, "https://b.example/", "sql .mine", "followers", saved_at=at("2014-05-01"))
    await save(ana, "https://c.example/", "sql", "private", saved_at=at("2014-06-30"))
    person, theirs, everybodys = PersonStream("ana"), PersonStream("ana", tags=("sql",)), TagStream(("sql",))

    for stream in (person, theirs):
        assert await months(stream, ana) == {MARCH: 1, MAY: 1, JUNE: 1}
        assert await months(stream, bo) == {MARCH: 1, MAY: 1}
        assert await months(stream) == {MARCH: 1}
    for viewer in (ana, bo, None):
        assert await months(everybodys, viewer) == {MARCH: 1}
    assert await months(PersonStream("ana", only="public"), ana) == {MARCH: 1}
    assert await months(PersonStream("ana", tags=(".mine",)), ana) == {MAY: 1}
    await assert_agreement()


async def test_of_a_tag_the_newest_are_told_and_no_more_is_looked_at(server, monkeypatch):
    monkeypatch.setattr(amounts, "NEWEST", 2)
    ana = await saver("ana")
    for number, day in enumerate(("2014-03-31", "2014-05-01", "2014-05-31", "2014-06-01")):
        await save(ana, f"https://{number}.example/", "sql", saved_at=at(day))

    for stream in (TagStream(("sql",)), PersonStream("ana", tags=("sql",))):
        assert await months(stream) == {MAY: 1, JUNE: 1}
        assert (await counted(await queries.find(stream, None))).amount == 4
    assert await months(PersonStream("ana")) == {MARCH: 1, MAY: 2, JUNE: 1}


async def test_months_follow_what_becomes_of_a_bookmark(server):
    ana = await saver("ana")
    one = await save(ana, "https://a.example/", "sql", saved_at=at("2014-03-31"))
    other = await save(ana, "https://b.example/", "sql", saved_at=at("2014-05-31"))

    await edit(ana, one.public_id, "https://a.example/", "sql", "private")
    await remove_bookmark(Owner.of(ana), other.public_id)

    assert await months(PersonStream("ana"), ana) == {MARCH: 1}
    assert await months(PersonStream("ana")) == {}
    assert await months(TagStream(("sql",))) == {}
    await assert_agreement()


async def test_what_a_list_leaves_out_its_months_leave_out_too(server):
    ana, bo = await saver("ana"), await saver("bo")
    away = await save(ana, "https://a.example/", "sql", saved_at=at("2014-03-31"))
    await save(bo, "https://b.example/", "sql", saved_at=at("2014-05-31"))
    await mark(Owner.of(ana), away.public_id, "archived", True)
    block = "INSERT INTO block (blocker_id, blocked_id, created_at, is_mute) VALUES (?, ?, 1, FALSE)"
    await execute(block, ana.actor_id, bo.actor_id)

    assert await months(PersonStream("ana"), ana) == {}
    assert await months(PersonStream("ana"), bo) == {MARCH: 1}
    assert await months(TagStream(("sql",)), ana) == {MARCH: 1}
    assert await months(TagStream(("sql",)), bo) == {MARCH: 1, MAY: 1}
    assert await months(PersonStream("bo"), ana) == {}


async def test_each_bar_leads_to_where_its_months_begin(server, ana):
    for day in ("2014-03-01", "2014-03-31", "2014-05-02", "2016-01-31"):
        await saved_on(ana, day)

    html = (await server.browser().get("/u/ana")).text

    assert [bar.one("title").text for bar in bars(html)] == [
        "March 2014: 2 bookmarks",
        "May 2014: 1 bookmark",
        "January 2016: 1 bookmark",
    ]
    assert [one.text for one in Reading(html).one("p", "ends").all("span")] == ["2014", "2016"]
    for bar, first in zip(bars(html), ("2014-03-31", "2014-05-02", "2016-01-31"), strict=True):
        there = Reading((await server.browser().get(f"/u/ana{bar.get('href')}")).text)
        assert there.all("a", "p-name")[0].text == first


@pytest.mark.parametrize("path", ["/u/ana", "/u/ana/t/sql", "/t/sql"])
async def test_a_stranger_sees_no_bar_of_what_they_may_not_see(server, ana, path):
    for day, seen in (("2014-03-01", "public"), ("2015-03-01", "public"), ("2019-08-08", "private")):
        await saved_on(ana, day, "sql", seen)

    own = (await ana.browser.get(path)).text
    strangers = (await server.browser().get(path)).text

    assert "2019" not in strangers
    assert len(bars(strangers)) == 2
    assert len(bars(own)) == (2 if path == "/t/sql" else 3)


def test_there_are_never_more_bars_than_can_be_hit_and_none_where_one_would_say_it_all():
    assert years.at_side({}) == years.at_side({MARCH: 12}) == ()
    for last in (MARCH + 1, MARCH + 27, MARCH + 28, MARCH + 90, MARCH + 400, 9_999 * 12):
        standing = years.at_side({MARCH: 1, last: 3})
        assert len(standing) == 2
        assert sum(bar.amount for bar in standing) == 4
        assert (standing[-1].until - standing[0].since) // (standing[0].until - standing[0].since + 1) < 28


def test_a_bar_holds_months_that_belong_together():
    quarters = years.at_side({MARCH: 1, MAY: 2, JUNE: 4, MARCH + 40: 1})

    assert [(bar.since, bar.until, bar.amount) for bar in quarters][:2] == [(MARCH - 2, MARCH, 1), (MAY - 1, JUNE, 6)]
