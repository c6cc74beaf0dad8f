"""Pages of people elsewhere: what is known of them here, for whoever may see it, and reading further back."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import execute, fetch, write
from fedimark.timelines.merge import follow_began
from fedimark.vocab.terms import PUBLIC
from fedimark.worker import run_an_errand
from tests.rooms.strangers import Stranger
from tests.rooms.test_incoming import followed
from tests.stories.reading import Reading
from tests.support.counting import statements
from tests.support.savers import remote_save

CLEO = "https://mastodon.example/users/cleo"
PATH = "/u/cleo@mastodon.example"
BIO = '<p>Hi <a href="https://x.example/">x</a><script>alert(1)</script><img src="https://mastodon.example/t.gif"></p>'
FIELD = {"type": "PropertyValue", "name": "<b>Site", "value": '<a href="javascript:alert(1)">x</a><b onclick=x>y</b>'}


@pytest.fixture
async def cleo(server, fleet, ana) -> Stranger:
    """Somebody of a Mastodon, known here."""
    said = {"name": "Cleo Doe", "summary": BIO, "attachment": [FIELD], "url": "https://mastodon.example/@cleo"}
    icon = {"icon": {"type": "Image", "url": "https://mastodon.example/cleo.png"}}
    cleo = Stranger(fleet, CLEO, **said, **icon)
    await cleo.row()
    return cleo


async def titles(browser: Any) -> list[str]:
    """What stands on cleo's page."""
    page = Reading((await browser.get(PATH)).text)
    return [link.text for link in page.all("a", "p-name")]


async def saves(cleo: Stranger) -> None:
    """A bookmark of each kind."""
    actor_id = (await cleo.row())["id"]
    for number, (visibility, listed) in enumerate(((3, True), (3, False), (2, False), (1, False))):
        url = f"https://{visibility}{'listed' if listed else ''}.example/"
        await remote_save(actor_id, number, url, saved_at=9 - number, visibility=visibility, listed=listed)


async def test_each_reader_finds_what_timelines_show_them(cleo, ana, server):
    await saves(cleo)
    bo = await server.sign_up("bo")
    async with write():
        sql = "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', 1)"
        await execute(sql, ana.viewer.actor_id, (await cleo.row())["id"])
        await follow_began(ana.viewer.actor_id, (await cleo.row())["id"])

    every = ["https://3listed.example/", "https://3.example/", "https://2.example/", "https://1.example/"]
    assert await titles(ana.browser) == every
    assert await titles(bo.browser) == every[:1]
    assert await titles(server.client) == every[:1]


async def test_strangers_find_only_who_stands_on_public_pages(cleo, ana, server):
    assert (await server.client.get(PATH)).status_code == 404
    assert (await ana.browser.get(PATH)).status_code == 200

    await saves(cleo)

    assert (await server.client.get(PATH)).status_code == 200


async def test_what_they_say_of_themselves_is_cleaned_and_nothing_is_asked_of_their_server(cleo, ana):
    answer = await ana.browser.get(PATH)

    text, page = answer.text, Reading(answer.text)
    assert "Cleo Doe" in text
    for bad in ("<script>alert", "javascript:", "onclick", "cleo.png", "t.gif", "<b>Site"):
        assert bad not in text
    assert page.all("span", "letters")[0].text == "CD"
    assert page.one("a", "u-url").get("href") == "https://mastodon.example/@cleo"
    assert "/report?who=%40cleo%40mastodon.example" in text
    assert page.wrong == []


@pytest.mark.parametrize(
    "path",
    [
        "/u/nobody@mastodon.example",
        "/u/cleo@other.example",
        "/u/cleo@",
        "/u/@mastodon.example",
        "/u/@",
        "/u/ana@a.example",
        f"{PATH}/public",
        f"{PATH}/t/sql",
        f"{PATH}/outbox",
        "/u/" + "c" * 3_000 + "@mastodon.example",
    ],
)
async def test_who_is_not_known_is_not_there(cleo, ana, path):
    assert (await ana.browser.get(path)).status_code == 404


