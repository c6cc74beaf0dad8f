"""What other servers ask of a tag: to follow it, to follow it no more, and what it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedimark.bookmarks.untold import tell_waiting
from fedimark.database import execute, fetch
from fedimark.follows import answer, queries
from fedimark.here import entered
from fedimark.moderation import people
from fedimark.moderation.suspension import suspend
from fedimark.remote.signing import key_id_of
from tests.rooms.strangers import Stranger, amount, applied, letters
from tests.stories.reading import Reading
from tests.support.invariants import disagreements

AS2 = {"Accept": "application/activity+json"}
CLEO = "https://mastodon.example/users/cleo"
TAG = "https://a.example/t/sql"
ANAS = "https://a.example/u/ana/t/sql"
ANAS_BOOKMARKS = "https://a.example/u/ana"

both = pytest.mark.parametrize("target", [TAG, ANAS])


@pytest.fixture
def cleo(server, fleet) -> Stranger:
    """Somebody of another server."""
    return Stranger(fleet, CLEO)


@pytest.fixture
async def tagged(ana):
    """Ana, who has a public bookmark tagged sql; nobody is left to be told of it."""
    await ana.save("https://x.example/1", tags="sql")
    await tell_waiting()
    return ana


def follows(target: str, number: int = 1) -> dict[str, object]:
    """A Follow by cleo."""
    return {"id": f"{CLEO}#follow-{number}", "type": "Follow", "actor": CLEO, "object": target}


def undoes(activity: dict[str, object], **changes: object) -> dict[str, object]:
    """Taking it back."""
    return {"id": f"{activity['id']}-undo", "type": "Undo", "actor": CLEO, "object": {**activity, **changes}}


async def states() -> list[str]:
    """The states of all follows."""
    return [row["state"] for row in await fetch("SELECT state FROM follow ORDER BY id")]


async def told(server) -> list[object]:
    """How many followers a tag says it has, everybody's and ana's."""
    paths = ("/t/sql/followers", "/u/ana/t/sql/followers")
    return [(await server.client.get(path, headers=AS2)).json() for path in paths]


# --- following ------------------------------------------------------------------------------------------------------


@both
async def test_a_tag_is_followed_at_once_and_says_so_itself(tagged, cleo, target):
    assert await cleo.do(follows(target)) == "accepted"

    ((kind, inbox, said),) = await letters()
    assert (kind, inbox) == ("Accept", f"{CLEO}/inbox")
    assert (said["actor"], said["object"]["object"], said["object"]["id"]) == (target, target, f"{CLEO}#follow-1")
    assert said["id"].startswith(target)


@both
async def test_a_tag_signs_with_its_own_key_id(tagged, cleo, server, target):
    await cleo.do(follows(target))
    await server.settle()

    (posted,) = [asked for asked in cleo.peer.asked if asked.method == "POST"]
    assert f'keyId="{target}#main-key"' in posted.headers["signature"]
    (row,) = await fetch("SELECT * FROM actor WHERE tag_id IS NOT NULL")
    assert (key_id_of(row), row["private_key"], row["local_name"], row["uri"]) == (f"{target}#main-key", "", None, None)


@both
async def test_asked_twice_a_tag_has_one_follower_and_answers_twice(tagged, cleo, target):
    await cleo.do(follows(target))
    await cleo.do(follows(target, 2))

    assert await states() == ["accepted"]
    assert [said["object"]["id"][-1] for _, _, said in await letters()] == ["1", "2"]


@both
@pytest.mark.parametrize("named", ["object", "id"])
async def test_a_tag_is_left_again(tagged, cleo, target, named):
    await cleo.do(follows(target))

    undo = undoes(follows(target)) if named == "object" else {**undoes(follows(target)), "object": f"{CLEO}#follow-1"}
    assert await cleo.do(undo) == "withdrawn"

    assert await states() == []


@pytest.mark.parametrize(
    "target",
    [
        "https://a.example/t/nothing",
        "https://a.example/t/.hidden",
        "https://a.example/t/unlisted",
        "https://a.example/t/sql,unlisted",
        "https://a.example/u/bo/t/sql",
        "https://a.example/u/nobody/t/sql",
        "https://a.example/t/%",
    ],
)
async def test_what_is_no_stream_cannot_be_followed(tagged, cleo, server, target):
    await server.sign_up("bo")
    await tagged.save("https://x.example/2", tags=".hidden")
    await tagged.save("https://x.example/3", tags="unlisted", visibility="unlisted")

    assert await cleo.do(follows(target)) == "ignored"

    assert await states() == []
    assert await fetch("SELECT id FROM actor WHERE tag_id IS NOT NULL") == []


@both
async def test_followers_are_counted_and_never_listed(tagged, cleo, server, target):
    await cleo.do(follows(target))

    counted = await told(server)
    page = (await tagged.browser.get("/followers")).text

    assert [one["totalItems"] for one in counted] == ([1, 0] if target == TAG else [0, 1])
    assert not any("first" in one or "orderedItems" in one for one in counted)
    assert "cleo" not in page
    assert (await server.client.get("/u/ana/followers", headers=AS2)).json()["totalItems"] == 0


async def test_other_words_to_a_tag_are_taken_and_change_nothing(tagged, cleo):
    note = {"id": f"{CLEO}/1", "type": "Note", "attributedTo": CLEO, "content": "hello", "to": [TAG]}
    create = {"id": f"{CLEO}/1/create", "type": "Create", "actor": CLEO, "object": note, "to": [TAG]}

    assert await cleo.do(create) == "ignored"
    assert await cleo.do({"id": f"{CLEO}#like", "type": "Like", "actor": CLEO, "object": TAG}) == "ignored"


@pytest.mark.parametrize("path", ["/t/sql/inbox", "/u/ana/t/sql/inbox"])
async def test_what_is_said_to_a_tag_itself_is_taken_counted_and_seen_nowhere(tagged, cleo, server, path):
    # Given words for a tag: a Note, one that mentions it, a like, and a report
    target = f"https://a.example{path.removesuffix('/inbox')}"
    note = {"id": f"{CLEO}/1", "type": "Note", "attributedTo": CLEO, "content": "<p>hello</p>", "to": [target]}
    mention = [{"type": "Mention", "href": target, "name": "@tag.sql@a.example"}]
    said = [
        {"type": "Create", "object": note},
        {"type": "Create", "object": {**note, "id": f"{CLEO}/2", "tag": mention}},
        {"type": "Like", "object": target},
        {"type": "Flag", "object": [ANAS_BOOKMARKS], "content": "Sells watches."},
    ]

    # When they come to its own inbox
    statuses = []
    for number, each in enumerate(said):
        sent = cleo.signed({"id": f"{CLEO}#{number}", "actor": CLEO, "to": [target], **each}, to=path)
        headers = {name: value for name, (value,) in sent.headers.items()}
        statuses.append((await server.client.post(path, content=sent.body, headers=headers)).status_code)
    await applied()

    # Then each is taken and counted, the report waits for an admin, and of the rest nothing is left
    assert statuses == [202] * 4
    rows = await fetch("SELECT kind, outcome FROM received_activity ORDER BY id")
    assert [(row["kind"], row["outcome"]) for row in rows] == [
        ("Create", "ignored"),
        ("Create", "ignored"),
        ("Like", "ignored"),
        ("Flag", "reported"),
    ]
    for table in ("remark", "reaction", "notification", "link_for_you", "bookmark WHERE NOT is_local"):
        assert await amount(table) == 0
    assert await amount("report") == 1


async def test_the_inbox_of_a_tag_is_there_and_of_another_is_not(tagged, cleo, server):
    paths = {"/t/sql/inbox": 202, "/u/ana/t/sql/inbox": 202, "/t/no/inbox": 404, "/u/ana/t/no/inbox": 404}

    for number, (path, status) in enumerate(paths.items()):
        sent = cleo.signed(follows(TAG, number), to=path)
        headers = {name: value for name, (value,) in sent.headers.items()}
        assert (await server.client.post(path, content=sent.body, headers=headers)).status_code == status


# --- who approves by hand -------------------------------------------------------------------------------------------


async def test_the_tag_of_who_approves_by_hand_waits_for_them(tagged, cleo):
    # Given somebody who wants to see who follows
    await execute("UPDATE actor SET approves_followers = TRUE WHERE local_name = 'ana'")

    # When their tag is asked for
    assert await cleo.do(follows(ANAS)) == "requested"
    (waiting,) = await queries.requests(tagged.viewer.actor_id)
    page = Reading((await tagged.browser.get("/followers")).text)
    assert waiting["tag"] == "#sql"
    assert "asked for #sql" in page.one("ul", "list").text

    # Then they say yes on their page, and the tag says it
    await answer.accept(tagged.viewer, str(waiting["id"]))
    assert [(kind, said["actor"]) for kind, _, said in await letters()] == [("Accept", ANAS)]
    assert await states() == ["accepted"]


async def test_nobody_answers_for_the_tag_of_another(tagged, cleo, server):
    bo = await server.sign_up("bo")
    await execute("UPDATE actor SET approves_followers = TRUE WHERE local_name = 'ana'")
    await cleo.do(follows(ANAS))
    (waiting,) = await queries.requests(tagged.viewer.actor_id)

    sent = await bo.browser.post("/followers/answer", data={"id": str(waiting["id"]), "answer": "accept"})

    assert sent.status_code == 404
    assert await states() == ["requested"]
    assert await queries.requests(bo.viewer.actor_id) == []


async def test_of_a_crowd_at_a_tag_the_later_ones_wait_for_an_admin(server, fleet):
    # Given a tag, an admin, and room for two new followers an hour of one server
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")
    await bo.save("https://x.example/1", tags="sql")
    one = replace(server.here, settings=replace(server.here.settings, follows_an_hour_per_host=2))

    # When three of them come
    async with entered(one):
        for name in ("cleo", "dan", "eve"):
            stranger = Stranger(fleet, f"https://mastodon.example/users/{name}")
            await stranger.do({"id": f"{stranger.uri}#f", "type": "Follow", "actor": stranger.uri, "object": TAG})
    assert await states() == ["accepted", "accepted", "requested"]

    # Then the third is the admin's to answer and nobody else's
    assert await queries.requests(bo.viewer.actor_id) == []
    (waiting,) = await queries.requests(ana.viewer.actor_id)
    sent = {"id": str(waiting["id"]), "answer": "accept"}
    assert (await bo.browser.post("/followers/answer", data=sent)).status_code == 404
    assert (await ana.browser.post("/followers/answer", data=sent)).status_code == 303
    assert await states() == ["accepted"] * 3


# --- blocks and ends ------------------------------------------------------------------------------------------------


async def test_whom_somebody_blocks_cannot_follow_their_tag(tagged, cleo):
    await cleo.row()
    await people.block(tagged.viewer, CLEO)

    assert await cleo.do(follows(ANAS)) == "refused"
    assert [kind for kind, _, _ in await letters()] == ["Block", "Reject"]
    assert await cleo.do(follows(TAG, 2)) == "accepted"


async def test_a_block_ends_the_follow_of_ones_tags(tagged, cleo):
    await cleo.do(follows(ANAS))
    await cleo.do(follows(TAG, 2))

    await people.block(tagged.viewer, CLEO)

    assert await states() == ["accepted"]
    assert [(kind, said["actor"]) for kind, _, said in (await letters())[2:]] == [
        ("Reject", ANAS),
        ("Block", tagged.uri),
    ]


@both
async def test_who_blocks_a_tag_follows_it_no_more(tagged, cleo, target):
    await cleo.do(follows(target))
    block = {"id": f"{CLEO}#block", "type": "Block", "actor": CLEO, "object": target}

    assert await cleo.do(block) == "blocked"
    assert await states() == []
    assert await cleo.do(follows(target, 2)) == "refused"
    assert await cleo.do(undoes(block)) == "unblocked"
    assert await cleo.do(follows(target, 3)) == "accepted"


async def test_the_tag_of_somebody_suspended_answers_nobody(tagged, cleo, server):
    await suspend("ana")

    assert await cleo.do(follows(ANAS)) == "ignored"
    for path in ("outbox", "followers", "announce/aaaaaaaaaaaaa"):
        assert (await server.client.get(f"/u/ana/t/sql/{path}", headers=AS2)).status_code == 403


# --- the outbox -----------------------------------------------------------------------------------------------------


async def outbox(server, path: str) -> list[str]:
    """The objects of every page of an outbox."""
    first = (await server.client.get(f"{path}/outbox", headers=AS2)).json()
    found, page = [], first["first"]
    while page:
        said = (await server.client.get(page, headers=AS2)).json()
        found += said["orderedItems"]
        page = said.get("next")
    assert first["totalItems"] == len(found)
    return [each["object"] for each in found]


async def test_the_outbox_holds_every_public_bookmark_of_the_tag_and_nothing_else(ana, server, clock):
    bo = await server.sign_up("bo")
    kept = {}
    for person in (ana, bo):
        for visibility in ("public", "unlisted", "followers", "private"):
            clock.forward(seconds=1)
            saved = await person.save(f"https://x.example/{visibility}", tags="sql", visibility=visibility)
            kept[person.name, visibility] = f"https://a.example{saved.path}"
        await person.save("https://x.example/other", tags=".sql rust")

    assert await outbox(server, "/t/sql") == [kept["bo", "public"], kept["ana", "public"]]
    assert await outbox(server, "/u/ana/t/sql") == [kept["ana", "public"]]
    assert await disagreements() == []


async def test_the_outbox_goes_on_from_page_to_page(ana, server, clock):
    saved = []
    for number in range(45):
        clock.forward(seconds=number % 2)
        saved.append(f"https://a.example{(await ana.save(f'https://x.example/{number}', tags='sql')).path}")

    assert await outbox(server, "/t/sql") == saved[::-1]


@pytest.mark.parametrize("choice", ["keeps_out", "approves_followers"])
async def test_who_keeps_out_is_in_no_outbox_but_their_own(tagged, server, choice):
    (before,) = await outbox(server, "/t/sql")
    await execute(f"UPDATE actor SET {choice} = TRUE WHERE local_name = 'ana'")

    assert await outbox(server, "/t/sql") == []
    assert await outbox(server, "/u/ana/t/sql") == [before]


async def test_an_announce_can_be_asked_for_by_its_id(tagged, server):
    saved = await tagged.save("https://x.example/2", tags="sql")

    for target in (TAG, ANAS):
        answer_ = await server.client.get(f"{target}/announce/{saved.public_id}", headers=AS2)
        said = answer_.json()
        assert (said["id"], said["type"]) == (f"{target}/announce/{saved.public_id}", "Announce")
        assert (said["actor"], said["object"]) == (target, f"https://a.example{saved.path}")
        assert said["cc"] == [f"{target}/followers"]


@pytest.mark.parametrize("visibility", ["unlisted", "followers", "private"])
async def test_an_announce_of_what_is_not_public_answers_like_one_that_never_was(tagged, server, visibility):
    saved = await tagged.save("https://x.example/2", tags="sql", visibility=visibility)

    for target in (TAG, ANAS):
        one = await server.client.get(f"{target}/announce/{saved.public_id}", headers=AS2)
        never = await server.client.get(f"{target}/announce/aaaaaaaaaaaaa", headers=AS2)
        assert (one.status_code, one.text) == (404, never.text)
