"""The thread from end to end: what somebody saves on one server is read on another, merged, edited, and taken away.

Whole servers, their workers and the bytes between them; only sockets are missing.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from fedimark.accounts.register import register
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import finish_removals
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.errors import Gone, NotFound, Taken, Untrustworthy
from fedimark.follows.request import follow
from fedimark.here import entered
from fedimark.importing.importer import bring_in
from fedimark.signatures.keys import load_private
from tests.rooms.peers import over_sockets, socket_peer
from tests.rooms.strangers import Stranger, amount, letters
from tests.support.fleet import Fleet
from tests.support.invariants import disagreements
from tests.support.people import PASSWORD, Person
from tests.support.server import Server

PAGE = "https://sqlite.org/wal.html"
SAME_PAGE = "http://sqlite.org:80/wal.html?utm_source=letter#top"
AS2 = {"Accept": "application/activity+json"}

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For stories in which no database could do otherwise than another."""


@pytest.fixture
async def friends(fleet: Fleet) -> tuple[Person, Person]:
    """Ana of a.example, and bo of b.example who follows her."""
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    return ana, bo


@pytest.fixture(autouse=True)
async def agreement(fleet: Fleet) -> Any:
    """After each story, whatever is made from bookmarks and follows is on every server as if it were made anew."""
    yield
    for server in fleet.servers.values():
        async with entered(server.here):
            assert await disagreements() == [], server.host


async def lines(reader: Person) -> list[tuple[str, list[str]]]:
    """A network timeline as addresses with their savers."""
    return [(seen.url, seen.savers) for seen in await reader.timeline()]


async def rows(server: Server, sql: str, *parameters: object) -> list[Row]:
    """What a server's database answers."""
    async with entered(server.here):
        return await fetch(sql, *parameters)


async def copies(server: Server) -> list[Row]:
    """The bookmarks a server holds of others, in the order they came."""
    return await rows(server, "SELECT * FROM bookmark WHERE NOT is_local ORDER BY id")


async def waiting(server: Server) -> list[tuple[str, str, Any]]:
    """The letters a server has yet to send: kind, inbox, document."""
    async with entered(server.here):
        return await letters()


def posts(fleet: Fleet) -> list[tuple[str, str]]:
    """What was said over the network, in order: to which host, and what type of activity."""
    return [(r.url.host, json.loads(r.content)["type"]) for r in fleet.network.requests if r.method == "POST"]


def said(fleet: Fleet, kind: str) -> list[httpx.Request]:
    """The requests that carried activities of a type."""
    return [r for r in fleet.network.requests if r.method == "POST" and json.loads(r.content)["type"] == kind]


async def public_id(owner: Person, url: str) -> str:
    """The id in the address of somebody's own bookmark."""
    sql = "SELECT b.public_id FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE a.local_name = ? AND b.url = ?"
    return str((await rows(owner.server, sql, owner.name, url))[0]["public_id"])


async def approve_by_hand(person: Person) -> None:
    """Send the settings form as it stands, with the box ticked."""
    chosen = {"visibility": "public", "time_zone": "UTC", "theme": "auto", "approve_followers": "yes"}
    assert (await person.browser.post("/settings", data=chosen)).status_code == 303


# Following


async def test_following_by_handle_asks_webfinger_then_the_actor_then_for_the_follow(fleet):
    _, bo = await fleet.people("ana@a.example", "bo@b.example")

    asked = await bo.follow("@Ana@a.example")
    await fleet.settle()

    assert asked["state"] == "requested"
    asked_for = [(r.method, r.url.host, r.url.path) for r in fleet.network.requests if "nodeinfo" not in r.url.path]
    assert asked_for == [
        ("GET", "a.example", "/.well-known/webfinger"),
        ("GET", "a.example", "/u/ana"),
        ("GET", "a.example", "/.well-known/webfinger"),  # does the actor's own name lead back to the actor?
        ("POST", "a.example", "/u/ana/inbox"),
        ("GET", "b.example", "/u/bo"),
        ("GET", "b.example", "/.well-known/webfinger"),
        ("POST", "b.example", "/u/bo/inbox"),
        ("GET", "a.example", "/u/ana/outbox"),  # what was said before
        ("GET", "a.example", "/u/ana/outbox"),
    ]
    assert posts(fleet) == [("a.example", "Follow"), ("b.example", "Accept")]
    for server in fleet.servers.values():
        assert [row["state"] for row in await rows(server, "SELECT state FROM follow")] == ["accepted"]


