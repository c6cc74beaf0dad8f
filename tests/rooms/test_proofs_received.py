"""What somebody brings who did not say it: believed where its author's proof holds, as the author's, and once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from fedimark.database import execute, fetch, fetch_one
from fedimark.errors import Forbidden, Malformed, NotProven, Unreachable
from fedimark.logs import INBOX_PROOF_IGNORED
from fedimark.moderation.domains import block_domain
from fedimark.signatures.keys import public_pem
from fedimark.signatures.message import Message
from fedimark.vocab.terms import PUBLIC
from tests.rooms.peers import AS2
from tests.rooms.provers import Prover, proof_key_of
from tests.rooms.strangers import Stranger, amount, deliver
from tests.rooms.test_incoming import followed

CLEO = "https://mastodon.example/users/cleo"
EVE = "https://mastodon.example/users/eve"
RELAY = "https://relay.example/actor"


@pytest.fixture
async def cleo(server, fleet, ana) -> Prover:
    """Somebody elsewhere whom ana follows, known here."""
    return await followed(ana, Prover(fleet, CLEO))


@pytest.fixture
def eve(cleo, fleet) -> Prover:
    """Somebody of cleo's server, who means no good."""
    return Prover(fleet, EVE)


@pytest.fixture
def relay(server, fleet) -> Stranger:
    """Somebody of a third server, who passes things on."""
    return Stranger(fleet, RELAY)


async def refused(bearer: Stranger, document: Any) -> str:
    """Why a document brought by somebody is refused; nothing of it is kept."""
    before = await amount("received_activity")
    with pytest.raises(NotProven) as refusal:
        await bearer.say(document)
    assert await amount("received_activity") == before
    return refusal.value.reason


async def received() -> list[str]:
    """Who said what was received last, newest first."""
    sql = "SELECT a.uri FROM received_activity r JOIN actor a ON a.id = r.actor_id ORDER BY r.id DESC"
    return [row["uri"] for row in await fetch(sql)]


# --- believed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bearer", ["relay", "eve"])
async def test_what_another_brings_is_its_authors(cleo, bearer, request):
    came_to = await request.getfixturevalue(bearer).do(cleo.proves(cleo.create()))

    assert came_to == "saved"
    assert (await received())[0] == CLEO
    row = await fetch_one("SELECT a.uri FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE NOT b.is_local")
    assert row == {"uri": CLEO}


async def test_brought_by_many_and_by_its_author_it_is_taken_once(cleo, relay, eve):
    document = cleo.proves(cleo.create())
    before = await amount("received_activity")

    for bearer in (relay, eve, cleo, relay):
        await bearer.say(document)

    assert await amount("received_activity") == before + 1


async def test_an_author_unknown_until_now_is_asked_for_their_key_once(server, fleet, relay):
    cleo = Prover(fleet, CLEO)

    for number in range(3):
        await relay.say(cleo.proves(cleo.create(number)))

    assert await received() == [CLEO] * 3
    assert [asked.target for asked in cleo.peer.asked].count("/users/cleo") == 1


async def test_a_new_key_for_proofs_is_fetched_once_and_every_bad_proof_after_that_is_not(cleo, relay):
    cleo.proof_key = proof_key_of(CLEO, 2)
    cleo.show()
    await relay.say(cleo.proves(cleo.create(1)))
    asked = len(cleo.peer.asked)

    cleo.proof_key = proof_key_of(CLEO, 3)
    for number in range(2, 5):
        assert await refused(relay, cleo.proves(cleo.create(number))) == "proof-wrong-signature"

    assert len(cleo.peer.asked) == asked


async def test_what_its_author_deleted_stays_dead_whoever_brings_it_again(cleo, relay):
    create = cleo.proves(cleo.create())
    assert await relay.do(cleo.proves(cleo.delete())) == "ignored"

    assert await relay.do(create) == "ignored"
    assert await relay.do(cleo.proves({**cleo.create(), "id": f"{CLEO}/again"})) == "ignored"

    assert await fetch("SELECT id FROM bookmark WHERE NOT is_local") == []


async def test_a_proven_delete_deletes_whoever_brings_it(cleo, relay):
    await cleo.do(cleo.create())

    assert await relay.do(cleo.proves(cleo.delete())) == "deleted"


