"""What we say to everybody bears its author's proof, so that others can pass it on; what is for some does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedimark.accounts.keys import rotate
from fedimark.accounts.queries import actor_by_name
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import finish_removals, remove_bookmark
from fedimark.database import execute, fetch_one, write
from fedimark.here import entered, now
from fedimark.outbox import documents, publish
from fedimark.outbox.profiles import BOOKMARKS, FEDIMARK, LINK, MICRO
from fedimark.outbox.proofs import sealed
from fedimark.signatures.keys import load_public
from fedimark.signatures.multikey import multikey_pem
from fedimark.signatures.proofs import CONTEXT, LASTS, BadProof, check, read, verify
from fedimark.vocab.keys import read_keys
from fedimark.vocab.reading import loads
from tests.rooms.strangers import Stranger, letters
from tests.rooms.test_outbox import AS2, arrive, edit, follower, save

PAGE = "https://example.org/page"


@pytest.fixture
async def cleo(server, fleet, ana) -> Stranger:
    """A follower elsewhere."""
    return await follower(fleet, ana, "https://mastodon.example/users/cleo")


async def said(kind: str) -> dict[str, Any]:
    """The last activity of this kind that waits to be sent, as its reader reads it."""
    document: dict[str, Any] = [document for each, _, document in await letters() if each == kind][-1]
    return loads(json.dumps(document).encode())


async def holds(server: Any, document: Any, path: str = "/u/ana") -> None:
    """Verify a proof with the key that the actor's document names, as anybody elsewhere does."""
    actor = json.loads((await server.client.get(path, headers=AS2)).content)
    proof = read(document)
    keys = {key.id: load_public(multikey_pem(key.multibase)) for key in read_keys(actor) if key.multibase}
    check(proof, now())
    verify(document, proof, keys[proof.key_id])


async def test_create_update_and_delete_for_everybody_are_proven(ana, cleo, server, clock):
    row = await save(ana, PAGE, title="A page")
    create = await said("Create")
    await arrive()
    row = await edit(ana, row, title="A better page")
    update = await said("Update")
    await arrive()
    await remove_bookmark(Owner.of(ana.viewer), row["public_id"])
    clock.forward(seconds=31)
    await finish_removals()

    for document in (create, update, await said("Delete")):
        await holds(server, document)


async def test_what_people_say_of_themselves_is_proven(ana, cleo, server):
    async with write():
        await publish.person_changed(await actor_by_name("ana"))
    await holds(server, await said("Update"))
    async with write():
        await publish.person_ended(await actor_by_name("ana"))

    await holds(server, await said("Delete"))


async def test_a_proof_lasts_three_days_and_names_whole_seconds(ana, cleo):
    await save(ana, PAGE)
    document = await said("Create")
    proof = read(document)

    assert proof.expires == proof.created + LASTS
    assert "." not in document["proof"]["created"] + document["proof"]["expires"]
    with pytest.raises(BadProof, match="expired"):
        check(proof, proof.created + LASTS)


@pytest.mark.parametrize("visibility", ["unlisted", "followers"])
async def test_what_is_not_for_everybody_bears_no_proof(ana, cleo, visibility):
    row = await save(ana, PAGE, visibility=visibility)
    create = await said("Create")
    await arrive()
    await edit(ana, row, title="A better page", visibility=visibility)

    for document in (create, await said("Update")):
        assert "proof" not in document
        assert CONTEXT not in document["@context"]


async def test_letters_to_one_person_bear_no_proof(ana, cleo, server):
    await ana.follow("https://mastodon.example/users/cleo")

    assert "proof" not in await said("Follow")


async def test_nothing_an_outbox_shows_bears_a_proof(ana, cleo, server):
    await save(ana, PAGE)

    page = json.loads((await server.client.get("/u/ana/outbox?page=first", headers=AS2)).content)

    assert page["orderedItems"]
    assert "proof" not in json.dumps(page)


@pytest.mark.parametrize("profile", [MICRO, LINK, BOOKMARKS, FEDIMARK])
async def test_each_shape_has_a_proof_of_its_own(ana, server, profile):
    row = await save(ana, PAGE, title="A page", tag_text="c++ neural-net")

    document = sealed(documents.create("ana", row, profile), await actor_by_name("ana"), now())

    await holds(server, document)


async def test_the_server_itself_can_prove_what_it_says(server):
    row = await fetch_one("SELECT * FROM actor WHERE kind = 'Application'")
    uri = "https://a.example/actor"
    said_by_it = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{uri}#1",
        "type": "Announce",
        "actor": uri,
    }
    everybody = ["https://www.w3.org/ns/activitystreams#Public"]

    document = sealed({**said_by_it, "to": everybody, "object": PAGE}, row, now())

    await holds(server, document, "/actor")


async def test_who_has_no_key_for_proofs_says_everything_without(ana, cleo, server):
    await execute("UPDATE actor SET proof_private_key = NULL, proof_public_key = NULL WHERE local_name = 'ana'")
    await save(ana, PAGE)

    actor = json.loads((await server.client.get("/u/ana", headers=AS2)).content)

    assert "proof" not in await said("Create")
    assert "assertionMethod" not in actor


async def test_an_old_key_proves_nothing_after_a_change_of_keys(ana, cleo, server):
    await save(ana, PAGE)
    before = await said("Create")
    await holds(server, before)

    await rotate(await actor_by_name("ana"))

    with pytest.raises(KeyError):
        await holds(server, before)
    await holds(server, await said("Update"))
    assert read(await said("Update")).key_id != read(before).key_id


# --- strict readers --------------------------------------------------------------------------------------------------


async def test_strict_readers_find_nothing_odd(ana, cleo):
    await save(ana, PAGE, title="A page", tag_text="neural-net")
    document = await said("Create")

    proof = document["proof"]
    assert list(document)[-1] == "proof"
    # Mastodon and Mitra take one object whose context is the document's own; a Go struct wants strings.
    assert isinstance(proof, dict)
    assert proof["@context"] == document["@context"]
    assert all(isinstance(value, str) for name, value in proof.items() if name != "@context")
    assert document["@context"][:2] == ["https://www.w3.org/ns/activitystreams", CONTEXT]
    assert "proof" not in document["object"]


@pytest.mark.parametrize("profile", [MICRO, LINK, BOOKMARKS])
async def test_with_its_proof_the_longest_activity_stays_below_48_kb(ana, server, profile):
    url = "https://example.org/" + "p" * 1_000
    row = await save(
        ana, url, title="T" * 255, description="word & " * 9_000, tag_text=" ".join(map("tag{}".format, range(99)))
    )
    longest_name = {**await actor_by_name("ana"), "local_name": "a" * 30}

    document = sealed(documents.update("a" * 30, row, "u" * 13, profile), longest_name, now())

    assert "proof" in document
    size = len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    assert 40_000 < size < 47_000  # the host stands four times around the Note, and may be long


# --- passed on -------------------------------------------------------------------------------------------------------


async def test_what_one_server_said_another_can_bring_to_a_third(fleet, database):
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example")
    await bo.follow(ana)
    await cy.follow(ana)
    await fleet.settle()
    fleet.network.down.add("c.example")
    await ana.save(PAGE, title="A page")
    await fleet.settle()
    fleet.network.down.clear()
    said = [request.content for request in fleet.network.requests if b'"type":"Create"' in request.content]

    async with entered(cy.server.here):
        await Stranger(fleet, "https://relay.example/actor").say(said[-1], host="c.example")
    await cy.server.settle()

    assert [line.savers for line in await cy.timeline()] == [["ana@a.example"]]
