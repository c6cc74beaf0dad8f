"""Two signature schemes and one header: which is tried first, when the other is, and what is remembered."""

from __future__ import annotations

import json

import pytest

from fedimark.database import fetch, fetch_one
from fedimark.errors import NotProven
from fedimark.here import MICROS, now
from fedimark.remote import client
from fedimark.remote.actors import find_actor
from fedimark.remote.fetch import fetch_document
from fedimark.signatures import rfc9421
from fedimark.signatures.keys import load_private
from fedimark.signatures.message import BadSignature, Message
from fedimark.signatures.verify import read_claim, verify
from tests.rooms.peers import AS2, Asked, Peer, Says, local_person, stand
from tests.rooms.strangers import Stranger, amount, deliver

INBOX = "https://bo.example/inbox"
CLEO = "https://mastodon.example/users/cleo"
BODY = b'{"type":"Create"}'
WEEK_S = 7 * 86_400


@pytest.fixture
def bo(server, fleet) -> Peer:
    """https://bo.example, which takes everything until told otherwise."""
    peer = stand(fleet, "bo.example")
    peer.rule = lambda _: Says(202)
    return peer


@pytest.fixture
async def ana(server):
    """Somebody here with a key."""
    return await local_person()


async def post(ana) -> int:
    return (await client.post(INBOX, BODY, content_type=AS2, signer=ana)).status


def schemes(peer: Peer) -> list[str]:
    """How each request was signed, in order; one header is never used for both."""
    found = []
    for asked in peer.asked:
        is_new = "signature-input" in asked.headers
        assert asked.headers["signature"].startswith("sig1=:" if is_new else "keyId=")
        assert ("digest" in asked.headers) == (asked.method == "POST" and not is_new)
        assert ("content-digest" in asked.headers) == (asked.method == "POST" and is_new)
        found.append("rfc9421" if is_new else "cavage")
    return found


async def learned() -> list[str]:
    """Which servers we remember a scheme of."""
    return [row["host"] for row in await fetch("SELECT host FROM peer WHERE scheme <> '' ORDER BY host")]


def takes(scheme: str, refusal: Says | None = None):
    """A server that understands one scheme only."""

    def rule(asked: Asked) -> Says:
        is_new = "signature-input" in asked.headers
        return Says(202) if is_new == (scheme == "rfc9421") else refusal or Says(401)

    return rule


def prove(asked: Asked, row, *, host: str = "bo.example") -> None:
    message = Message(asked.method, asked.target, {k: (v,) for k, v in asked.headers.items()}, asked.body)
    public = load_private(row["private_key"]).public_key()
    verify(message, read_claim(message), public, host=host, now=now())


# --- sending -------------------------------------------------------------------------------------------------------


async def test_a_server_nobody_knows_gets_the_old_scheme_and_one_request(bo, ana):
    assert await post(ana) == 202

    assert schemes(bo) == ["cavage"]
    assert await learned() == []


async def test_a_server_that_refuses_the_old_scheme_gets_the_new_one_with_the_same_request(bo, ana):
    bo.rule = takes("rfc9421")

    assert await post(ana) == 202

    assert schemes(bo) == ["cavage", "rfc9421"]
    assert [asked.body for asked in bo.asked] == [BODY, BODY]
    for asked in bo.asked:
        prove(asked, ana)


async def test_what_works_is_remembered_for_a_week_across_restarts(bo, ana, server, clock):
    bo.rule = takes("rfc9421")
    await post(ana)

    server.here.caches.clear()
    await post(ana)
    clock.forward(seconds=WEEK_S - 60)
    await post(ana)
    clock.forward(seconds=120)
    await post(ana)

    assert schemes(bo) == ["cavage", "rfc9421", "rfc9421", "rfc9421", "cavage", "rfc9421"]


async def test_a_server_that_unlearns_the_new_scheme_gets_the_old_one_again(bo, ana):
    bo.rule = takes("rfc9421")
    await post(ana)
    bo.rule = takes("cavage", Says(400))

    assert await post(ana) == 202
    assert await post(ana) == 202

    assert schemes(bo) == ["cavage", "rfc9421", "rfc9421", "cavage", "cavage"]