async def test_fedifys_proofs_hold_whose_context_stands_in_the_document_alone(cleo, relay):
    document = cleo.proves(cleo.create())
    del document["proof"]["@context"]

    assert await relay.do(document) == "saved"


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "proof"),
    [
        ("malformed", [{}] * 100),
        ("malformed", "z5ukz"),
        ("unsupported-suite", {}),
        ("unsupported-suite", {"cryptosuite": "eddsa-rdfc-2022"}),
        ("wrong-purpose", {"proofPurpose": "authentication"}),
        ("wrong-context", {"@context": []}),
        ("unsupported-terms", {"domain": "b.example"}),
        ("unsupported-method", {"verificationMethod": "did:key:z6Mk#z6Mk"}),
        ("malformed", {"verificationMethod": 7}),
        ("malformed", {"proofValue": "z1"}),
        ("malformed", {"created": 7}),
        ("future", {"created": "2027-01-01T00:00:00Z"}),
        ("stale", {"created": "2026-02-01T00:00:00Z"}),
        ("expired", {"expires": "2026-03-01T00:00:00Z"}),
        ("key-host", {"verificationMethod": "https://other.example/users/cleo#ed25519-key"}),
        ("key-host", {"verificationMethod": "https://a.example/u/ana#ed25519-key"}),
    ],
)
async def test_a_proof_that_can_be_none_makes_us_ask_nobody(server, fleet, relay, reason, proof):
    cleo = Prover(fleet, CLEO)
    document = cleo.proves(cleo.create(), **(proof if isinstance(proof, dict) else {}))
    if not (isinstance(proof, dict) and proof):
        document["proof"] = proof

    assert await refused(relay, document) == f"proof-{reason}"

    assert cleo.peer.asked == []
    assert relay.peer.asked == []


async def test_a_proof_over_other_bytes_is_refused(cleo, relay):
    document = cleo.proves(cleo.create())
    document["object"]["content"] = "<p>Forged.</p>"

    assert await refused(relay, document) == "proof-wrong-signature"
    assert await refused(relay, {**cleo.create(2), "proof": document["proof"]}) == "proof-wrong-context"


async def test_the_key_of_a_neighbour_proves_nothing(cleo, eve, relay):
    await eve.row()
    forged = eve.proves(cleo.create())

    assert await refused(eve, forged) == "proof-key-owner"
    assert await refused(relay, forged) == "proof-key-owner"


async def test_a_neighbour_who_names_the_authors_key_as_their_own_proves_nothing(cleo, eve, relay):
    eve.proof_key_id = cleo.proof_key_id
    eve.show()
    await eve.row()

    assert await refused(relay, eve.proves(cleo.create())) == "proof-wrong-signature"


async def test_a_key_that_signs_requests_only_proves_no_document(server, fleet, relay):
    cleo = Prover(fleet, CLEO)
    cleo.proof_key_id = f"{CLEO}#main-key"
    pem = public_pem(cleo.proof_key)
    cleo.said |= {"assertionMethod": [], "publicKey": {"id": cleo.proof_key_id, "owner": CLEO, "publicKeyPem": pem}}
    cleo.show()

    assert await refused(relay, cleo.proves(cleo.create())) == "no-key"


async def test_an_rsa_key_proves_no_document(cleo, relay):
    cleo.proof_key_id = cleo.key_id

    assert await refused(relay, cleo.proves(cleo.create())) == "no-key"


async def test_a_key_that_is_published_no_more_proves_nothing(cleo, relay, clock):
    cleo.said["assertionMethod"] = []
    cleo.show()
    await execute("UPDATE actor SET fetched_at = 0 WHERE uri = ?", CLEO)
    clock.forward(days=2)
    await cleo.row()

    assert await refused(relay, cleo.proves(cleo.create())) == "no-key"


async def test_while_the_authors_key_cannot_be_had_the_bearer_shall_come_again(server, fleet, relay):
    cleo = Prover(fleet, CLEO)
    await relay.row()
    fleet.network.down.add("mastodon.example")

    with pytest.raises(Unreachable):
        await relay.say(cleo.proves(cleo.create()))

    assert await amount("received_activity") == 0


async def test_who_brings_something_signs_the_request(cleo, relay, fleet):
    document = cleo.proves(cleo.create())
    unsigned = Message(
        "POST", "/inbox", {"host": ("a.example",), "content-type": (AS2,)}, json.dumps(document).encode()
    )
    signed = relay.signed(cleo.proves(cleo.create(2)))
    impostor = Stranger(fleet, "https://relay.example/impostor")
    impostor.key_id = relay.key_id

    with pytest.raises(NotProven, match="unsigned"):
        await deliver(unsigned)
    with pytest.raises(NotProven, match="wrong-digest"):
        await deliver(Message("POST", "/inbox", signed.headers, unsigned.body))
    assert await refused(impostor, document) == "wrong-signature"


