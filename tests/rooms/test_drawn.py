"""Parts of pages are drawn once for all that show the same, and never shown for anything else."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from fedimark.text.urls import link_hash
from fedimark.web.drawn import LONGEST, MOST, drawn
from tests.stories.reading import Reading

# Nothing here asks a database anything that the two would answer differently.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PAGE = "https://sqlite.org/wal.html"


class Pen:
    """What draws, and remembers what of."""

    def __init__(self) -> None:
        self.drew: list[object] = []

    def __call__(self, what: object) -> Markup:
        self.drew.append(what)
        return Markup("{}").format(what)


async def test_a_part_is_drawn_once_for_each_value_and_by_each_pen(server):
    one, other = Pen(), Pen()

    seen = [drawn(one, ("a", 1)), drawn(one, ("a", 2)), drawn(one, ("a", 1)), drawn(other, ("a", 1))]

    assert seen == [Markup.escape(str(what)) for what in (("a", 1), ("a", 2), ("a", 1), ("a", 1))]
    assert (one.drew, other.drew) == ([("a", 1), ("a", 2)], [("a", 1)])


async def test_what_was_not_used_for_longest_goes_first_and_what_is_too_long_is_not_kept(server):
    pen = Pen()
    for number in range(MOST):
        drawn(pen, number)
    drawn(pen, 0)
    drawn(pen, MOST)
    pen.drew.clear()

    for what in (0, MOST, 1, "x" * (LONGEST + 1), "x" * (LONGEST + 1)):
        drawn(pen, what)

    assert pen.drew == [1, "x" * (LONGEST + 1), "x" * (LONGEST + 1)]


async def test_the_side_of_a_page_counts_what_was_saved_since(server):
    ana = await server.sign_up("ana")
    await ana.save(PAGE, title="WAL", tags="sql")
    before = await _side(server, "/u/ana")

    await ana.save("https://sqlite.org/", title="SQLite", tags="sql db")

    assert (before, await _side(server, "/u/ana")) == (["sql1"], ["sql2", "db1"])


async def test_the_head_of_a_page_is_its_viewers_own_and_says_where_they_are(server):
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")

    seen = [await _head(each, path) for path in ("/recent", "/popular") for each in (ana.browser, bo.browser)]
    strangers = await _head(server.browser(), "/recent")

    assert [("ana" in head, "bo" in head) for head, _ in seen] == [(True, False), (False, True)] * 2
    assert [place for _, place in seen] == ["recent", "recent", "popular", "popular"]
    assert ("Sign in" in strangers[0], strangers[1]) == (True, "recent")


async def test_savers_of_a_page_say_its_title_only_while_it_is_another(server):
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")
    await ana.save(PAGE, title="Write-ahead log")
    await bo.save(PAGE, title="WAL")
    path = f"/url/{link_hash(PAGE)}"
    before = await _titles(server, path)

    await ana.save(PAGE, title="WAL")

    assert (before, await _titles(server, path)) == (["WAL"], [])


async def _side(server, path: str) -> list[str]:
    page = Reading((await server.browser().get(path)).text)
    return [line.text for line in page.one("aside").one("ul", "rows").all("li")]


async def _head(browser, path: str) -> tuple[str, str]:
    page = Reading((await browser.get(path)).text)
    head = page.one("header", "top")
    [place] = [a.text for a in head.one("nav").all("a") if a.get("aria-current")]
    return head.text, place


async def _titles(server, path: str) -> list[str]:
    page = Reading((await server.browser().get(path)).text)
    return [each.text for each in page.one("main").all("p", "said")]
