"""The same tag elsewhere, beside a tag's page: servers whose people use it publicly, and nothing that tells more."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import execute, fetch_one
from fedimark.moderation import domains
from fedimark.text.tag_pages import tag_page
from tests.rooms.strangers import Stranger
from tests.stories.reading import Reading
from tests.support.counting import statements
from tests.support.savers import remote_save

_PEER = """
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at, let_in_at) VALUES (?, '', 0, ?, 1, 1, 1)
ON CONFLICT (host) DO UPDATE SET software = excluded.software, let_in_at = 1
"""


@pytest.fixture
async def known(server, fleet, ana) -> None:
    """People of other servers who tagged something `page-cache`, publicly; ana did too."""
    for host, software, people in (
        ("marks.example", "fedimark", 2),
        ("mastodon.example", "Mastodon", 1),
        ("betula.example", "betula", 1),
        ("unknown.example", "homemade", 1),
    ):
        for number in range(people):
            await tagged(Stranger(fleet, f"https://{host}/u/p{number}"))
        await execute(_PEER, host, software)
    await ana.save("https://cache.example/", title="Cache", tags="page-cache")


async def tagged(who: Stranger, **values: Any) -> None:
    """Let somebody elsewhere have saved a page with the tag."""
    row = await who.row()
    said = {"tags": "page-cache", **values}
    await remote_save(row["id"], 1, f"https://{row['id']}.example/", saved_at=row["id"], **said)


async def places(browser: Any, path: str) -> list[tuple[str, str, str]]:
    """The lines beside a page: word, address, and the number or the handle that stands there."""
    page = Reading((await browser.get(path)).text)
    found = [section for section in page.one("aside").all("section") if section.one("h2").text == "This tag elsewhere"]
    lines: list[tuple[str, str, str]] = []
    for li in (li for section in found for li in section.all("li")):
        there = "".join(e.text for e in li.all("span") if {"n", "handle"} & set(e.classes))
        if links := li.all("a"):
            lines.append((links[0].text, links[0].get("href") or "", there))
        else:  # a handle stands on a line of its own, below its place
            lines[-1] = (*lines[-1][:2], there)
    return lines


EVERYONE = ("everyone here", "/t/page-cache", "6")
MARKS = ("marks.example", "https://marks.example/t/page-cache", "@tag.page-cache@marks.example")
BETULA = ("betula.example", "https://betula.example/tag/page-cache", "")
MASTODON = ("mastodon.example", "https://mastodon.example/tags/pagecache", "")
SERVICE = ("tags.pub", "https://tags.pub/user/pagecache", "@pagecache@tags.pub")


async def test_a_tags_page_leads_to_the_same_tag_on_servers_whose_people_use_it(server, ana, known):
    for browser in (ana.browser, server.browser()):
        assert await places(browser, "/t/page-cache") == [MARKS, BETULA, MASTODON, SERVICE]
        assert await places(browser, "/u/ana/t/page-cache") == [EVERYONE, MARKS, BETULA, MASTODON, SERVICE]
        assert await places(browser, "/recent") == []


async def test_who_is_signed_in_is_led_to_the_form_that_follows_it(server, ana, known):
    page = Reading((await ana.browser.get("/t/page-cache")).text)
    follow = [a.get("href") for a in page.one("aside").all("a", "n")]

    assert follow[0] == "/authorize_interaction?uri=%40tag.page-cache%40marks.example"
    form = Reading((await ana.browser.get(follow[0])).text).form("/network/follow").values()
    assert form["who"] == "@tag.page-cache@marks.example"
    strangers = Reading((await server.browser().get("/t/page-cache")).text)
    assert strangers.one("aside").all("a", "n") == []


async def test_what_is_blocked_or_not_let_in_is_not_named(server, ana, known):
    await domains.block_domain("marks.example")
    await domains.block_domain("tags.pub")
    await execute("UPDATE peer SET let_in_at = NULL WHERE host = 'betula.example'")

    for browser in (ana.browser, server.browser()):
        assert await places(browser, "/t/page-cache") == [MASTODON]


async def test_who_is_not_on_public_pages_or_blocked_by_the_reader_names_no_server(server, fleet, ana, known):
    # Given what only followers were told, and somebody whom ana blocks
    for number, (host, values) in enumerate(
        (("followed.example", {"visibility": 1, "listed": False}), ("shy.example", {"listed": False}))
    ):
        await tagged(Stranger(fleet, f"https://{host}/u/{number}"), **values)
        await execute(_PEER, host, "fedimark")
    cleo = await fetch_one("SELECT id FROM actor WHERE uri = 'https://mastodon.example/u/p0'")
    assert cleo is not None
    sql = "INSERT INTO block (blocker_id, blocked_id, is_mute, created_at) VALUES (?, ?, FALSE, 1)"
    await execute(sql, ana.viewer.actor_id, cleo["id"])

    assert await places(ana.browser, "/t/page-cache") == [MARKS, BETULA, SERVICE]
    assert await places(server.browser(), "/t/page-cache") == [MARKS, BETULA, MASTODON, SERVICE]


async def test_a_server_of_nothing_but_an_inbox_is_not_named(server, fleet, ana, known):
    await execute(_PEER, "letters.site.example", "mastodon")
    await tagged(Stranger(fleet, "https://site.example/u/x", inbox="https://letters.site.example/inbox"))

    assert "letters.site.example" not in [word for word, _, _ in await places(server.browser(), "/t/page-cache")]


async def test_a_tag_that_never_was_public_leads_nowhere(server, ana, known):
    await ana.save("https://x.example/", tags="page-cache diary .secret", visibility="private")

    for path in ("/u/ana/t/diary", "/u/ana/t/.secret", "/u/ana/t/page-cache,diary"):
        assert await places(ana.browser, path) == [], path


async def test_it_costs_as_many_statements_for_many_servers_as_for_few(server, fleet, ana, known):
    async def cost(drawn: int) -> int:
        with statements() as ran:  # by an address of its own, which is drawn anew
            await server.browser().get(f"/t/page-cache?drawn={drawn}")
        return len(ran)

    await cost(1)
    few = await cost(2)
    for number in range(12):
        await tagged(Stranger(fleet, f"https://more{number}.example/u/x"))
        await execute(_PEER, f"more{number}.example", "fedimark")
    many = await cost(3)

    assert many == few > 0
    assert len(await places(server.browser(), "/t/page-cache")) == 5


@pytest.mark.parametrize(
    ("software", "key", "path", "name"),
    [
        ("fedimark", "c++", "/t/c++", "tag.c-"),
        ("fedimark", "a/b", "/t/a%2Fb", "tag.a-b-"),
        ("mastodon", "neural-net", "/tags/neuralnet", ""),
        ("mastodon", "日本", "/tags/%E6%97%A5%E6%9C%AC", ""),
        ("pixelfed", "fog", "/discover/tags/fog", ""),
        ("postmarks", "stamps", "/tagged/stamps", ""),
        ("mbin", "moss", "/tag/moss", ""),
        ("mastodon", "2020", None, ""),
        ("gotosocial", "sql", None, ""),
        ("", "sql", None, ""),
    ],
)
def test_each_software_has_its_tags_in_its_own_place(software, key, path, name):
    found = tag_page(software, key)

    assert (found.path if found else None) == path
    assert found is None or (found.name.startswith(name) and bool(found.name) == bool(name))