@pytest.mark.parametrize(
    ("refusal", "knocks"),
    [
        (Says(400), 2),
        (Says(401), 2),
        (Says(403, b"Invalid HTTP Signature"), 2),
        (Says(403, b"", {"accept-signature": 'sig1=("@method")'}), 2),
        (Says(403, b"This domain is blocked"), 1),
        (Says(400, json.dumps({"type": "https://w3id.org/fep/c180#duplicate-delivery"}).encode()), 1),
        (Says(404), 1),
        (Says(410), 1),
        (Says(429), 1),
        (Says(500), 1),
        (Says(503), 1),
    ],
)
async def test_only_a_refusal_that_may_be_about_the_signature_is_answered_by_a_second_knock(bo, ana, refusal, knocks):
    bo.rule = lambda _: refusal

    assert await post(ana) == refusal.status

    assert len(bo.asked) == knocks
    assert await learned() == []


async def test_the_first_refusal_is_the_one_that_counts(bo, ana):
    bo.rule = lambda asked: Says(400 if "signature-input" in asked.headers else 401)

    assert await post(ana) == 401


# --- what others say they can ----------------------------------------------------------------------------------------


async def test_a_server_that_asks_for_the_new_scheme_gets_it_next_time(bo, ana):
    bo.rule = lambda _: Says(202, b"", {"accept-signature": rfc9421.ACCEPT_SIGNATURE})

    await post(ana)
    await post(ana)

    assert schemes(bo) == ["cavage", "rfc9421"]


@pytest.mark.parametrize(
    "said",
    [
        {
            "generator": {
                "type": "Application",
                "implements": [{"href": "https://datatracker.ietf.org/doc/html/rfc9421"}],
            }
        },
        {"generator": {"implements": {"href": "https://www.rfc-editor.org/rfc/rfc9421.html"}}},
        {"implements": ["https://datatracker.ietf.org/doc/html/rfc9421"]},
    ],
)
async def test_a_server_whose_actors_say_they_implement_it_gets_the_new_scheme(bo, ana, fleet, said):
    bo.rule = None
    await find_actor(Stranger(fleet, "https://bo.example/users/bo", **said).uri)
    bo.asked.clear()
    bo.rule = lambda _: Says(202)

    await post(ana)

    assert schemes(bo) == ["rfc9421"]


@pytest.mark.parametrize("said", [{}, {"generator": "https://bo.example/app"}, {"implements": ["https://x.example/1"]}])
async def test_other_actors_change_nothing(bo, ana, fleet, said):
    bo.rule = None
    await find_actor(Stranger(fleet, "https://bo.example/users/bo", **said).uri)

    assert await learned() == []


def newly_signed(stranger: Stranger, document, **changed) -> Message:
    """A document as a POST signed by RFC 9421."""
    plain = Message("POST", "/inbox", {"host": ("a.example",), "content-type": (AS2,)}, json.dumps(document).encode())
    uri, created = changed.get("uri", "https://a.example/inbox"), now() // MICROS
    added = rfc9421.sign(plain, stranger.key_id, stranger.key, target_uri=uri, created=created)
    return Message("POST", "/inbox", {**plain.headers, **{k.lower(): (v,) for k, v in added.items()}}, plain.body)


@pytest.fixture
def like():
    return {"id": f"{CLEO}/like/1", "type": "Like", "actor": CLEO, "object": "https://a.example/u/ana/b/1"}


async def test_a_server_that_signs_so_itself_gets_the_new_scheme(fleet, server, ana, like):
    cleo = Stranger(fleet, CLEO)

    await deliver(newly_signed(cleo, like))

    assert await amount("received_activity") == 1
    cleo.peer.asked.clear()
    await client.post("https://mastodon.example/inbox", BODY, content_type=AS2, signer=ana)
    assert schemes(cleo.peer) == ["rfc9421"]