async def test_what_was_not_said_to_everybody_is_for_nobody_else_to_bring(cleo, relay, ana):
    private = cleo.create(1, to=[f"{CLEO}/followers"])
    private["object"]["to"] = [f"{CLEO}/followers"]
    follow = {"id": f"{CLEO}/f", "type": "Follow", "actor": CLEO, "object": ana.uri, "to": [ana.uri]}

    for document in (private, {**cleo.create(2), "to": None}):
        assert await refused(relay, cleo.proves(document)) == "proof-not-public"
    for to in (ana.uri, PUBLIC):
        assert await refused(relay, cleo.proves({**follow, "to": [to]})) == "proof-personal"
        undo = {"id": f"{CLEO}/f/undo", "type": "Undo", "actor": CLEO, "object": follow, "to": [to]}
        assert await refused(relay, cleo.proves(undo)) == "proof-personal"


async def test_what_has_no_id_could_be_brought_for_ever(cleo, relay):
    assert await refused(relay, cleo.proves({**cleo.create(), "id": None})) == "proof-no-id"


async def test_what_is_not_its_authors_to_say_is_forbidden_however_well_proven(cleo, eve, relay):
    create = cleo.create()
    create["object"] |= {"attributedTo": EVE, "id": f"{EVE}/b/1"}

    with pytest.raises(Forbidden):
        await relay.say(cleo.proves(create))


async def test_nobody_brings_us_what_our_own_people_said(cleo, relay, ana, server):
    own = {**cleo.create(), "actor": ana.uri, "id": f"{ana.uri}/1"}
    own["object"] |= {"attributedTo": ana.uri, "id": f"{ana.uri}/b/1"}

    assert await refused(relay, cleo.proves(own)) == "own-host"


@pytest.mark.parametrize("host", ["relay.example", "mastodon.example"])
async def test_neither_bearer_nor_author_is_of_a_blocked_domain(server, fleet, relay, host):
    cleo = Prover(fleet, CLEO)
    await block_domain(host)

    with pytest.raises(Forbidden):
        await relay.say(cleo.proves(cleo.create()))

    assert cleo.peer.asked == []
    assert await amount("received_activity") == 0


@pytest.mark.parametrize("bomb", [[0] * 20_000, 2**60, [[[0.1] * 100] * 20] * 5, "x" * 900_000])
async def test_a_document_too_heavy_or_ambiguous_to_hash_is_refused(cleo, relay, bomb):
    document = cleo.proves(cleo.create()) | {"bomb": bomb}

    assert await refused(relay, document) in ("proof-not-canonical", "proof-wrong-signature")


async def test_proofs_within_proofs_are_refused(cleo, relay):
    document = cleo.proves(cleo.create())
    for _ in range(12):
        document = {**cleo.proves(cleo.create()), "instrument": document}
    assert await refused(relay, document) == "proof-wrong-signature"

    for _ in range(20):
        document = {**document, "instrument": document["instrument"], "next": document}
    with pytest.raises(Malformed, match="too-deep"):
        await relay.say(document)


@pytest.mark.parametrize("text", [b'"\\ud800"', b"1e999", b"NaN", b"123456789012345678901"])
async def test_what_readers_would_read_differently_is_not_read_at_all(cleo, relay, text):
    body = json.dumps(cleo.proves(cleo.create()) | {"odd": "HERE"}).encode().replace(b'"HERE"', text)

    with pytest.raises(Malformed):
        await relay.say(body)


# --- beside the actor's own signature --------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", [{"proofValue": "z1"}, {"expires": "2026-02-01T00:00:00Z"}, {"cryptosuite": "x"}])
async def test_an_actors_own_request_needs_no_proof_and_a_broken_one_counts_as_none(cleo, proof):
    came_to = await cleo.do(cleo.proves(cleo.create(), **proof))

    assert came_to == "saved"


@pytest.mark.parametrize("proof", [{"proofValue": "z1"}, {"expires": "2026-02-01T00:00:00Z"}, {"cryptosuite": "x"}])
async def test_a_broken_proof_in_what_is_read_whole_is_told_to_the_log(cleo, proof):
    with capture_logs() as logs:
        await cleo.do(cleo.proves(cleo.create() | {"type": "Update"}, **proof))

    assert [line["actor"] for line in logs if line["event"] == INBOX_PROOF_IGNORED] == [CLEO]


async def test_a_proof_that_holds_is_no_news(cleo):
    with capture_logs() as logs:
        await cleo.do(cleo.proves(cleo.create()))

    assert [line for line in logs if line["event"] == INBOX_PROOF_IGNORED] == []


async def test_a_proof_over_other_bytes_does_not_let_another_bring_what_its_actor_brought(cleo, relay):
    document = cleo.proves(cleo.create())
    document["object"]["content"] = "<p>Changed on the way.</p>"

    assert await refused(relay, document) == "proof-wrong-signature"
    assert await cleo.do(document) == "saved"
