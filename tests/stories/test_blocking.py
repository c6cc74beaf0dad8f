"""Stories of keeping away: a person, a whole server, an account, each over the real doors of two servers."""

from __future__ import annotations

from fedimark.database import fetch_one
from fedimark.here import entered
from fedimark.moderation import domains, people, suspension

PAGE = "https://sqlite.org/"


async def rows(server, sql: str) -> int:
    """What a `SELECT count(*) AS n` of a server's says."""
    async with entered(server.here):
        return int((await fetch_one(sql))["n"])


async def friends(fleet):
    """Two people of two servers who follow each other."""
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await ana.follow(bo)
    await bo.follow(ana)
    await fleet.settle()
    return ana, bo


async def test_a_block_between_two_servers_keeps_both_apart_until_they_ask_anew(fleet):
    ana, bo = await friends(fleet)
    await bo.save(PAGE, title="of bo")
    await fleet.settle()
    assert [seen.savers for seen in await ana.timeline()] == [["bo@b.example"]]

    async with entered(ana.server.here):
        await people.block(ana.viewer, "@bo@b.example")
    await fleet.settle()

    for person in (ana, bo):
        assert await rows(person.server, "SELECT count(*) AS n FROM follow") == 0
        assert await rows(person.server, "SELECT count(*) AS n FROM block") == 1
    assert await ana.timeline() == []
    await ana.save("https://example.org/after")
    await fleet.settle()
    assert [seen.url for seen in await bo.timeline()] == [PAGE]

    async with entered(ana.server.here):
        await people.unblock(ana.viewer, "@bo@b.example")
    await fleet.settle()

    assert await rows(bo.server, "SELECT count(*) AS n FROM block") == 0
    assert await rows(bo.server, "SELECT count(*) AS n FROM follow") == 0
    await bo.follow(ana)
    await fleet.settle()
    await ana.save("https://example.org/again")
    await fleet.settle()
    assert "https://example.org/again" in [seen.url for seen in await bo.timeline()]


async def test_a_blocked_server_is_neither_heard_nor_spoken_to(fleet):
    ana, bo = await friends(fleet)
    await bo.save(PAGE)
    await fleet.settle()

    async with entered(ana.server.here):
        await domains.block_domain("b.example", "spam")
    await fleet.settle()
    fleet.network.requests.clear()
    await ana.save("https://example.org/quiet")
    await bo.save("https://example.org/unheard")
    await fleet.settle()

    assert await ana.timeline() != []
    assert [seen.url for seen in await ana.timeline()] == ["https://example.org/quiet"]
    assert await rows(ana.server, "SELECT count(*) AS n FROM bookmark WHERE NOT is_local") == 0
    assert [str(asked.url) for asked in fleet.network.requests if asked.url.host == "b.example"] == []
    heard = [asked for asked in fleet.network.requests if asked.method == "POST"]
    assert {asked.url.host for asked in heard} == {"a.example"}  # bo's server still tries


async def test_a_suspended_person_is_missed_and_comes_back_with_what_they_had_to_say(fleet):
    ana, bo = await friends(fleet)
    await ana.save(PAGE, title="before")
    await fleet.settle()
    await ana.save("https://example.org/held")

    async with entered(ana.server.here):
        await suspension.suspend("ana")
    await fleet.settle()
    silent = [seen.url for seen in await bo.timeline()]
    async with entered(ana.server.here):
        await suspension.restore("ana")
    await fleet.settle()

    assert silent == [PAGE]
    assert {seen.url for seen in await bo.timeline()} == {PAGE, "https://example.org/held"}
    assert await rows(ana.server, "SELECT count(*) AS n FROM follow WHERE state = 'accepted'") == 2


async def test_followers_approved_by_hand_see_nothing_before(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    form = {"approve_followers": "yes", "visibility": "public", "time_zone": "UTC", "theme": "auto"}
    await ana.browser.post("/settings", data=form)
    await bo.follow(ana)
    await fleet.settle()
    await ana.save("https://example.org/secret", visibility="followers")
    await fleet.settle()
    page = await ana.browser.get("/followers")
    assert await bo.timeline() == []

    follow_id = page.text.partition('name=id value="')[2].partition('"')[0]
    await ana.browser.post("/followers/answer", data={"id": follow_id, "answer": "accept"})
    await fleet.settle()
    await ana.save("https://example.org/shown", visibility="followers")
    await fleet.settle()

    assert [seen.url for seen in await bo.timeline()] == ["https://example.org/shown"]
    await ana.browser.post("/followers/remove", data={"id": follow_id})
    await fleet.settle()
    await ana.save("https://example.org/later", visibility="followers")
    await fleet.settle()
    assert "https://example.org/later" not in [seen.url for seen in await bo.timeline()]


async def test_a_changed_name_arrives_where_somebody_follows(fleet):
    ana, bo = await friends(fleet)

    form = {"name": "Ana of the links", "visibility": "public", "time_zone": "UTC", "theme": "auto"}
    await ana.browser.post("/settings", data=form)
    await fleet.settle()

    kinds = "SELECT count(*) AS n FROM received_activity WHERE kind = 'Update'"
    assert await rows(bo.server, kinds) == 1