@pytest.mark.parametrize("column", ["suspended_at", "gone_at"])
async def test_who_is_suspended_or_gone_has_no_page(cleo, ana, column):
    await execute(f"UPDATE actor SET {column} = 1 WHERE uri = ?", CLEO)

    assert (await ana.browser.get(PATH)).status_code == 404


async def test_they_are_followed_muted_and_blocked_from_there(cleo, ana):
    await saves(cleo)
    page = Reading((await ana.browser.get(PATH)).text)

    await page.form("/people/mute").send(ana.browser)
    assert await titles(ana.browser) == []
    await Reading((await ana.browser.get(PATH)).text).form("/people/unmute").send(ana.browser)
    assert len(await titles(ana.browser)) == 1
    await page.form("/people/block").send(ana.browser)
    assert await titles(ana.browser) == []
    await Reading((await ana.browser.get(PATH)).text).form("/people/unblock").send(ana.browser)
    await page.form("/network/follow").send(ana.browser)
    assert "requested" in (await ana.browser.get(PATH)).text


async def test_a_page_costs_as_many_statements_for_few_as_for_many(cleo, ana):
    actor_id = (await cleo.row())["id"]

    async def cost(first: int, last: int) -> int:
        for number in range(first, last):
            await remote_save(actor_id, number, f"https://p{number}.example/", saved_at=number + 1)
        with statements() as ran:
            await ana.browser.get(PATH)
        return len(ran)

    assert await cost(0, 2) == await cost(2, 19)


def outbox(cleo: Stranger, pages: int, a_page: int) -> None:
    """Serve an outbox of so many pages of bookmarks."""
    for page in range(pages):
        items = []
        for number in range(page * a_page, (page + 1) * a_page):
            link = f'<p><a href="https://page{number}.example/">Page {number}</a></p>'
            note = {"id": f"{CLEO}/n/{number}", "type": "Note", "attributedTo": CLEO, "to": [PUBLIC], "content": link}
            note["published"] = f"2026-01-01T00:{59 - number // 60:02}:{59 - number % 60:02}Z"
            create = {"id": f"{CLEO}/n/{number}#c", "type": "Create", "actor": CLEO, "to": [PUBLIC], "object": note}
            items.append(create)
        document: dict[str, Any] = {
            "id": f"{CLEO}/outbox/{page}",
            "type": "OrderedCollectionPage",
            "orderedItems": items,
        }
        if page + 1 < pages:
            document["next"] = f"{CLEO}/outbox/{page + 1}"
        cleo.peer.document(f"/users/cleo/outbox/{page}", document)
    first = {"id": f"{CLEO}/outbox", "type": "OrderedCollection", "first": f"{CLEO}/outbox/0"}
    cleo.peer.document("/users/cleo/outbox", first)


async def known() -> int:
    """How many things of cleo's are known."""
    return len(await fetch("SELECT id FROM bookmark WHERE NOT is_local"))


async def test_who_follows_them_reads_further_back_a_part_at_a_time(cleo, ana, clock):
    outbox(cleo, 30, 20)
    await followed(ana, cleo)
    while await run_an_errand():
        pass
    assert await known() == 40

    for expected in (200, 400, 600):
        page = Reading((await ana.browser.get(PATH)).text)
        await page.form(f"{PATH}/older").send(ana.browser)
        assert "being read" in (await ana.browser.get(PATH)).text
        assert (await ana.browser.post(f"{PATH}/older")).status_code == 429
        while await run_an_errand():
            pass
        assert await known() == expected
        clock.forward(seconds=7_200)
    about = Reading((await ana.browser.get(PATH)).text).one(kind="bio").text
    assert "That was the end." in about
    assert about.endswith("fetch older")


async def test_nobody_else_makes_us_ask(cleo, ana, server):
    outbox(cleo, 3, 20)
    await saves(cleo)
    await followed(ana, cleo)
    while await run_an_errand():
        pass
    bo = await server.sign_up("bo")
    cleo.peer.asked.clear()

    statuses = [(await browser.post(f"{PATH}/older")).status_code for browser in (bo.browser, server.client)]
    statuses.append((await bo.browser.post("/u/ana/older")).status_code)
    while await run_an_errand():
        pass

    assert statuses == [403, 401, 403]
    assert "fetch older" not in (await bo.browser.get(PATH)).text
    assert cleo.peer.asked == []
