"""What people write to one another across servers: replies, remarks, the leave to quote, and how all of it ends."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import Row, fetch
from fedimark.here import entered
from tests.stories.reading import Reading
from tests.support.fleet import Fleet
from tests.support.people import Person
from tests.support.server import Server

AS2 = {"Accept": "application/activity+json"}
PAGE = "https://sqlite.org/wal.html"


async def rows(server: Server, sql: str, *parameters: object) -> list[Row]:
    """What a server's database answers."""
    async with entered(server.here):
        return await fetch(sql, *parameters)


async def path_of(owner: Person, url: str = PAGE) -> str:
    """The page of a bookmark."""
    sql = "SELECT b.public_id FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE a.local_name = ? AND b.url = ?"
    return f"/u/{owner.name}/b/{(await rows(owner.server, sql, owner.name, url))[0]['public_id']}"


def at(owner: Person, path: str) -> str:
    """A path of somebody's server as an id."""
    return f"{owner.server.here.settings.base_url}{path}"


async def write(writer: Person, about: str, words: str, kind: str = "reply") -> str:
    """Send the form; returns the path of what was written."""
    answer = await writer.browser.post("/say", data={"about": about, "words": words, "kind": kind})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def words_on(path: str, browser: Any) -> list[str]:
    """What a page shows that others said, in order."""
    answer = await browser.get(path)
    assert answer.status_code == 200
    return [each.text for each in Reading(answer.text).all("p", "p-content")]


async def link_of(server: Server, url: str = PAGE) -> str:
    """The page of a link there."""
    found = await rows(server, "SELECT l.hash FROM bookmark b JOIN link l ON l.id = b.link_id WHERE b.url = ?", url)
    return f"/url/{found[0]['hash']}"


@pytest.fixture
async def three(fleet: Fleet) -> tuple[Person, Person, Person]:
    """Ana, bo and cy on servers of their own; ana and cy follow bo, cy follows ana, and bo saved a page."""
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example")
    for reader, read in ((ana, bo), (cy, bo), (cy, ana)):
        await reader.follow(read)
    await fleet.settle()
    await bo.save(PAGE, title="Write-ahead logging", description="How it works.")
    await fleet.settle()
    return ana, bo, cy


async def test_a_reply_is_answered_from_a_third_server_and_taken_back_everywhere(fleet, three):
    # Given ana's reply to bo's bookmark
    ana, bo, cy = three
    bookmark = await path_of(bo)
    reply = await write(ana, at(bo, bookmark), "Slower on network disks?")
    await fleet.settle()
    assert await words_on(bookmark, bo.browser) == ["Slower on network disks?"]
    assert await words_on(await link_of(cy.server), cy.browser) == ["Slower on network disks?"]

    # When cy answers her
    answer = await write(cy, at(ana, reply), "It does not work there at all.")
    await fleet.settle()

    # Then each of the three servers shows the thread, and the collections name it
    both = ["Slower on network disks?", "It does not work there at all."]
    for path, reader in (
        (bookmark, bo),
        (await link_of(bo.server), bo),
        (await link_of(ana.server), ana),
        (await link_of(cy.server), cy),
    ):
        assert await words_on(path, reader.browser) == both, reader.handle
    note = (await bo.server.client.get(bookmark, headers=AS2)).json()
    assert note["replies"]["totalItems"] == 2
    assert (await ana.server.client.get(f"{reply}/replies", headers=AS2)).json()["first"]["items"] == [at(cy, answer)]

    # When ana takes hers back
    assert (await ana.browser.post(f"{reply}/remove")).status_code == 303
    await fleet.settle()

    # Then hers is gone everywhere, and cy's stands by itself; on her server he spoke to her alone
    for path, reader in ((bookmark, bo), (await link_of(cy.server), cy)):
        assert await words_on(path, reader.browser) == both[1:], reader.handle
    assert await words_on(await link_of(ana.server), ana.browser) == []
    gone = await ana.server.client.get(reply, headers=AS2)
    assert (gone.status_code, gone.json()["type"]) == (410, "Tombstone")
    assert (await ana.server.client.get(reply)).status_code == 410


async def test_an_edit_reaches_whoever_got_the_words(fleet, three):
    ana, bo, _ = three
    bookmark = await path_of(bo)
    reply = await write(ana, at(bo, bookmark), "Slower?")
    await fleet.settle()

    answer = await ana.browser.post(f"{reply}/edit", data={"words": "Much slower?"})
    await fleet.settle()

    assert answer.status_code == 303
    assert await words_on(bookmark, bo.browser) == ["Much slower?"]


