"""Moving away goes to an account that says so itself, once, and never to oneself or to somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.accounts import aliases, moving
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.save import Rewrite, rewrite_bookmark, save_many
from fedimark.database import fetch
from fedimark.errors import FedimarkError, Forbidden, Refused, Taken
from fedimark.follows.request import follow
from tests.rooms.strangers import Stranger, letters
from tests.support.people import PASSWORD, Person

NEW = "https://sloth.example/users/anna"


@pytest.fixture
def new(server: Any, fleet: Any, ana: Person) -> Stranger:
    """An account elsewhere that names ana's."""
    return Stranger(fleet, NEW, alsoKnownAs=[ana.uri])


async def moved_to(person: Person) -> str:
    return (await moving.standing_of(person.viewer)).moved_to


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"alsoKnownAs": []}, "does not name this one"),
        ({"alsoKnownAs": "https://a.example/u/anastasia"}, "does not name this one"),
        ({"alsoKnownAs": ["https://a.example/u/ana"], "movedTo": "https://third.example/anna"}, "moved on itself"),
        ({"alsoKnownAs": ["https://a.example/u/ana"], "type": "Service"}, "no account of a person"),
    ],
)
async def test_who_does_not_say_so_is_nobody_to_move_to(server, fleet, ana, said, words):
    Stranger(fleet, NEW, **said)

    with pytest.raises(Refused, match=words):
        await moving.move(ana.viewer, NEW, PASSWORD)

    assert await moved_to(ana) == ""
    assert await letters() == []


@pytest.mark.parametrize("who", ["ana", "@ana@a.example", "bo", "https://nobody.example/anna", "no handle at all"])
async def test_nobody_moves_to_oneself_within_a_server_or_to_an_account_that_is_not_there(server, ana, who):
    await server.sign_up("bo")

    with pytest.raises(FedimarkError):
        await moving.move(ana.viewer, who, PASSWORD)

    assert await moved_to(ana) == ""


async def test_an_account_that_is_gone_is_nobody_to_move_to(server, ana, new):
    new.peer.answers.clear()

    with pytest.raises(FedimarkError):
        await moving.move(ana.viewer, NEW, PASSWORD)

    assert await moved_to(ana) == ""


async def test_a_move_needs_the_password_and_happens_once(server, ana, new):
    with pytest.raises(Refused) as wrong:
        await moving.move(ana.viewer, NEW, "not it")
    await moving.move(ana.viewer, NEW, PASSWORD)

    with pytest.raises(Taken):
        await moving.move(ana.viewer, NEW, PASSWORD)
    assert wrong.value.field == "password"
    assert await moved_to(ana) == NEW


async def test_followers_hear_the_new_document_and_then_the_move(server, fleet, ana, new):
    cleo = Stranger(fleet, "https://mastodon.example/users/cleo")
    await cleo.do({"id": f"{cleo.uri}#1", "type": "Follow", "actor": cleo.uri, "object": ana.uri})
    before = len(await letters())

    await moving.move(ana.viewer, NEW, PASSWORD)

    said = [document for _, _, document in await letters()][before:]
    assert [document["type"] for document in said] == ["Update", "Move"]
    assert said[0]["object"]["movedTo"] == NEW
    assert (said[1]["actor"], said[1]["object"], said[1]["target"]) == (ana.uri, ana.uri, NEW)


async def test_nothing_new_is_saved_by_any_way_and_what_is_there_can_be_hidden(server, ana, new):
    await ana.save("https://one.example/", title="One")
    await moving.move(ana.viewer, NEW, PASSWORD)
    owner, draft = Owner.of(ana.viewer), Draft("https://two.example/")

    async def nothing() -> None:
        return None

    for saving in (
        ana.save("https://two.example/"),
        save_many(owner, [draft]),
        rewrite_bookmark(owner, nothing, lambda _: Rewrite(draft)),
    ):
        with pytest.raises(Forbidden, match="moved"):
            await saving
    await ana.edit("https://one.example/", visibility="private")
    await ana.remove("https://one.example/")


async def test_who_moved_is_followed_no_more_neither_from_here_nor_from_elsewhere(server, fleet, ana, new):
    bo = await server.sign_up("bo")
    cleo = Stranger(fleet, "https://mastodon.example/users/cleo")
    await moving.move(ana.viewer, NEW, PASSWORD)

    with pytest.raises(Refused, match="moved"):
        await follow(bo.viewer, "ana")

    asks = {"id": f"{cleo.uri}#1", "type": "Follow", "actor": cleo.uri, "object": ana.uri}
    assert await cleo.do(asks) == "refused"
    assert await fetch("SELECT id FROM follow WHERE target_id = ?", ana.viewer.actor_id) == []


async def test_other_accounts_are_named_in_the_document_and_taken_out_again(server, fleet, ana, new):
    await aliases.add_alias(ana.viewer, NEW)
    await aliases.add_alias(ana.viewer, "@anna@sloth.example")

    shown = await ana.browser.get("/u/ana", headers={"accept": "application/activity+json"})
    assert shown.json()["alsoKnownAs"] == [NEW]
    assert [each.handle for each in await aliases.aliases_of(ana.viewer)] == ["@anna@sloth.example"]
    await aliases.drop_alias(ana.viewer, NEW)
    assert await aliases.aliases_of(ana.viewer) == ()


@pytest.mark.parametrize("who", ["ana", "bo"])
async def test_an_account_of_this_server_is_no_other_account(server, ana, who):
    await server.sign_up("bo")

    with pytest.raises(Refused, match="of this server"):
        await aliases.add_alias(ana.viewer, who)
