"""Many bookmarks edited by the form above their list; whoever follows hears of each as of any edit."""

from __future__ import annotations

from tests.stories.reading import Reading


async def test_followers_are_told_of_updates_and_of_ends(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    for number in (1, 2, 3):
        await ana.save(f"https://page.example/{number}", tags="sql")
    await ana.save("https://page.example/mine", tags="sql", visibility="private")
    await fleet.settle()

    # When all of them get a tag, by the form
    page = Reading((await ana.browser.get("/u/ana/t/sql?edit=many")).text)
    assert len(page.all("input", "pick")) == 4
    asked = await page.form("/bulk").send(ana.browser, {"add": "db", "whole": "yes"})
    assert "4 bookmarks" in asked.text
    sent = await ana.browser.post("/bulk", data={**Reading(asked.text).form("/bulk").values()})
    await fleet.settle()

    # Then whoever follows sees that, of what they may see
    assert [line.tags for line in await bo.timeline()] == [["sql", "db"]] * 3
    shown = Reading((await ana.browser.get(sent.headers["location"])).text)
    assert "4 of 4 changed" in shown.text

    # And when two are deleted, their ends
    page = Reading((await ana.browser.get("/u/ana?edit=many")).text)
    ticked = [box.get("value") for box in page.all("input", "pick")][-2:]
    fields = {"id": ticked, "delete": "yes", "back": "/u/ana?edit=many"}
    asked = await ana.browser.post("/bulk", data=fields)
    assert "Delete 2 bookmarks" in asked.text
    await ana.browser.post("/bulk", data={**fields, "sure": "yes"})
    await fleet.settle()
    await fleet.wait_for_undo()
    assert [line.url for line in await bo.timeline()] == ["https://page.example/3"]


async def test_what_is_wrong_stands_beside_its_field(server, ana):
    saved = await ana.save("https://page.example/", tags="sql")

    for fields, words in (
        ({"id": saved.public_id}, "Say what shall change"),
        ({"add": "x"}, "Choose at least one bookmark"),
        ({"id": "nothing", "add": "x"}, "Choose at least one bookmark"),
        ({"id": saved.public_id, "add": "..."}, "dots alone"),
        ({"id": saved.public_id, "visibility": "everybody"}, "Choose public"),
        ({"id": saved.public_id, "starred": "maybe"}, "Choose yes"),
    ):
        answer = await ana.browser.post("/bulk", data=fields)

        assert answer.status_code == 422, fields
        assert any(words in wrong for wrong in Reading(answer.text).wrong), fields
    for whole in ("/u/bo", "/recent", "/u/ana/nothing", "//evil.example", "/u/ana/t/..", "", "/u/ana/t/a/b"):
        answer = await ana.browser.post("/bulk", data={"whole": "yes", "stream": whole, "add": "x"})
        assert answer.status_code in (404, 422), whole