async def test_what_bo_hides_or_takes_no_more_is_seen_nowhere_on_his_server(fleet, three):
    # Given an answer of ana's that bo hides
    ana, bo, cy = three
    bookmark = await path_of(bo)
    reply = await write(ana, at(bo, bookmark), "Rude.")
    await fleet.settle()
    [said] = await rows(bo.server, "SELECT uri_hash FROM remark")
    await bo.browser.post(f"{bookmark}/hide", data={"what": said["uri_hash"]})

    # Then it is on no page of his server and in no collection; where it was written, it stands
    for reader in (bo.browser, bo.server.client):
        for path in (bookmark, await link_of(bo.server)):
            assert await words_on(path, reader) == []
    assert (await bo.server.client.get(f"{bookmark}/replies", headers=AS2)).json()["totalItems"] == 0
    assert "Rude." in (await ana.server.client.get(reply)).text

    # When she edits it, and he takes no replies any more
    await ana.browser.post(f"{reply}/edit", data={"words": "Very rude."})
    await bo.browser.post(f"{bookmark}/talk", data={"replies": "off"})
    await fleet.settle()

    # Then it stays hidden, and neither of the others is offered to reply
    assert await words_on(bookmark, bo.server.client) == []
    for reader in (ana, cy):
        page = (await reader.browser.get(f"/say?about={at(bo, bookmark)}")).text
        assert "value=reply>" not in page
        assert "value=remark>" in page
    answer = await cy.browser.post("/say", data={"about": at(bo, bookmark), "words": "Me too.", "kind": "reply"})
    assert answer.status_code == 403

    # When he shows it again
    await bo.browser.post(f"{bookmark}/show", data={"what": said["uri_hash"]})
    assert await words_on(bookmark, bo.server.client) == ["Very rude."]


async def test_two_people_of_one_server_talk_and_followers_elsewhere_hear_it(fleet):
    # Given ana and zoe of one server, and cy of another who follows both
    ana, zoe, cy = await fleet.people("ana@a.example", "zoe@a.example", "cy@c.example")
    for who in (ana, zoe):
        await cy.follow(who)
    await fleet.settle()
    await ana.save(PAGE, title="Write-ahead logging")
    await fleet.settle()
    bookmark = await path_of(ana)

    # When zoe answers and remarks
    await write(zoe, at(ana, bookmark), "So it is.")
    remark = await write(zoe, at(ana, bookmark), "Read this.", "remark")
    await fleet.settle()

    # Then both stand on both servers, and cy's finds the leave where the remark says it is
    for path, reader in ((bookmark, ana), (await link_of(cy.server), cy)):
        assert await words_on(path, reader.browser) == ["So it is.", "Read this."]
    note = (await zoe.server.client.get(remark, headers=AS2)).json()
    stamp = await ana.server.client.get(note["quoteAuthorization"].removeprefix("https://a.example"), headers=AS2)
    assert stamp.json()["interactingObject"] == at(zoe, remark)


async def test_the_bookmarks_end_leaves_the_words_of_others_on_their_servers(fleet, three):
    ana, bo, cy = three
    bookmark = await path_of(bo)
    reply = await write(ana, at(bo, bookmark), "Keep this.")
    await fleet.settle()

    await bo.remove(PAGE)
    await fleet.wait_for_undo()

    assert (await ana.server.client.get(reply)).status_code == 200
    assert "is gone" in (await ana.server.client.get(reply)).text
    for server in (bo.server, cy.server):
        assert await rows(server, "SELECT id FROM remark") == []
    await ana.browser.post(f"{reply}/remove")
    await fleet.settle()
    assert await rows(ana.server, "SELECT id FROM remark") == []


async def test_a_remark_asks_is_let_and_quotes_no_more_once_that_is_taken_back(fleet, three):
    # Given a remark of ana's about bo's bookmark
    ana, bo, cy = three
    bookmark = await path_of(bo)
    remark = await write(ana, at(bo, bookmark), "The best page about it.", "remark")
    await fleet.settle()

    # Then bo's server let it, and it bears the leave that is served there
    note = (await ana.server.client.get(remark, headers=AS2)).json()
    assert {note[name] for name in ("quote", "quoteUrl", "quoteUri", "_misskey_quote")} == {at(bo, bookmark)}
    stamp = (
        await bo.server.client.get(note["quoteAuthorization"].removeprefix("https://b.example"), headers=AS2)
    ).json()
    assert stamp["type"] == "QuoteAuthorization"
    assert (stamp["attributedTo"], stamp["interactingObject"], stamp["interactionTarget"]) == (
        bo.uri,
        at(ana, remark),
        at(bo, bookmark),
    )
    for path, reader in ((bookmark, bo), (await link_of(cy.server), cy)):
        assert await words_on(path, reader.browser) == ["The best page about it."]

    # When bo takes it back
    [said] = await rows(bo.server, "SELECT uri_hash FROM remark")
    answer = await bo.browser.post(f"{bookmark}/unquote", data={"what": said["uri_hash"]})
    assert answer.status_code == 303
    await fleet.settle()

    # Then the remark quotes nothing any more, anywhere, and ana is told why
    assert (await bo.server.client.get(stamp["id"].removeprefix("https://b.example"), headers=AS2)).status_code == 410
    note = (await ana.server.client.get(remark, headers=AS2)).json()
    assert "quote" not in note
    assert "RE:" not in note["content"]
    assert "does not let you quote" in (await ana.browser.get(remark)).text
    assert "does not let you quote" not in (await ana.server.client.get(remark)).text
    for path, reader in ((bookmark, bo), (await link_of(cy.server), cy), (await link_of(ana.server), ana)):
        assert await words_on(path, reader.browser) == []