@on_sqlite
async def test_both_see_who_follows(friends):
    ana, bo = friends

    followers, network = await ana.browser.get("/followers"), await bo.browser.get("/network")

    assert "bo@b.example" in followers.text
    assert "ana@a.example" in network.text
    assert "requested" not in network.text
    collection = (await ana.server.client.get("/u/ana/followers", headers=AS2)).json()
    assert collection["totalItems"] == 1


@on_sqlite
async def test_following_twice_says_it_once(fleet, friends):
    ana, bo = friends

    again = await bo.follow(ana)
    await fleet.settle()

    assert again["state"] == "accepted"
    assert posts(fleet) == [("a.example", "Follow"), ("b.example", "Accept")]


async def test_a_follow_by_hand_waits_for_an_answer(fleet):
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example")
    await approve_by_hand(ana)
    await bo.follow(ana)
    await cy.follow(ana)
    await fleet.settle()
    await ana.save(PAGE)
    await fleet.settle()
    assert (await bo.timeline(), await cy.timeline()) == ([], [])
    assert "requested" in (await bo.browser.get("/network")).text

    for handle, word in (("bo@b.example", "accept"), ("cy@c.example", "reject")):
        page = (await ana.browser.get("/followers")).text
        number = re.search(rf'{handle}.*?name=id value="(\d+)"', page, re.DOTALL)
        answered = await ana.browser.post("/followers/answer", data={"id": number[1], "answer": word})
        assert answered.status_code == 303
    await fleet.settle()
    await ana.save("https://sqlite.org/fts5.html")
    await fleet.settle()

    assert [row["state"] for row in await rows(bo.server, "SELECT state FROM follow")] == ["accepted"]
    assert [row["state"] for row in await rows(cy.server, "SELECT state FROM follow")] == ["rejected"]
    assert await lines(bo) == [("https://sqlite.org/fts5.html", ["ana@a.example"]), (PAGE, ["ana@a.example"])]
    assert await cy.timeline() == []


@on_sqlite
async def test_a_removed_follower_gets_nothing_more(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE)
    await fleet.settle()
    number = re.search(r'action=/followers/remove .*?value="(\d+)"', (await ana.browser.get("/followers")).text)

    assert (await ana.browser.post("/followers/remove", data={"id": number[1]})).status_code == 303
    await fleet.settle()
    await ana.save("https://sqlite.org/fts5.html")
    await fleet.settle()

    assert await bo.timeline() == []
    assert [row["state"] for row in await rows(bo.server, "SELECT state FROM follow")] == ["rejected"]
    assert len(said(fleet, "Create")) == 1


async def test_unfollowing_ends_what_comes_and_clears_the_timeline(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE)
    await bo.save("https://bo.example/")
    await fleet.settle()

    await bo.unfollow(ana)
    await fleet.settle()
    await ana.save("https://sqlite.org/fts5.html")

    assert await waiting(ana.server) == []
    assert await lines(bo) == [("https://bo.example/", ["bo@b.example"])]
    assert await rows(ana.server, "SELECT * FROM follow") == []


@on_sqlite
async def test_followed_anew_the_timeline_is_as_it_was(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE)
    await fleet.settle()
    await bo.unfollow(ana)
    await fleet.settle()

    await bo.follow(ana)
    await fleet.settle()

    assert await lines(bo) == [(PAGE, ["ana@a.example"])]


