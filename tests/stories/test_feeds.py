"""A feed from its first reading to its end, as somebody who follows it sees it, and somebody who does not."""

from __future__ import annotations

from tests.rooms.peers import Says, stand
from tests.rooms.test_feeds import alternate, entry, page, rss, says
from tests.stories.reading import Reading

HOME = "https://blog.example/"


def titles(text: str) -> list[str]:
    """Of the entries of a page, in their order."""
    return [entry.one(kind="p-name").text for entry in Reading(text).all("li", "h-entry")]


async def test_a_feed_is_followed_read_edited_gone_and_left(fleet):
    # Given a blog that says nothing to servers, and people of two servers who follow each other
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    blog = stand(fleet, "blog.example")
    dated = "<pubDate>Sat, 28 Feb 2026 10:00:00 GMT</pubDate>"
    blog.answers |= {"/": page(alternate("/feed.xml")), "/feed.xml": says(rss(entry("one", more=dated)), etag='"1"')}

    # When ana types the blog's address
    sent = await ana.browser.post("/network/follow", data={"who": HOME})
    await fleet.settle()

    # Then what it says stands in her network, at its own moment, and the page says when it was read
    assert sent.status_code == 303
    text = (await ana.browser.get("/network")).text
    assert titles(text) == ["one"]
    assert "A blog (blog.example)" in text
    assert "datetime=2026-02-28T10:00:00Z " in text
    assert Reading(text).one(kind="state").text.startswith("read ")

    # When it says more, and the same otherwise
    newer = "<pubDate>Sun, 01 Mar 2026 13:00:00 GMT</pubDate>"
    blog.answers["/feed.xml"] = says(rss(entry("two", more=newer), entry("one", title="One, corrected", more=dated)))
    fleet.clock.forward(days=1)
    await fleet.settle()

    # Then she finds both, and who follows her nothing of it
    assert titles((await ana.browser.get("/network")).text) == ["two", "One, corrected"]
    assert titles((await bo.browser.get("/network")).text) == []
    assert titles((await ana.server.browser().get("/recent")).text) == []

    # When it is gone, then it stays in her list with the reason, and what it said stays too
    blog.answers["/feed.xml"] = Says(410)
    fleet.clock.forward(days=2)
    await fleet.settle()
    text = (await ana.browser.get("/people")).text
    assert "gone for good" in text
    assert len(titles((await ana.browser.get("/network")).text)) == 2

    # When she leaves it, then nothing is left of it
    who = next(form.all("input")[0].get("value") for form in Reading(text).all("form") if "leave" in form.get("action"))
    await ana.browser.post("/network/leave", data={"who": who})
    fleet.clock.forward(days=1)
    await fleet.settle()
    text = (await ana.browser.get("/network")).text
    assert titles(text) == []
    assert "blog.example" not in text
