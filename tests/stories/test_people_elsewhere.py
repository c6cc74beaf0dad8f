"""A person of another fedimark as a reader here meets them: a page, further back, a move, a report, and no more."""

from __future__ import annotations

from tests.stories.reading import Reading
from tests.support.people import Person

PATH = "/u/bo@b.example"


async def titles(person: Person) -> list[str]:
    """What stands on bo's page, on all of its leaves."""
    found: list[str] = []
    where = PATH
    while where:
        page = Reading((await person.browser.get(where)).text)
        found += [link.text for link in page.all("a", "p-name")]
        where = next((f"{PATH}{link.get('href')}" for link in page.all("a", "") if link.get("rel") == "next"), "")
    return found


async def test_what_somebody_saved_before_is_read_further_back_for_who_follows_them(fleet, clock):
    # Given sixty bookmarks of bo's, the first of them private, before ana follows him
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    for number in range(60):
        await bo.save(
            f"https://page{number}.example/", title=f"Page {number}", visibility="public" if number else "private"
        )
        clock.forward(seconds=60)
    await fleet.settle()
    await ana.follow("@bo@b.example")
    await fleet.settle()
    assert len(await titles(ana)) == 40

    # When she asks for what is older
    page = Reading((await ana.browser.get(PATH)).text)
    await page.form(f"{PATH}/older").send(ana.browser)
    await fleet.settle()

    # Then all that everybody may see is there, and the private one is not
    assert sorted(await titles(ana)) == sorted(f"Page {number}" for number in range(1, 60))

    # And whoever mutes him finds nothing of it any more
    await ana.browser.post("/people/mute", data={"who": "@bo@b.example"})
    assert "Page 7" not in (await ana.browser.get("/network")).text


async def test_a_page_of_somebody_who_leaves_is_gone_everywhere(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.save("https://sqlite.org/", title="SQLite")
    await ana.follow("@bo@b.example")
    await fleet.settle()
    await bo.save("https://sqlite.org/lang.html", title="Words of SQL")
    await fleet.settle()
    assert "Words of SQL" in await titles(ana)

    await bo.browser.post("/settings/leave", data={"username": "bo", "password": "correct horse battery staple"})
    await fleet.settle()

    assert (await ana.browser.get(PATH)).status_code in (404, 410)
    assert "Words of SQL" not in (await ana.browser.get("/network")).text
