"""Bundles: tags kept together under a name, each a stream of its owner's."""

from __future__ import annotations

from tests.stories.reading import Reading

PAGE = "https://page.example/"


async def test_a_bundle_is_made_read_ordered_edited_and_deleted(server, ana):
    for number, tags in enumerate(("sql", "db", "sql old", "other", "sql .mine")):
        await ana.save(f"{PAGE}{number}", title=f"page {number}", tags=tags, visibility="private")
    await server.settle()  # words are found once they are indexed
    root, browser = "/u/ana/bundles", ana.browser

    # Made, and read
    empty = Reading((await browser.get(root)).text)
    assert empty.one("div", "empty").one("a", "button").get("href") == f"{root}/new"
    form = Reading((await browser.get(f"{root}/new")).text).form(f"{root}/new")
    made = await form.send(browser, {"name": "Databases", "any_tags": "sql db", "excluded_tags": "old"})
    page, path = Reading(made.text), made.url.path
    assert [a.text for a in page.all("a", "p-name")] == ["page 4", "page 1", "page 0"]
    assert page.one(kind="count").text == "3"

    # In an order of one's own, found by name as Pinboard's addresses do
    await form.send(browser, {"name": "Second", "all_tags": "sql old"})
    names = [
        a.text
        for a in Reading((await browser.get(root)).text).one("ul", "rows").all("a")
        if "/edit" not in a.get("href")
    ]
    assert names == ["Databases", "Second"]
    beside = [a.text for a in Reading((await browser.get("/u/ana")).text).one("aside").all("a")]
    assert beside[:3] == ["change", *names]
    assert "bundles" not in beside  # they lead there themselves
    assert "Databases" not in (await server.client.get("/u/ana")).text
    second = int(path.rpartition("/")[2]) + 1
    await browser.post(f"{root}/{second}/up")
    listed = Reading((await browser.get(root)).text).one("ul", "rows").all("li")
    assert [li.all("a")[0].text for li in listed] == ["Second", "Databases"]
    led = await browser.get("/u:ana/bundle:databases/", follow_redirects=True)
    assert led.url.path == path

    # Edited, and deleted; nobody else ever sees it
    edited = (
        await Reading((await browser.get(f"{path}/edit")).text).form(f"{path}/edit").send(browser, {"search": "page 0"})
    )
    assert [a.text for a in Reading(edited.text).all("a", "p-name")] == ["page 0"]
    bo = await server.sign_up("bo")
    for who in (bo.browser, server.browser()):
        assert (await who.get(path)).status_code in (303, 404)
    await Reading((await browser.get(f"{path}/edit")).text).form(f"{path}/remove").send(browser)
    assert (await browser.get(path)).status_code == 404


async def test_a_long_bundle_is_read_page_by_page(fleet):
    server = await fleet.server("a.example", page_size="3")
    ana = await server.sign_up("ana")
    for number in range(7):
        await ana.save(f"{PAGE}{number}", title=f"page {number}", tags="sql")
    made = await ana.browser.post("/u/ana/bundles/new", data={"name": "all"})

    seen, path = [], made.headers["location"]
    while path:
        page = Reading((await ana.browser.get(path)).text)
        seen += [a.text for a in page.all("a", "p-name")]
        further = [a.get("href") for a in page.all("a") if a.get("rel") == "next"]
        path = made.headers["location"] + further[0] if further else ""

    assert seen == [f"page {number}" for number in reversed(range(7))]
