"""Three servers whose people save one page under three addresses: every timeline shows one entry, while it is true."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rooms.peers import Asked, Peer, Says

PAGE = "https://www.news.example/story"
MOBILE = "https://m.news.example/story"
SHORT = "https://bit.ly/Story"
HTML = {"content-type": "text/html; charset=utf-8"}


class News:
    """A site with a mobile edition, and what it says of itself."""

    def __init__(self, fleet: Any) -> None:
        self.asked: list[str] = []
        self.mobile_is = PAGE
        for host in ("www.news.example", "m.news.example", "bit.ly"):
            peer = Peer()
            peer.rule = self._rule(host)
            fleet.network.add(host, peer)

    def _rule(self, host: str) -> Any:
        def rule(asked: Asked) -> Says:
            self.asked.append(f"{host}{asked.target}")
            if host == "bit.ly":
                return Says(301, b"", {"location": f"{MOBILE}?utm_source=short"})
            page = f'<title>The story</title><link rel="canonical" href="{self.mobile_is}">'
            return Says(200, page.encode() if host.startswith("m.") else b"<title>The story</title>", HTML)

        return rule


@pytest.fixture
async def people(fleet: Any) -> list[Any]:
    """Ana, bo and cy of three servers that read pages; cy follows both others."""
    for host in ("a.example", "b.example", "c.example"):
        await fleet.server(host, read_pages="true")
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example")
    await cy.follow(ana)
    await cy.follow(bo)
    await fleet.settle()
    return [ana, bo, cy]


async def _a_minute_passes(fleet: Any) -> None:
    fleet.clock.forward(seconds=61)
    for _ in range(4):
        await fleet.settle()
        fleet.clock.forward(seconds=1)


async def test_three_addresses_of_one_page_are_one_entry_and_part_when_the_page_says_so(
    fleet: Any, people: list[Any]
) -> None:
    news = News(fleet)
    ana, bo, cy = people
    await ana.save(MOBILE, tags="news")
    await bo.save(SHORT, tags="news")
    await cy.save(PAGE, tags="news")
    await fleet.settle()
    assert news.asked == []
    assert len(await cy.timeline()) == 3

    await _a_minute_passes(fleet)
    await _a_minute_passes(fleet)

    (seen,) = await cy.timeline()
    assert sorted(seen.savers) == ["ana@a.example", "bo@b.example", "cy@c.example"]
    assert seen.canonical == PAGE
    # Whoever looks at the page of any of them sees all.
    for url in (MOBILE, SHORT, PAGE):
        answer = await cy.browser.get("/url/", params={"url": url}, follow_redirects=True)
        assert "ana" in answer.text
        assert "bo" in answer.text

    news.mobile_is = MOBILE
    fleet.clock.forward(days=31)
    await _a_minute_passes(fleet)

    assert sorted(len(each.savers) for each in await cy.timeline()) == [1, 2]


async def test_what_is_saved_for_oneself_alone_is_asked_by_nobody(fleet: Any, people: list[Any]) -> None:
    news = News(fleet)
    ana, bo, _ = people
    await ana.save(MOBILE, visibility="private")
    await bo.save(SHORT, visibility="followers")

    await _a_minute_passes(fleet)
    fleet.clock.forward(days=40)
    await _a_minute_passes(fleet)

    assert news.asked == []
