"""The seed's ten bookmarks, brought in from their file, show as they stood on the page they came from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.stories.reading import Element, Reading
from tests.support.people import Person

Row = dict[str, str]


@pytest.fixture
def rows(shared_data: Path) -> list[Row]:
    """The rows of the file."""
    file = shared_data / "seed" / "arsyed-neural-net.pinboard.json"
    if not file.is_file():
        pytest.skip("the seed is not here (seed/arsyed-neural-net.pinboard.json of FEDIMARK_SHARED_DATA)")
    read: list[Row] = json.loads(file.read_text("utf-8"))
    return read


@pytest.fixture
async def arsyed(server: Any, rows: list[Row], clock: Any) -> Person:
    """Their saver, who imported the file through the page, seven days after the newest."""
    clock.set("2018-12-19T18:00:00Z")
    person: Person = await server.sign_up("arsyed")
    file = ("seed.json", json.dumps(rows, ensure_ascii=False).encode(), "application/json")
    sent = await person.browser.post("/settings/import", files={"file": file})
    preview = Reading((await person.browser.get(sent.headers["location"])).text)
    assert [dd.text for dd in preview.all("dd")] == ["10", "0", "0", "0"]
    await preview.form(f"{sent.headers['location']}/start").send(person.browser)
    await server.settle()
    return person


def entries(page: Reading) -> list[Element]:
    """The lines of a stream."""
    return page.all("li", "h-entry")


def said(line: Element) -> str:
    """A line's description, empty where there is none."""
    return "".join(p.text for p in line.all("p", "p-summary"))


async def read(browser: httpx.AsyncClient, path: str) -> Reading:
    """A page that is there."""
    answer = await browser.get(path)
    assert answer.status_code == 200, path
    return Reading(answer.text)


@pytest.mark.parametrize("path", ["/u/arsyed", "/u/arsyed/t/neural-net", "/t/neural-net", "/recent"])
async def test_all_ten_show_in_their_order_to_the_letter(server, arsyed, rows, path):
    for browser in (arsyed.browser, server.browser()):
        page = await read(browser, path)

        assert [e.one(kind="p-name").text for e in entries(page)] == [row["description"] for row in rows]
        assert [e.one("a", "p-name").get("href") for e in entries(page)] == [row["href"] for row in rows]
        assert [said(e) for e in entries(page)] == [row["extended"] for row in rows]
        tagged = [[a.text for a in e.all("a", "p-category")] for e in entries(page)]
        assert tagged == [row["tags"].split() for row in rows]


async def test_letters_of_every_kind_are_there(arsyed, server):
    page = await read(server.browser(), "/u/arsyed")

    text = "".join(said(e) + e.one(kind="p-name").text for e in entries(page))

    for letters in ("\\textit{", "ℓ1(ℝd)", "技术文", "L∞"):
        assert letters in text, letters


async def test_their_moments_read_as_on_the_page_they_came_from(arsyed, server, rows, shared_data):
    # Given the text of that page, which says each moment twice, and before a copy form
    text = (shared_data / "seed" / "pinboard-arsyed-neural-net.txt").read_text("utf-8")
    there = re.findall(r"^(\d+ \w+ ago) by arsyed$", text, re.MULTILINE)[::2]
    for path in ("/u/arsyed/t/neural-net", "/t/neural-net"):
        page = await read(server.browser(), path)

        lines = [
            e.one("a", "u-url").text + "".join(f" by {a.text}" for a in e.all("a", "p-author")) for e in entries(page)
        ]
        times = [e.one("time").get("datetime") for e in entries(page)]

        assert times == [row["time"] for row in rows]
        assert [line.removesuffix(" by arsyed") for line in lines] == there
        # Their own page names them once, above all of it.
        assert [line.endswith(" by arsyed") for line in lines] == [path == "/t/neural-net"] * 10
        assert (there[0], "4 weeks ago" in there) == ("7 days ago", True)
        assert page.one("h1").text.split()[0] == ("arsyed" if path.startswith("/u/") else "neural-net")


async def test_the_tags_beside_are_counted(arsyed, server, rows):
    expected: dict[str, int] = {}
    for row in rows:
        for tag in row["tags"].split():
            if tag != "neural-net":
                expected[tag.casefold()] = expected.get(tag.casefold(), 0) + 1

    for path in ("/u/arsyed/t/neural-net", "/t/neural-net"):
        aside = (await read(server.browser(), path)).one("aside")
        beside = {li.all("a")[-1].text: int(li.one(kind="n").text) for li in aside.all("section")[0].all("li")}

        assert "Related tags" in [heading.text for heading in aside.all("h2")]
        assert beside == {tag: expected[tag] for tag in beside}
        assert list(beside) == sorted(beside, key=lambda tag: (-beside[tag], tag))
        assert len(beside) == min(12, len(expected))
        assert min(beside.values()) >= max([expected[tag] for tag in expected if tag not in beside], default=0)


async def test_the_headings_count_ten(arsyed, server):
    for path in ("/u/arsyed", "/u/arsyed/t/neural-net", "/t/neural-net"):
        assert (await read(server.browser(), path)).one(kind="count").text == "10"


async def test_each_has_a_page_of_its_own_and_a_page_of_its_link(arsyed, server, rows):
    browser = server.browser()
    for entry, row in zip(entries(await read(browser, "/u/arsyed")), rows, strict=True):
        one = await read(browser, entry.one("a", "u-url").get("href"))
        whole = [a.get("href") for a in entry.all("a") if a.get("href").startswith("/url/")]

        assert said(one) == row["extended"]
        assert one.one("h1").text.strip() == row["description"]
        assert said(await read(browser, whole[0])) == row["extended"]


async def test_each_can_be_copied_as_it_stands(arsyed, server, rows):
    zoe = await server.sign_up("zoe")
    page = await read(zoe.browser, "/u/arsyed/t/neural-net")

    for entry, row in zip(entries(page), rows, strict=True):
        [copy] = [a.get("href") for a in entry.all("a") if a.text.startswith("copy")]
        typed = (await read(zoe.browser, copy)).form("/add").values()

        assert [typed[name] for name in ("url", "title", "description")] == [
            row[name] for name in ("href", "description", "extended")
        ]
        assert typed["tags"] == row["tags"]


async def test_the_gardener_finds_its_one_slip(arsyed):
    garden = await read(arsyed.browser, "/settings/tags/garden")

    assert [a.text for a in garden.one("ul", "garden").all("a")] == ["anlaysis", "analysis"]
