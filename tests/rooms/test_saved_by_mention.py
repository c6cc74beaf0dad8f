"""Saving from elsewhere: somebody mentions their own account here, from one that is linked to it, answering a Note."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from fedimark import worker
from fedimark.database import Row, execute, fetch
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger, amount
from tests.stories.reading import Reading

CLEO = "https://mastodon.example/users/cleo"
EZRA = "https://sloth.example/users/ezra"
ANSWERED = "https://sloth.example/notes/1"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def note(**said: Any) -> dict[str, Any]:
    """A Note of ezra's with a link, that itself answers another."""
    plain = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": ANSWERED,
        "type": "Note",
        "attributedTo": EZRA,
        "inReplyTo": "https://sloth.example/notes/0",
        "content": '<p>Read <a href="https://sqlite.org/wal.html">how the log works</a></p>',
        "published": "2026-08-20T10:00:00Z",
        "to": [PUBLIC],
        "cc": [f"{EZRA}/followers"],
    }
    return {**plain, **said}


@pytest.fixture
async def ezra(server, fleet) -> Stranger:
    """Somebody elsewhere, with a Note."""
    stranger = Stranger(fleet, EZRA)
    stranger.peer.document("/notes/1", note())
    return stranger


@pytest.fixture
async def cleo(server, fleet, ana, ezra) -> Stranger:
    """Ana's own account on a Mastodon: each leads to the other by rel=me."""
    await says_theirs(ana)
    return Stranger(fleet, CLEO, url="https://mastodon.example/@cleo")


async def says_theirs(person: Any) -> None:
    """Name the account on the Mastodon in one's profile, and let the worker have found that it leads back."""
    settings = Reading((await person.browser.get("/settings")).text).form("/settings")
    await settings.send(
        person.browser, {"field_name_1": "elsewhere", "field_value_1": "https://mastodon.example/@cleo"}
    )
    await execute("UPDATE profile_link SET verified_at = 1")


async def saved(ana: Any) -> list[Row]:
    """What ana has, once the worker is done."""
    await worker.settle(ana.server.here)
    return await fetch("SELECT * FROM bookmark WHERE actor_id = ? ORDER BY id", ana.viewer.actor_id)


async def test_the_link_of_the_note_that_is_answered_is_saved_private_and_to_read_with_that_note_as_its_source(
    cleo, ana, wire
):
    assert await cleo.do(wire("mastodon/create_reply_to_self")) == "to be saved"

    (row,) = await saved(ana)
    assert (row["url"], row["title"]) == ("https://sqlite.org/wal.html", "how the log works")
    assert (row["visibility"], bool(row["to_read"])) == (0, True)
    assert (row["via"], row["via_author"], row["via_name"]) == (ANSWERED, EZRA, "@ezra@sloth.example")


async def test_a_link_in_the_mention_itself_is_saved_too(cleo, ana, wire):
    await cleo.do(wire("mastodon/create_direct_link"))

    (row,) = await saved(ana)
    assert (row["url"], row["visibility"], row["via"]) == ("https://sqlite.org/wal.html", 0, "")
    assert await amount("link_for_you") == 0


async def test_said_twice_it_is_done_once_and_what_one_has_stays_as_it_is(cleo, ana, wire):
    create = wire("mastodon/create_reply_to_self")
    await ana.save("https://sqlite.org/wal.html", title="Mine", visibility="public")

    for number in range(3):
        await cleo.do({**create, "id": f"{CLEO}#{number}"})

    assert [(row["title"], row["visibility"]) for row in await saved(ana)] == [("Mine", 3)]


async def test_an_account_that_is_not_linked_saves_nothing(ana, ezra, fleet, wire):
    stranger = Stranger(fleet, CLEO, url="https://mastodon.example/@cleo")

    assert await stranger.do(wire("mastodon/create_reply_to_self")) == "ignored"

    assert await saved(ana) == []
    assert await amount("job") == 0
    assert ezra.peer.asked == []


async def test_an_account_that_is_not_known_to_link_back_saves_nothing(ana, ezra, fleet, wire):
    await says_theirs(ana)
    await execute("UPDATE profile_link SET verified_at = NULL")
    stranger = Stranger(fleet, CLEO, url="https://mastodon.example/@cleo")

    await stranger.do(wire("mastodon/create_reply_to_self"))

    assert await saved(ana) == []
    assert ezra.peer.asked == []


async def test_a_linked_account_saves_nothing_for_anybody_else(cleo, ana, server, wire):
    bo = await server.sign_up("bo")
    create = wire("mastodon/create_reply_to_self", **{"u/ana": "u/bo", "@ana": "@bo"})

    await cleo.do(create)

    assert await saved(ana) == []
    assert await saved(bo) == []


async def test_a_deleted_mention_leaves_what_was_saved(cleo, ana, wire):
    create = wire("mastodon/create_reply_to_self")
    await cleo.do(create)
    await saved(ana)

    await cleo.do({"id": f"{CLEO}#end", "type": "Delete", "actor": CLEO, "object": create["object"]["id"]})

    assert len(await saved(ana)) == 1


NOTHING: dict[str, Says | dict[str, Any]] = {
    "gone": Says(410),
    "not there": Says(404),
    "no link": note(content="<p>Good morning!</p>"),
    "another's": note(attributedTo="https://bank.example/users/bank"),
    "a secret": note(content='<p><a href="https://x.example/?token=1">x</a></p>'),
    "a page": Says(200, b"<html></html>", {"content-type": "text/html"}),
}


@pytest.mark.parametrize("answer", NOTHING.values(), ids=NOTHING.keys())
async def test_where_there_is_nothing_to_save_nothing_is(cleo, ana, ezra, wire, answer):
    if isinstance(answer, Says):
        ezra.peer.answers["/notes/1"] = answer
    else:
        ezra.peer.document("/notes/1", answer)

    await cleo.do(wire("mastodon/create_reply_to_self"))

    assert await saved(ana) == []


async def test_of_a_note_that_is_not_for_everybody_the_address_alone_is_saved(cleo, ana, ezra, wire):
    ezra.peer.document("/notes/1", note(to=[f"{EZRA}/followers"], cc=[]))

    await cleo.do(wire("mastodon/create_reply_to_self"))

    (row,) = await saved(ana)
    assert (row["url"], row["title"], row["via"]) == ("https://sqlite.org/wal.html", "https://sqlite.org/wal.html", "")


async def test_a_bookmark_of_this_server_that_is_answered_is_saved_from_its_row(cleo, ana, server, wire):
    bo = await server.sign_up("bo")
    source = await bo.save("https://other.example/", title="Other")
    create = copy.deepcopy(wire("mastodon/create_reply_to_self"))
    create["object"]["inReplyTo"] = f"https://a.example{source.path}"

    await cleo.do(create)

    (row,) = await saved(ana)
    assert (row["url"], row["title"], row["visibility"]) == ("https://other.example/", "Other", 0)
    assert (row["via"], row["via_name"]) == (f"https://a.example{source.path}", "@bo@a.example")