async def test_people_of_one_server_follow_without_a_word_to_the_network(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@a.example")

    followed = await bo.follow(ana)
    await ana.save(PAGE)
    await bo.save(SAME_PAGE)
    await fleet.settle()

    assert followed["state"] == "accepted"
    assert await lines(bo) == [(PAGE, ["ana@a.example", "bo@a.example"])]
    assert fleet.network.requests == []


# Saving, editing, removing


async def test_a_new_bookmark_arrives_as_a_note_merges_with_the_readers_own_and_moves_it_up_by_its_words(
    fleet, friends
):
    ana, bo = friends
    await bo.save(SAME_PAGE, title="WAL, mine", tags="mine")
    await bo.save("https://between.example/")

    saved = await ana.save(PAGE, title="Write-Ahead Logging", description="On *checkpoints*.", tags="sql C++ a/b")
    await fleet.settle()

    document = json.loads(said(fleet, "Create")[0].content)
    assert document["object"]["type"] == "Note"
    assert document["object"]["id"] == f"https://a.example{saved.path}"
    assert await lines(bo) == [
        (SAME_PAGE, ["bo@b.example", "ana@a.example"]),
        ("https://between.example/", ["bo@b.example"]),
    ]
    kept = (await copies(bo.server))[0]
    assert (kept["url"], kept["title"], kept["description"]) == (PAGE, "Write-Ahead Logging", "On *checkpoints*.")
    assert kept["tags"].split() == ["sql", "C++", "a/b"]


async def test_saved_there_first_the_entry_stands_at_that_earlier_place(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE)
    await bo.save("https://between.example/")
    await bo.save(SAME_PAGE)
    earliest = (await rows(ana.server, "SELECT saved_at FROM bookmark"))[0]["saved_at"]

    await fleet.settle()

    assert await lines(bo) == [
        ("https://between.example/", ["bo@b.example"]),
        (PAGE, ["ana@a.example", "bo@b.example"]),
    ]
    entry = await rows(bo.server, "SELECT position FROM entry WHERE stream = 1 ORDER BY position")
    assert entry[0]["position"] == earliest


async def test_three_servers_and_three_savers_make_one_entry_everywhere(fleet):
    people = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example")
    for reader in people:
        for target in people:
            if reader is not target:
                await reader.follow(target)
    await fleet.settle()

    for saver, spelling in zip(people, (PAGE, SAME_PAGE, f"{PAGE}?fbclid=1#2"), strict=True):
        await saver.save(spelling)
    await fleet.settle()

    for reader in people:
        assert await lines(reader) == [(PAGE, ["ana@a.example", "bo@b.example", "cy@c.example"])], reader.name
    for server in fleet.servers.values():
        async with entered(server.here):
            assert (await amount("link"), await amount("bookmark")) == (1, 3)


async def test_an_edit_arrives(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE, title="WAL", description="First words.", tags="sql")
    await fleet.settle()

    await ana.edit(PAGE, title="Write-Ahead Logging", description="Second words.", tags="sql sqlite")
    await fleet.settle()

    seen = (await bo.timeline())[0]
    assert (seen.title, seen.tags) == ("Write-Ahead Logging", ["sql", "sqlite"])
    page = (await bo.browser.get("/network")).text
    assert "Second words." in page
    assert "First words." not in page


async def test_an_edited_address_moves_the_entry(fleet, friends):
    ana, bo = friends
    await bo.save(PAGE)
    await ana.save(PAGE, title="WAL")
    await fleet.settle()

    await ana.edit(PAGE, url="https://sqlite.org/walformat.html")
    await fleet.settle()

    assert await lines(bo) == [
        ("https://sqlite.org/walformat.html", ["ana@a.example"]),
        (PAGE, ["bo@b.example"]),
    ]


@on_sqlite
async def test_a_renamed_tag_arrives(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE, tags="sql wal")
    await fleet.settle()

    renamed = await ana.browser.post("/settings/tags/rename", data={"old": "sql", "new": "SQLite"})
    await fleet.settle()

    assert renamed.status_code == 303
    assert (await bo.timeline())[0].tags == ["SQLite", "wal"]


async def test_an_edit_before_the_create_left_still_ends_with_the_last_words(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE, title="first")
    await ana.edit(PAGE, title="second")
    await ana.edit(PAGE, title="third")

    await fleet.settle()

    assert [kind for _, kind in posts(fleet)[2:]] == ["Create"]
    assert (await bo.timeline())[0].title == "third"


async def test_a_delete_arrives_after_thirty_seconds_and_leaves_the_readers_own_save(fleet, friends):
    ana, bo = friends
    saved = await ana.save(PAGE)
    await bo.save(SAME_PAGE)
    await fleet.settle()

    await ana.remove(PAGE)
    fleet.clock.forward(seconds=29)
    await fleet.settle()
    assert said(fleet, "Delete") == []
    await fleet.wait_for_undo()

    assert await lines(bo) == [(SAME_PAGE, ["bo@b.example"])]
    assert await copies(bo.server) == []
    for headers in (AS2, {}):
        assert (await ana.server.client.get(saved.path, headers=headers)).status_code == 410


async def test_an_undo_within_thirty_seconds_says_nothing(fleet, friends):
    ana, bo = friends
    saved = await ana.save(PAGE)
    await fleet.settle()
    before = len(fleet.network.requests)

    await ana.remove(PAGE)
    fleet.clock.forward(seconds=20)
    await fleet.settle()
    assert (await ana.browser.post(f"{saved.path}/undo")).status_code == 303
    await fleet.wait_for_undo()

    assert len(fleet.network.requests) == before
    assert await lines(bo) == [(PAGE, ["ana@a.example"])]
    assert (await ana.server.client.get(saved.path, headers=AS2)).status_code == 200


@on_sqlite
async def test_removed_before_it_left_nothing_is_said_of_it(fleet, friends):
    ana, _ = friends
    await ana.save(PAGE)
    await ana.remove(PAGE)
    fleet.network.down.add("b.example")
    fleet.clock.forward(seconds=31)
    async with entered(ana.server.here):
        await finish_removals()
    fleet.network.down.clear()

    await fleet.settle()

    assert [kind for _, kind in posts(fleet)] == ["Follow", "Accept"]


# Visibility


@pytest.mark.parametrize("visibility", ["unlisted", "followers"])
async def test_unlisted_and_followers_only_arrive_at_followers_and_stay_off_public_pages(fleet, friends, visibility):
    ana, bo = friends

    await ana.save(PAGE, title="Quiet words", tags="quiet", visibility=visibility)
    await fleet.settle()

    assert await lines(bo) == [(PAGE, ["ana@a.example"])]
    assert [row["visibility"] for row in await copies(bo.server)] == [{"unlisted": 2, "followers": 1}[visibility]]
    for server in fleet.servers.values():
        for path in ("/recent", "/t/quiet", f"/url/?url={PAGE}"):
            answer = await server.client.get(path, follow_redirects=True)
            assert "Quiet words" not in answer.text, (server.host, path)
    outbox = await ana.server.client.get("/u/ana/outbox?page=1", headers=AS2)
    assert "Quiet" not in outbox.text


async def test_nothing_private_ever_leaves(fleet, friends):
    ana, bo = friends
    hidden = {"title": "unspokentitle", "description": "unspokenwords", "tags": "unspokentag", "visibility": "private"}
    await ana.save("https://unspokenpage.example/", **hidden)
    await ana.edit("https://unspokenpage.example/", description="unspokenother words")
    shown = await ana.save(
        PAGE, title="WAL", tags="sql .unspokensecret", private_note="unspokennote", to_read=True, starred=True
    )
    await ana.save("https://a.example.com/?token=unspokenkey")
    await fleet.settle()
    await ana.edit(PAGE, title="WAL again", tags="sql .unspokensecret .unspokensecond")
    await ana.browser.post("/press", data={"starred": shown.path.rpartition("/")[2]})
    await ana.browser.post("/press", data={"to_read": shown.path.rpartition("/")[2]})
    await ana.browser.post("/settings/tags/rename", data={"old": ".unspokensecret", "new": ".unspokenthird"})
    await fleet.settle()
    await ana.remove("https://unspokenpage.example/")
    await fleet.wait_for_undo()

    assert len(said(fleet, "Create")) == 1
    assert [seen.title for seen in await bo.timeline()] == ["WAL again"]
    documents = [
        (await ana.server.client.get(path, headers=AS2)).text
        for path in ("/u/ana", "/u/ana/outbox", "/u/ana/outbox?page=1", shown.path, f"{shown.path}/replies")
    ]
    carried = [f"{request.url} {request.headers.raw} {request.content!r}" for request in fleet.network.requests]
    for text in documents + carried:
        assert not re.search(r"unspoken|to.?read|starred|archived|private", text, re.IGNORECASE), text


async def test_made_private_the_copy_goes_and_made_public_again_it_is_another(fleet, friends):
    ana, bo = friends
    first = await ana.save(PAGE)
    await bo.save(SAME_PAGE)
    await fleet.settle()

    await ana.edit(PAGE, visibility="private")
    await fleet.settle()

    assert await lines(bo) == [(SAME_PAGE, ["bo@b.example"])]
    assert (await ana.server.client.get(first.path, headers=AS2)).status_code == 410
    assert (await ana.server.client.get(first.path)).status_code == 410

    second = await ana.edit(PAGE, visibility="public")
    await fleet.settle()

    assert second.public_id != first.public_id
    assert await lines(bo) == [(PAGE, ["ana@a.example", "bo@b.example"])]
    assert (await ana.server.client.get(first.path, headers=AS2)).status_code == 410
    assert (await ana.server.client.get(second.path, headers=AS2)).status_code == 200


@on_sqlite
async def test_under_privacy_lock_nothing_new_is_said(fleet, friends):
    ana, bo = friends
    chosen = {"visibility": "public", "time_zone": "UTC", "theme": "auto", "privacy_lock": "yes"}
    assert (await ana.browser.post("/settings", data=chosen)).status_code == 303

    typed = {"url": PAGE, "title": "WAL", "visibility": "public"}
    assert (await ana.browser.post("/add", data=typed)).status_code == 303
    await fleet.settle()

    assert said(fleet, "Create") == []
    assert await bo.timeline() == []


# Imports, leaving, broken ways


async def test_an_import_is_silent(fleet, friends, tmp_path):
    ana, bo = friends
    await ana.save(PAGE, title="WAL")
    await fleet.settle()
    file = tmp_path / "pinboard.json"
    row = {"description": "imported", "extended": "", "time": "2020-01-01T00:00:00Z", "shared": "yes", "tags": "old"}
    file.write_text(json.dumps([row | {"href": f"https://old.example/{n}"} for n in range(5)] + [row | {"href": PAGE}]))

    async with entered(ana.server.here):
        reports = [report async for report in bring_in(Owner.of(ana.viewer), file)]

    assert (reports[-1].new, reports[-1].changed) == (5, 1)
    assert await waiting(ana.server) == []
    await fleet.settle()
    assert [seen.title for seen in await bo.timeline()] == ["WAL"]
    assert (await ana.server.client.get("/u/ana/outbox", headers=AS2)).json()["totalItems"] == 6


async def test_who_deletes_their_account_vanishes_everywhere(fleet, friends):
    ana, bo = friends
    saved = await ana.save(PAGE)
    await bo.save(SAME_PAGE)
    await ana.follow(bo)
    await fleet.settle()

    left = await ana.browser.post("/settings/leave", data={"username": "ana", "password": PASSWORD})
    await fleet.settle()

    assert left.status_code == 303
    assert await lines(bo) == [(SAME_PAGE, ["bo@b.example"])]
    assert await copies(bo.server) == []
    assert await rows(bo.server, "SELECT * FROM follow") == []
    webfinger = "/.well-known/webfinger?resource=acct:ana@a.example"
    for path in ("/u/ana", "/u/ana/outbox", saved.path, webfinger):
        assert (await ana.server.client.get(path, headers=AS2)).status_code == 410, path
    with pytest.raises((Gone, NotFound)):
        await bo.follow("@ana@a.example")
    async with entered(ana.server.here):
        with pytest.raises(Taken):
            await register("ana", PASSWORD)


async def test_while_the_other_server_is_down_everything_waits_and_then_arrives_in_order(fleet, friends):
    ana, bo = friends
    fleet.network.down.add("b.example")
    await ana.save("https://one.example/", title="one")
    await ana.save("https://two.example/")
    await fleet.settle()
    await ana.edit("https://one.example/", title="one, edited")
    await ana.save("https://three.example/")
    fleet.clock.forward(seconds=20)
    await fleet.settle()
    assert (await bo.timeline(), len(await waiting(ana.server))) == ([], 4)

    fleet.network.down.clear()
    fleet.clock.forward(seconds=80)
    await fleet.settle()

    assert await waiting(ana.server) == []
    kinds = await rows(bo.server, "SELECT kind FROM received_activity ORDER BY id")
    assert [row["kind"] for row in kinds] == ["Accept", "Create", "Create", "Update", "Create"]
    assert [row["url"] for row in await copies(bo.server)] == [
        "https://one.example/",
        "https://two.example/",
        "https://three.example/",
    ]
    assert [seen.title for seen in await bo.timeline()][-1] == "one, edited"


@on_sqlite
async def test_one_server_that_is_down_holds_up_no_other(fleet):
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example")
    await bo.follow(ana)
    await cy.follow(ana)
    await fleet.settle()

    fleet.network.down.add("b.example")
    await ana.save(PAGE)
    await fleet.settle()

    assert (await lines(bo), await lines(cy)) == ([], [(PAGE, ["ana@a.example"])])


async def test_a_create_delivered_again_is_stored_once(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE)
    await fleet.settle()
    request = said(fleet, "Create")[0]

    for _ in range(2):
        answer = await deliver(bo.server, request)
        assert answer.status_code == 202
    await fleet.settle()

    assert await lines(bo) == [(PAGE, ["ana@a.example"])]
    assert len(await rows(bo.server, "SELECT id FROM received_activity WHERE kind = 'Create'")) == 1


async def test_a_create_that_comes_after_its_delete_brings_nothing_back(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE)
    await fleet.settle()
    create = said(fleet, "Create")[0]
    await ana.remove(PAGE)
    await fleet.wait_for_undo()
    async with entered(bo.server.here):
        await execute("DELETE FROM received_activity")

    assert (await deliver(bo.server, create)).status_code == 202
    await fleet.settle()

    assert await bo.timeline() == []


# Who may speak, and where we ask


_SIGNED_WITH = {"host", "date", "digest", "signature", "content-type", "signature-input", "content-digest"}


async def deliver(server: Server, request: httpx.Request, **changed: Any) -> httpx.Response:
    """Say again what was said once, perhaps with other words or headers, as anybody on the network could."""
    headers = {k: v for k, v in request.headers.items() if k in _SIGNED_WITH}
    headers |= changed.get("headers", {})
    headers = {name: value for name, value in headers.items() if value}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=server.asgi)) as anybody:
        content = changed.get("content", request.content)
        return await anybody.post(str(request.url), content=content, headers=headers)


