"""Saves over time: drawn under the rule of who sees what, day by day, and come to again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fedimark.accounts.tokens import Scope, make_token
from fedimark.database import execute, fetch, write
from fedimark.web import times, years
from tests.stories.reading import Reading
from tests.support.counting import statements

DAY = 86_400_000_000


def moment(text: str) -> int:
    """A day at noon, in microseconds."""
    return times.beginning(text, "UTC") + DAY // 2


async def saved_on(person, day: str, **texts: str):
    """Save something, on a day of the past."""
    url = f"https://{day}.example/{texts.get('title', '').replace(' ', '-')}"
    saved = await person.save(url, **texts)
    async with write():
        public_id = saved.path.rpartition("/")[2]
        await execute("UPDATE bookmark SET saved_at = ? WHERE public_id = ?", moment(day), public_id)
        await execute(
            "UPDATE bookmark_tag SET saved_at = ? WHERE bookmark_id = (SELECT id FROM bookmark WHERE public_id = ?)",
            moment(day),
            public_id,
        )
    return saved


def titles(html: str) -> list[str]:
    return [one.text for one in Reading(html).all("", "p-name") if one.name == "a"]


async def test_statistics_count_what_their_reader_may_see(server, ana):
    await saved_on(ana, "2014-03-02", title="one", tags="sql .mine")
    await saved_on(ana, "2014-03-02", title="three", tags="sql")
    await saved_on(ana, "2019-08-08", title="secret", tags="plans", visibility="private")

    own = Reading((await ana.browser.get("/u/ana/statistics")).text)
    others = Reading((await server.browser().get("/u/ana/statistics")).text)

    for page, total, years_of, tags in (
        (own, "3", ["2014", "2019"], {"sql", ".mine", "plans"}),
        (others, "2", ["2014"], {"sql"}),
    ):
        assert page.one("dl", "figures").all("dd")[0].text == total
        assert [a.text for a in page.one("ol", "years").all("a")] == years_of
        assert {a.text for a in page.one("div", "charts").all("a")} == tags
    assert "plans" not in others.one("main").text


async def test_statistics_take_a_fixed_number_of_statements(server, ana):
    await saved_on(ana, "2014-03-02", title="one", tags="sql")
    with statements() as few:
        await ana.browser.get("/u/ana/statistics")
    for number in range(12):
        await saved_on(ana, f"20{number + 10}-01-01", title="x" * number, tags=f"tag{number} sql")

    with statements() as many:
        await ana.browser.get("/u/ana/statistics")

    assert len(many) == len(few)


async def test_a_page_of_nothing_says_so(server, ana):
    assert "Nothing to draw yet" in (await ana.browser.get("/u/ana/statistics")).text
    assert "Nothing that day" in (await ana.browser.get("/u/ana/day/2014-03-02")).text
    assert "You saved nothing on this day" in (await ana.browser.get("/again")).text


async def test_a_day_holds_what_was_saved_on_it_and_leads_to_its_neighbours(server, ana):
    for day, title, seen in (
        ("2014-03-01", "before", "public"),
        ("2014-03-02", "that day", "public"),
        ("2014-03-05", "later", "private"),
    ):
        await saved_on(ana, day, title=title, visibility=seen)

    own = (await ana.browser.get("/u/ana/day/2014-03-02")).text
    others = (await server.browser().get("/u/ana/day/2014-03-02")).text

    assert titles(own) == titles(others) == ["that day"]
    assert [a.get("href") for a in Reading(own).one("nav", "filters").all("a")] == [
        "/u/ana/day/2014-03-01",
        "/u/ana/day/2014-03-05",
    ]
    assert [a.get("href") for a in Reading(others).one("nav", "filters").all("a")] == ["/u/ana/day/2014-03-01"]
    assert titles((await server.browser().get("/u/ana/day/2014-03-05")).text) == []


@pytest.mark.parametrize(
    "day", ["2014-02-30", "yesterday", "0000-01-01", "9999-12-31", "2014-3-2", "%00", "١٢٣٤-٠١-٠١"]
)
async def test_no_day_is_nothing(server, ana, day):
    assert (await server.browser().get(f"/u/ana/day/{day}")).status_code in (400, 404)


async def test_this_day_of_earlier_years_and_what_was_forgotten_come_again(server, ana, clock):
    today = times.date_of(server.here.clock(), "UTC")
    year = int(today[:4])
    await saved_on(ana, f"{year - 3}{today[4:]}", title="three years ago")
    await saved_on(ana, f"{year - 12}{today[4:]}", title="twelve years ago", visibility="private")
    await saved_on(ana, f"{year - 3}-01-31", title="forgotten", to_read=True)
    await saved_on(ana, today, title="today", to_read=True)

    page = (await ana.browser.get("/again")).text

    assert titles(page) == ["three years ago", "twelve years ago", "forgotten"]
    assert (await server.browser().get("/again")).status_code in (303, 401)


async def test_what_is_still_to_read_on_its_day_comes_again_once_on_the_page_and_in_the_feed(server, ana, clock):
    today = times.date_of(server.here.clock(), "UTC")
    year = int(today[:4])
    await saved_on(ana, f"{year - 3}{today[4:]}", title="both", to_read=True)
    for each in range(1, 25):
        await saved_on(ana, f"{year - 4}-01-{each:02}", title=f"forgotten {each}", to_read=True)
    key = (await make_token(ana.viewer, "my reader", Scope.FEED)).partition(":")[2]
    feed = (await server.client.get(f"/secret:{key}/again/feed.json")).json()["items"]

    shown = titles((await ana.browser.get("/again")).text)

    assert shown == ["both", *(f"forgotten {each}" for each in range(1, 21))]
    assert [each["title"] for each in feed] == shown


async def test_random_leads_to_one_of_ones_own(server, ana):
    assert (await ana.browser.get("/random")).headers["location"] == "/u/ana"
    paths = {(await saved_on(ana, f"201{year}-05-05", title=str(year))).path for year in range(4)}

    found = {(await ana.browser.get("/random")).headers["location"] for _ in range(20)}

    assert found <= paths
    assert (await server.browser().get("/random")).status_code in (303, 401)


async def test_moments_of_every_year_are_drawn(server, ana):
    await saved_on(ana, "2014-03-02", title="one", tags="sql")
    rows = await fetch("SELECT id FROM bookmark")
    for at in (-62_135_596_800_000_000, 4_102_444_800_000_000):
        async with write():
            await execute("UPDATE bookmark SET saved_at = ? WHERE id = ?", at, rows[0]["id"])

        assert (await ana.browser.get("/u/ana/statistics")).status_code == 200


def test_drawings_are_bounded_whatever_the_days():
    for days in ({0: 1}, {-719_162: 1, 47_482: 9}, dict.fromkeys(range(-20_000, 20_000), 3), {10**12: 1, -(10**12): 1}):
        scale = years.scale_of(days, 20_000)

        assert scale.bars <= 250
        assert len(years.bars(days, scale)) < 12_000
        assert len(years.line(days, scale)) < 4_000
        assert len("".join(years.calendar(days, 20_000))) < 9_000


def test_a_calendar_ends_with_its_day_and_begins_on_a_monday():
    today = (datetime(2026, 11, 28, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days

    paths = years.calendar({today: 4, today - 1: 1}, today)

    assert paths[4] == "M676 65h10v10h-10z"  # a Saturday: the sixth of the last week
    assert paths[1] == "M676 52h10v10h-10z"
    assert sum(path.count("M") for path in paths) == 52 * 7 + 6
