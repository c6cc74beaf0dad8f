"""Direct Notes of other servers that give somebody here a link: taken once, changed, taken back, or without a trace."""

from __future__ import annotations

import copy
import json
from itertools import permutations
from typing import Any

import pytest

from fedimark.bookmarks.for_you import MOST_OF_STRANGERS
from fedimark.database import Row, execute, fetch, marks
from tests.rooms.strangers import Stranger, amount
from tests.rooms.test_incoming import followed

CLEO = "https://mastodon.example/users/cleo"


@pytest.fixture
async def cleo(server, fleet, ana) -> Stranger:
    """Somebody on a Mastodon, whom ana follows."""
    return await followed(ana, Stranger(fleet, CLEO))


def activity(create: dict[str, Any], kind: str, **said: Any) -> dict[str, Any]:
    """Another activity about the same Note, with another Note inside."""
    changed = copy.deepcopy(create)
    changed |= {"id": f"{create['object']['id']}#{kind}{len(said)}", "type": kind}
    changed["object"] |= said
    return changed


async def links() -> list[Row]:
    """What waits for people here."""
    return await fetch("SELECT * FROM link_for_you ORDER BY id")


async def test_a_direct_note_with_a_link_of_somebody_followed_waits_for_whom_it_mentions(cleo, ana, wire):
    assert await cleo.do(wire("mastodon/create_direct_link")) == "given"

    (row,) = await links()
    assert (row["owner_id"], row["url"]) == (ana.viewer.actor_id, "https://sqlite.org/wal.html")
    assert "have you read this?" in row["description"]
    page = (await ana.browser.get("/for-you")).text
    assert "cleo@mastodon.example" in page
    assert [row["kind"] for row in await fetch("SELECT kind FROM notification")] == [7]
    assert await amount("bookmark") == 0


async def test_an_edit_changes_it_and_its_end_takes_it_back_for_good(cleo, wire):
    create = wire("mastodon/create_direct_link")
    await cleo.do(create)
    edited = activity(
        create, "Update", content=create["object"]["content"].replace("wal", "vacuum"), updated="2026-08-22T10:00:00Z"
    )
    await cleo.do(edited)
    assert [row["url"] for row in await links()] == ["https://sqlite.org/vacuum.html"]

    end = {"id": f"{CLEO}#end", "type": "Delete", "actor": CLEO, "object": create["object"]["id"]}
    assert await cleo.do(end) == "deleted"
    assert await links() == []
    assert await amount("notification") == 0

    await cleo.do(activity(create, "Create"))
    assert await links() == []


async def test_what_was_dismissed_does_not_come_back(cleo, ana, wire):
    create = wire("mastodon/create_direct_link")
    await cleo.do(create)
    (row,) = await links()
    await ana.browser.post("/for-you/dismiss", data={"id": row["public_id"]})

    await cleo.do(activity(create, "Update", updated="2026-08-22T10:00:00Z"))

    assert "sqlite.org" not in (await ana.browser.get("/for-you")).text


@pytest.mark.parametrize("order", list(permutations(("create", "update", "delete"))))
async def test_in_whatever_order_they_come_an_ended_note_gives_nothing(cleo, wire, order):
    create = wire("mastodon/create_direct_link")
    said = {
        "create": create,
        "update": activity(create, "Update", updated="2026-08-22T10:00:00Z"),
        "delete": {"id": f"{CLEO}#end", "type": "Delete", "actor": CLEO, "object": create["object"]["id"]},
    }

    for name in order:
        await cleo.do(said[name])

    assert await links() == []


async def test_of_somebody_not_followed_it_leaves_no_trace(server, fleet, ana, wire):
    cleo = Stranger(fleet, CLEO)

    assert await cleo.do(wire("mastodon/create_direct_link")) == "ignored"

    assert await links() == []
    assert await amount("notification") == 0
    await execute("UPDATE account SET takes_links = TRUE")
    await cleo.do(activity(wire("mastodon/create_direct_link"), "Create"))
    assert len(await links()) == 1


async def test_strangers_leave_room_for_friends(server, cleo, fleet, ana, wire):
    await execute("UPDATE account SET takes_links = TRUE")
    columns = "public_id, owner_id, giver_id, uri, uri_hash, page_url, url, title, description, said_at, updated_at"
    for number in range(MOST_OF_STRANGERS):
        named = (
            f"s{number:012}",
            ana.viewer.actor_id,
            999,
            "https://x.example/",
            f"{number:040}",
            "",
            "https://y.example/",
        )
        values = (*named, "", "", 1, 1, 1)
        await execute(f"INSERT INTO link_for_you ({columns}, received_at) VALUES ({marks(12)})", *values)
    eve = Stranger(fleet, "https://elsewhere.example/users/eve")
    hers = json.loads(json.dumps(wire("mastodon/create_direct_link")).replace(CLEO, eve.uri))

    assert await eve.do(hers) == "ignored"
    await cleo.do(wire("mastodon/create_direct_link"))

    assert len(await links()) == MOST_OF_STRANGERS + 1


async def test_nobody_changes_or_ends_what_another_gave(cleo, fleet, wire):
    create = wire("mastodon/create_direct_link")
    await cleo.do(create)
    eve = Stranger(fleet, "https://mastodon.example/users/eve")
    stolen = activity(create, "Update", attributedTo=eve.uri, updated="2026-08-23T10:00:00Z") | {"actor": eve.uri}
    end = {"id": f"{eve.uri}#end", "type": "Delete", "actor": eve.uri, "object": create["object"]["id"]}

    for document in (stolen, end):
        await eve.do(document)

    assert [row["url"] for row in await links()] == ["https://sqlite.org/wal.html"]


PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
NO_LINKS: dict[str, dict[str, Any]] = {
    "no mention": {"tag": []},
    "not addressed": {"to": ["https://b.example/u/bo"]},
    "an answer": {"inReplyTo": "https://sloth.example/notes/1"},
    "no link": {"content": "<p>Good morning!</p>", "contentMap": {"en": "<p>Good morning!</p>"}},
    "a secret": {"content": '<p><a href="https://x.example/?token=1">x</a></p>', "contentMap": {}},
    "for everybody": {"to": [PUBLIC]},
    "for nobody here": {"to": ["https://a.example/u/nobody"]},
}


@pytest.mark.parametrize("said", NO_LINKS.values(), ids=NO_LINKS.keys())
async def test_what_gives_nobody_a_link_is_none(cleo, wire, said):
    create = wire("mastodon/create_direct_link")
    addressed = {name: said[name] for name in ("to",) if name in said}

    await cleo.do(activity(create, "Create", **said) | addressed)

    assert await links() == []