@on_sqlite
async def test_an_unsigned_create_is_refused(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE)
    await fleet.settle()
    words = said(fleet, "Create")[0].content.replace(b"wal.html", b"other.html").replace(b"/b/", b"/b/x")
    before = len(await rows(bo.server, "SELECT id FROM received_activity"))

    unsigned = await deliver(
        bo.server,
        said(fleet, "Create")[0],
        content=words,
        headers=dict.fromkeys(_SIGNED_WITH - {"host", "content-type"}, ""),
    )
    exchanged = await deliver(bo.server, said(fleet, "Create")[0], content=words)

    assert (unsigned.status_code, exchanged.status_code) == (401, 401)
    assert len(await rows(bo.server, "SELECT id FROM received_activity")) == before


@on_sqlite
@pytest.mark.parametrize("key_id", ["https://a.example/u/ana#main-key", "https://evil.example/u/eve#main-key"])
async def test_a_create_forged_by_somebody_else_is_refused(fleet, friends, key_id):
    ana, bo = friends
    await ana.save(PAGE)
    await fleet.settle()
    document = json.loads(said(fleet, "Create")[0].content)
    document["id"] += "x"
    document["object"] |= {"id": document["object"]["id"] + "x", "nameMap": {"en": "not her words"}}
    eve = Stranger(fleet, "https://evil.example/u/eve")
    eve.key_id = key_id
    before = len(await rows(bo.server, "SELECT id FROM received_activity"))

    async with entered(bo.server.here):
        forged = eve.signed(document, host="b.example")
    headers = {name: values[0] for name, values in forged.headers.items()}
    answer = await deliver(
        bo.server, httpx.Request("POST", "https://b.example/inbox"), content=forged.body, headers=headers
    )

    assert answer.status_code == 401
    await fleet.settle()
    assert len(await rows(bo.server, "SELECT id FROM received_activity")) == before
    assert [seen.title for seen in await bo.timeline()] == [PAGE]


