"""Activities inside others: their author's proof is believed offline, or not at all."""

from __future__ import annotations

import pytest

from fedimark.errors import NotProven
from fedimark.here import MICROS, now
from fedimark.inbox.receive import embedded
from fedimark.moderation.domains import block_domain
from fedimark.vocab.activities import Create
from tests.rooms.provers import Prover, proof_key_of
from tests.rooms.strangers import amount

CLEO = "https://mastodon.example/users/cleo"
HOUR = 3_600 * MICROS


@pytest.fixture
async def cleo(server, fleet) -> Prover:
    """Somebody elsewhere, whose key is known here."""
    prover = Prover(fleet, CLEO)
    await prover.row()
    return prover


async def refused(document) -> str:
    """Why an embedded activity is not believed."""
    with pytest.raises(NotProven) as refusal:
        await embedded(document, now())
    return refusal.value.reason


async def test_a_proven_create_inside_something_is_its_authors_and_nobody_is_asked(cleo):
    asked = len(cleo.peer.asked)

    found = await embedded(cleo.proves(cleo.create(), at=now() - 23 * HOUR), now())

    assert isinstance(found.activity, Create)
    assert found.actor["uri"] == found.activity.actor == CLEO
    assert found.activity.note.title == "A page"
    assert len(cleo.peer.asked) == asked
    assert await amount("received_activity") == 0


async def test_nobody_is_asked_for_a_key_not_known(server, fleet):
    cleo = Prover(fleet, CLEO)

    assert await refused(cleo.proves(cleo.create())) == "proof-unknown-key"
    assert cleo.peer.asked == []


async def test_a_proof_of_yesterday_is_reason_to_look_at_the_origin(cleo):
    assert await refused(cleo.proves(cleo.create(), at=now() - 24 * HOUR)) == "proof-stale"


async def test_a_key_that_changed_is_not_fetched_here(cleo):
    cleo.proof_key = proof_key_of(CLEO, 2)
    cleo.show()
    asked = len(cleo.peer.asked)

    assert await refused(cleo.proves(cleo.create())) == "proof-wrong-signature"
    assert len(cleo.peer.asked) == asked


async def test_without_a_proof_of_its_actor_nothing_is_believed(cleo, fleet):
    eve = Prover(fleet, "https://mastodon.example/users/eve")
    await eve.row()
    changed = cleo.proves(cleo.create())
    changed["object"]["content"] = "<p>Forged.</p>"

    assert await refused(cleo.create()) == "proof-missing"
    assert await refused(changed) == "proof-wrong-signature"
    assert await refused(eve.proves(cleo.create())) == "proof-key-owner"


async def test_what_may_not_be_said_or_brought_is_not_believed(cleo, ana):
    of_another = cleo.create()
    of_another["object"] |= {"attributedTo": "https://mastodon.example/users/eve"}
    ours = {**cleo.create(), "actor": ana.uri, "id": f"{ana.uri}/1"}
    ours["object"] |= {"attributedTo": ana.uri, "id": f"{ana.uri}/b/1"}

    assert await refused(cleo.proves(of_another)) == "attributed-to"
    assert await refused(cleo.proves(ours)) == "proof-own-host"
    assert await refused(cleo.proves(cleo.create(to=[f"{CLEO}/followers"]))) == "proof-not-public"
    assert await refused(cleo.proves({"type": "Create"})) == "actor"
    assert await refused({}) == "type"


async def test_nobody_of_a_blocked_domain_is_believed(cleo):
    document = cleo.proves(cleo.create())
    await block_domain("mastodon.example")

    assert await refused(document) == "blocked"
