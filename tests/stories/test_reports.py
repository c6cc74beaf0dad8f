"""A report on its way from a person on one server to the admins of another."""

from __future__ import annotations

from fedimark.database import fetch
from fedimark.here import entered
from tests.stories.reading import Reading

PAGE = "https://sqlite.org/wal.html"


async def test_a_report_goes_from_one_fedimark_to_the_admins_of_another(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    saved = await ana.save(PAGE, title="WAL")
    await bo.follow(ana)
    await fleet.settle()
    await ana.save(f"{PAGE}?2", title="WAL 2")
    await fleet.settle()
    async with entered(bo.server.here):
        (note,) = await fetch("SELECT uri FROM bookmark WHERE title = 'WAL 2'")
    page = Reading((await bo.browser.get("/report", params={"bookmark": note["uri"]})).text)

    await page.form("/report").send(bo.browser, {"comment": "A copy of mine.", "forward": "yes"})
    await fleet.settle()

    text = (await ana.browser.get("/moderation/reports")).text
    assert "A copy of mine." in text
    assert "WAL 2" in text
    assert ">bo@" not in text
    assert "b.example@b.example" in text
    assert saved.public_id not in text