async def test_nobody_edits_or_deletes_what_another_saved(fleet, friends):
    ana, bo = friends
    await ana.save(PAGE, title="her words")
    await fleet.settle()
    cy = await fleet.person("cy@a.example")
    await cy.save("https://cy.example/")
    note_id = json.loads(said(fleet, "Create")[0].content)["object"]["id"]
    await bo.follow(cy)
    await fleet.settle()
    async with entered(cy.server.here):
        row = await fetch_one("SELECT * FROM actor WHERE local_name = 'cy'")
    neighbour = Stranger(fleet, "https://evil.example/u/eve")
    neighbour.uri, neighbour.key_id, neighbour.key = cy.uri, f"{cy.uri}#main-key", load_private(row["private_key"])
    note = json.loads(said(fleet, "Create")[0].content)["object"] | {"nameMap": {"en": "not hers"}}
    context = "https://www.w3.org/ns/activitystreams"
    everybody = ["https://www.w3.org/ns/activitystreams#Public"]

    async with entered(bo.server.here):
        for number, document in enumerate(
            (
                {"type": "Delete", "object": note_id},
                {"type": "Update", "object": note | {"attributedTo": cy.uri, "updated": "2026-03-02T00:00:00Z"}},
                {"type": "Delete", "object": ana.uri},
            )
        ):
            named = {"@context": context, "id": f"{cy.uri}#{number}", "actor": cy.uri, "to": everybody} | document
            message = neighbour.signed(named, host="b.example")
            headers = {name: values[0] for name, values in message.headers.items()}
            request = httpx.Request("POST", "https://b.example/inbox")
            await deliver(bo.server, request, content=message.body, headers=headers)
    await fleet.settle()

    titles = [seen.title for seen in await bo.timeline()]
    assert "her words" in titles
    assert "not hers" not in titles


@on_sqlite
async def test_no_fetch_reaches_this_machine_unless_that_is_allowed(fleet):
    bo = await fleet.person("bo@b.example")
    heads: list[str] = []

    async def answer(head: str, writer: Any) -> None:
        heads.append(head)
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async with socket_peer(answer) as origin:
        for who in (
            f"{origin}/u/ana",
            f"@ana@{origin.removeprefix('http://')}",
            f"{origin.replace('127.0.0.1', 'localhost')}/x",
        ):
            async with over_sockets(bo.server.here):
                with pytest.raises(Untrustworthy):
                    await follow(bo.viewer, who)
        assert heads == []

        async with over_sockets(bo.server.here, allow_loopback=True):
            with pytest.raises(NotFound):
                await follow(bo.viewer, f"{origin}/u/ana")

    assert [head.splitlines()[0] for head in heads] == ["GET /u/ana HTTP/1.1"]