async def test_a_forged_signature_teaches_nothing(fleet, server, ana, like):
    cleo = Stranger(fleet, CLEO)

    with pytest.raises(NotProven, match="wrong-signature"):
        await deliver(newly_signed(cleo, like, uri="https://b.example/inbox"))

    assert await amount("received_activity") == 0
    assert await learned() == []


async def test_what_was_tried_counts_for_more_than_what_is_said(fleet, server, ana, like):
    cleo = Stranger(fleet, CLEO)
    await deliver(newly_signed(cleo, like))
    cleo.peer.rule = takes("cavage")
    inbox = "https://mastodon.example/inbox"
    await client.post(inbox, BODY, content_type=AS2, signer=ana)
    cleo.peer.asked.clear()

    server.here.caches.clear()
    await deliver(newly_signed(cleo, like | {"id": f"{CLEO}/like/2"}))
    await client.post(inbox, BODY, content_type=AS2, signer=ana)

    assert schemes(cleo.peer) == ["cavage"]


async def test_of_several_signatures_one_that_holds_is_enough(fleet, server, like):
    cleo, eve = Stranger(fleet, CLEO), Stranger(fleet, "https://mastodon.example/users/eve")
    own, other = newly_signed(cleo, like), newly_signed(eve, like)
    both = {
        name: (f"{other.headers[name][0].replace('sig1=', 'proxy=')}, {own.headers[name][0]}",)
        for name in ("signature", "signature-input")
    }

    await deliver(Message("POST", "/inbox", {**own.headers, **both}, own.body))

    row = await fetch_one("SELECT a.uri FROM received_activity r JOIN actor a ON a.id = r.actor_id")
    assert row is not None
    assert row["uri"] == CLEO


# --- asking ---------------------------------------------------------------------------------------------------------


async def test_a_document_is_asked_for_again_with_the_other_signature(bo, server):
    found = Says(200, b'{"id": "https://bo.example/x"}', {"content-type": AS2})
    bo.rule = lambda asked: found if "signature-input" in asked.headers else Says(401)

    document = await fetch_document("https://bo.example/x")

    assert document["id"] == "https://bo.example/x"
    assert schemes(bo) == ["cavage", "rfc9421"]


async def test_a_server_that_leaves_out_the_query_is_asked_in_its_way_at_last(bo, ana):
    def rule(asked: Asked) -> Says:
        """GoToSocial as it was: verifies as if there were no query."""
        bare = Asked(asked.method, asked.target.partition("?")[0], asked.headers, asked.body)
        try:
            prove(bare, ana)
        except BadSignature:
            return Says(401)
        return Says(200)

    bo.rule = rule

    answer = await client.get("https://bo.example/users/bo/outbox?page=true", accept=AS2, signer=ana)

    assert answer.status == 200
    assert schemes(bo) == ["cavage", "rfc9421", "cavage"]
    assert {asked.target for asked in bo.asked} == {"/users/bo/outbox?page=true"}


async def test_what_is_asked_without_a_signature_is_asked_once(bo, server):
    bo.rule = lambda _: Says(401)

    answer = await client.get("https://bo.example/x?y", accept=AS2, signer=None)

    assert answer.status == 401
    assert len(bo.asked) == 1


# --- being asked ----------------------------------------------------------------------------------------------------


async def test_a_401_of_our_inbox_says_which_signature_we_understand(server, like):
    answer = await server.browser().post("/inbox", content=json.dumps(like), headers={"content-type": AS2})

    assert answer.status_code == 401
    assert answer.headers["accept-signature"] == 'sig1=("@method" "@target-uri" "content-digest");created;keyid'


async def test_the_door_takes_the_new_scheme(server, fleet, like):
    message = newly_signed(Stranger(fleet, CLEO), like)
    headers = [(name, value) for name, values in message.headers.items() for value in values]

    answer = await server.browser().post("/inbox", content=message.body, headers=headers)

    assert answer.status_code == 202
