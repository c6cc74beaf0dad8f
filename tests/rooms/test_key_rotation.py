"""Keys: where they are found, how many an actor may have, and how they change on either side."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fedimark.accounts.keys import rotate
from fedimark.accounts.queries import actor_by_name
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.errors import NotFound, NotProven, Unreachable, Untrustworthy
from fedimark.here import MICROS, entered, now
from fedimark.remote import actors, flights, keys, webfinger
from fedimark.signatures import rfc9421
from fedimark.signatures.keys import load_public, public_pem
from fedimark.signatures.message import Message
from fedimark.signatures.verify import read_claim, verify
from tests.rooms.peers import AS2, JRD, Peer, Says, finger, stand
from tests.rooms.strangers import Stranger, amount, deliver, key_of, letters

CLEO = "https://mastodon.example/users/cleo"
EZRA = "https://sloth.example/users/ezra"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def multibase(key: Ed25519PrivateKey) -> str:
    """A key as FEP-521a publishes it."""
    raw = b"\xed\x01" + key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return f"z{text}"


def multikey(key: Ed25519PrivateKey, owner: str = CLEO, key_id: str = f"{CLEO}#ed25519-key"):
    return {"id": key_id, "type": "Multikey", "controller": owner, "publicKeyMultibase": multibase(key)}


def newly_signed(document, key, key_id: str) -> Message:
    """A document as a POST signed by RFC 9421 with any key."""
    plain = Message("POST", "/inbox", {"host": ("a.example",), "content-type": (AS2,)}, json.dumps(document).encode())
    created = now() // MICROS
    added = rfc9421.sign(plain, key_id, key, target_uri="https://a.example/inbox", created=created)
    return Message("POST", "/inbox", {**plain.headers, **{k.lower(): (v,) for k, v in added.items()}}, plain.body)


def like(number: int = 1, actor: str = CLEO):
    return {"id": f"{actor}/like/{number}", "type": "Like", "actor": actor, "object": "https://a.example/u/ana"}


# --- several keys ----------------------------------------------------------------------------------------------------


async def test_each_published_key_of_an_actor_proves_them(server, fleet):
    ed = Ed25519PrivateKey.generate()
    second = {"id": f"{CLEO}#second", "owner": CLEO, "publicKeyPem": public_pem(key_of(CLEO, 2))}
    cleo = Stranger(fleet, CLEO, assertionMethod=[multikey(ed)])
    cleo.said["publicKey"] = [cleo.document()["publicKey"], second]
    cleo.show()

    await cleo.say(like(1))
    await deliver(newly_signed(like(2), ed, f"{CLEO}#ed25519-key"))
    cleo.key, cleo.key_id = key_of(CLEO, 2), f"{CLEO}#second"
    await cleo.say(like(3))

    assert await amount("received_activity") == 3
    assert await amount("actor_key") == 2
    assert [asked.target for asked in cleo.peer.asked].count("/users/cleo") == 1


async def test_a_key_that_is_published_no_more_proves_nothing(server, fleet, clock):
    ed = Ed25519PrivateKey.generate()
    cleo = Stranger(fleet, CLEO, assertionMethod=multikey(ed))
    await deliver(newly_signed(like(1), ed, f"{CLEO}#ed25519-key"))
    cleo.said.clear()
    cleo.show()

    await actors.refresh_actor(CLEO)

    with pytest.raises(NotProven, match="no-key"):
        await deliver(newly_signed(like(2), ed, f"{CLEO}#ed25519-key"))
    assert await amount("actor_key") == 0


async def test_a_key_of_a_kind_we_do_not_take_is_passed_over(server, fleet):
    cleo = Stranger(fleet, CLEO)
    own = cleo.document()["publicKey"]
    cleo.said["publicKey"] = [{"id": f"{CLEO}#ecdsa", "owner": CLEO, "publicKeyPem": "-----BEGIN x-----"}, own]
    cleo.show()

    row = await cleo.row()

    assert row["key_id"] == cleo.key_id


async def test_at_most_ten_keys_are_kept(server, fleet):
    many = [multikey(Ed25519PrivateKey.generate(), key_id=f"{CLEO}#k{number}") for number in range(40)]
    await Stranger(fleet, CLEO, assertionMethod=many).row()

    assert await amount("actor_key") == 9


@pytest.mark.parametrize(
    "changed",
    [
        {"controller": "https://mastodon.example/users/eve"},
        {"id": "https://eve.example/users/eve#key"},
        {"type": "JsonWebKey"},
        {"publicKeyMultibase": "zzz"},
    ],
)
async def test_a_further_key_that_is_not_theirs_is_passed_over(server, fleet, changed):
    await Stranger(fleet, CLEO, assertionMethod=multikey(Ed25519PrivateKey.generate()) | changed).row()

    assert await amount("actor_key") == 0


async def test_nobody_takes_over_a_key_by_naming_it(server, fleet):
    ed = Ed25519PrivateKey.generate()
    Stranger(fleet, CLEO, assertionMethod=multikey(ed))
    await deliver(newly_signed(like(1), ed, f"{CLEO}#ed25519-key"))
    eve = "https://mastodon.example/users/eve"
    thief = multikey(Ed25519PrivateKey.generate(), owner=eve)

    await Stranger(fleet, eve, assertionMethod=thief).row()

    assert (await actors.owner_of_key(f"{CLEO}#ed25519-key"))["uri"] == CLEO
    await deliver(newly_signed(like(2), ed, f"{CLEO}#ed25519-key"))
    assert await amount("received_activity") == 2


# --- keys with a document of their own -------------------------------------------------------------------------------


@pytest.fixture
def sloth(server, fleet, wire) -> Peer:
    """GoToSocial, whose key ids are addresses; its actor is there, the key's address answers 404."""
    peer = stand(fleet, "sloth.example")
    peer.document("/users/ezra", wire("gotosocial/actor"))
    return peer


KEY = f"{EZRA}/main-key"


async def test_the_owner_of_a_key_document_is_known_after_a_restart(server, sloth, wire):
    sloth.document("/users/ezra/main-key", wire("gotosocial/actor")["publicKey"] | {"type": "CryptographicKey"})
    row = await keys.owner_of_key(KEY)
    server.here.caches.clear()
    asked = len(sloth.asked)

    again = await keys.owner_of_key(KEY)

    assert again == row and row["uri"] == EZRA
    assert len(sloth.asked) == asked


async def test_a_key_document_and_an_actor_that_names_only_its_address_are_understood(server, sloth, wire):
    document = wire("gotosocial/actor")
    key = document["publicKey"]
    sloth.document("/users/ezra", document | {"publicKey": KEY})
    sloth.document("/users/ezra/main-key", key | {"controller": key["owner"], "owner": None, "type": "Key"})

    row = await keys.owner_of_key(KEY)

    assert (row["uri"], row["key_id"]) == (EZRA, KEY)
    assert load_public(row["public_key"]) == load_public(key["publicKeyPem"])


async def test_a_key_document_whose_owner_publishes_the_same_key_under_another_id_is_understood(server, sloth, wire):
    document = wire("gotosocial/actor")
    sloth.document("/users/ezra", document | {"publicKey": document["publicKey"] | {"id": f"{EZRA}#main-key"}})
    sloth.document("/users/ezra/main-key", document["publicKey"])

    row = await keys.owner_of_key(KEY)

    assert (row["uri"], row["key_id"]) == (EZRA, KEY)


@pytest.mark.parametrize("as_stub", [True, False])
async def test_a_key_that_says_who_owns_it_while_they_do_not_is_nobodys(server, sloth, wire, as_stub):
    other = public_pem(key_of(EZRA, 7))
    key = {"id": f"{EZRA}/evil", "owner": EZRA, "publicKeyPem": other}
    stub = {"id": f"{EZRA}/evil", "type": "Person", "publicKey": key}
    sloth.document("/users/ezra/evil", stub if as_stub else key)

    with pytest.raises(Untrustworthy, match="key-mismatch"):
        await keys.owner_of_key(f"{EZRA}/evil")

    assert await amount("actor_key") == 0


async def test_a_stub_of_the_actor_leads_to_the_actor(server, sloth, wire):
    document = wire("gotosocial/actor")
    stub = {"id": KEY, "type": "Person", "preferredUsername": "ezra", "publicKey": document["publicKey"]}
    sloth.document("/users/ezra/main-key", stub)

    row = await keys.owner_of_key(KEY)

    assert (row["uri"], row["inbox"]) == (EZRA, document["inbox"])


async def test_an_actor_that_is_never_more_than_a_stub_is_not_stored(server, sloth, wire):
    document = wire("gotosocial/actor")
    stub = {"id": EZRA, "type": "Person", "publicKey": document["publicKey"]}
    sloth.document("/users/ezra", stub)
    sloth.document("/users/ezra/main-key", stub)

    with pytest.raises(Untrustworthy):
        await keys.owner_of_key(KEY)

    assert await actors.known_actor(EZRA) is None


# --- rotation, theirs ------------------------------------------------------------------------------------------------


async def test_a_changed_key_of_an_address_of_its_own_is_fetched_anew(server, fleet):
    cleo = Stranger(fleet, CLEO)
    cleo.key_id = f"{CLEO}/main-key"
    cleo.show()
    cleo.peer.document("/users/cleo/main-key", cleo.document()["publicKey"])
    await cleo.say(like(1))
    cleo.key = key_of(CLEO, 2)
    cleo.show()
    cleo.peer.document("/users/cleo/main-key", cleo.document()["publicKey"])

    await cleo.say(like(2))

    assert await amount("received_activity") == 2


async def test_a_changed_key_is_asked_for_once_in_five_minutes(server, fleet, clock):
    cleo = Stranger(fleet, CLEO)
    await cleo.say(like(1))
    cleo.key = key_of(CLEO, 2)

    asked = []
    for number in range(2, 5):
        with pytest.raises(NotProven):
            await cleo.say(like(number))
        asked.append([each.target for each in cleo.peer.asked].count("/users/cleo"))
    cleo.show()
    with pytest.raises(NotProven):
        await cleo.say(like(5))
    clock.forward(seconds=301)
    await cleo.say(like(6))

    assert asked == [2, 2, 2]
    assert await amount("received_activity") == 2


async def test_a_new_key_id_is_met_and_asked_for(server, fleet):
    cleo = Stranger(fleet, CLEO)
    await cleo.say(like(1))
    old_key, old_id = cleo.key, cleo.key_id
    cleo.key, cleo.key_id = key_of(CLEO, 2), f"{CLEO}#key-2"
    cleo.show()

    await cleo.say(like(2))

    cleo.key, cleo.key_id = old_key, old_id
    with pytest.raises(NotProven):
        await cleo.say(like(3))


# --- what failed -----------------------------------------------------------------------------------------------------


async def test_a_key_nobody_has_is_asked_for_once_in_five_minutes(server, fleet, clock):
    cleo = Stranger(fleet, CLEO)
    cleo.peer.answers.clear()

    for _ in range(3):
        with pytest.raises(NotProven, match="no-key"):
            await cleo.say(like())
    asked = len(cleo.peer.asked)
    clock.forward(seconds=290)
    with pytest.raises(NotProven):
        await cleo.say(like())
    assert len(cleo.peer.asked) == asked
    cleo.show()
    clock.forward(seconds=20)
    await cleo.say(like())

    assert await amount("received_activity") == 1


async def test_a_server_that_did_not_answer_is_asked_again_after_a_minute(server, fleet, clock):
    cleo = Stranger(fleet, CLEO)
    fleet.network.down.add("mastodon.example")
    with pytest.raises(Unreachable):
        await cleo.say(like())
    fleet.network.down.clear()

    with pytest.raises(Unreachable):
        await cleo.say(like())
    clock.forward(seconds=61)
    await cleo.say(like())

    assert await amount("received_activity") == 1


async def test_what_failed_is_remembered_within_bounds(server):
    async def fail() -> Row:
        raise NotFound

    for number in range(1_050):
        with pytest.raises(NotFound):
            await flights.remembering_failure(f"key {number}", fail)

    flights.raise_again("key 0")
    with pytest.raises(NotFound):
        flights.raise_again("key 1049")


# --- rotation, ours --------------------------------------------------------------------------------------------------


async def follower_of(actor, fleet) -> Stranger:
    """Somebody elsewhere who follows a person here."""
    cleo = Stranger(fleet, CLEO)
    row = await cleo.row()
    await execute(
        "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', ?)",
        row["id"],
        actor["id"],
        now(),
    )
    return cleo


async def test_a_new_key_is_published_told_and_used(server, fleet, ana):
    old = await actor_by_name("ana")
    cleo = await follower_of(old, fleet)

    new = await rotate(old)

    assert new["public_key"] != old["public_key"]
    assert new["key_id"].startswith("https://a.example/u/ana#key-")
    shown = (await server.client.get("/u/ana", headers={"accept": AS2})).json()["publicKey"]
    assert (shown["id"], shown["publicKeyPem"]) == (new["key_id"], new["public_key"])
    kind, inbox, document = (await letters())[-1]
    assert (kind, inbox) == ("Update", "https://mastodon.example/inbox")
    assert document["object"]["publicKey"]["id"] == new["key_id"]
    cleo.peer.rule = lambda _: Says(202)
    await server.settle()
    asked = cleo.peer.asked[-1]
    message = Message(asked.method, asked.target, {k: (v,) for k, v in asked.headers.items()}, asked.body)
    claim = read_claim(message)
    assert claim.key_id == new["key_id"]
    verify(message, claim, load_public(new["public_key"]), host="mastodon.example", now=now())


async def test_the_old_key_of_somebody_here_is_nobodys(server, ana):
    new = await rotate(await actor_by_name("ana"))

    assert (await keys.owner_of_key(new["key_id"]))["local_name"] == "ana"
    with pytest.raises(Untrustworthy):
        await keys.owner_of_key("https://a.example/u/ana#main-key")


async def test_only_people_of_this_server_are_given_new_keys(server, fleet, ana):
    cleo = await Stranger(fleet, CLEO).row()
    instance = (await fetch("SELECT * FROM actor WHERE local_name = '.instance'"))[0]

    for row in (cleo, instance):
        with pytest.raises(NotFound):
            await rotate(row)


async def test_another_fedimark_believes_the_new_key(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    async with entered(ana.server.here):
        await rotate(await actor_by_name("ana"))
    await fleet.settle()

    async with entered(bo.server.here):
        row = await fetch_one("SELECT key_id FROM actor WHERE uri = 'https://a.example/u/ana'")
        waiting = await amount("received_activity")

    assert row is not None
    assert "#key-" in row["key_id"]
    assert waiting > 0


# --- actors without handles ------------------------------------------------------------------------------------------


async def test_an_actor_without_webfinger_is_shown_by_the_address_of_their_server(server, fleet):
    cleo = Stranger(fleet, CLEO)
    del cleo.peer.answers["/.well-known/webfinger"]

    row = await cleo.row()

    assert (row["username"], row["host"]) == ("cleo", "mastodon.example")


@pytest.mark.parametrize(
    ("path", "username"), [("/users/cleo", "cleo"), ("/users/cleo/", "cleo"), ("/", "mastodon.example")]
)
async def test_an_actor_without_a_name_is_called_by_their_address(server, fleet, path, username):
    cleo = Stranger(fleet, f"https://mastodon.example{path}", preferredUsername=None)

    assert (await cleo.row())["username"] == username


LOOPBACK = "http://127.0.0.1:8000"


@pytest.mark.parametrize("said", ["alice@127.0.0.1:8000", "alice@127.0.0.1"])
async def test_a_handle_with_a_port_leads_to_somebody_on_this_machine(fleet, said):
    server = await fleet.server("a.example", allow_loopback="true")
    alice = f"{LOOPBACK}/users/alice"
    peer = stand(fleet, "127.0.0.1:8000")
    finger(peer, said, alice)
    document = Stranger(fleet, alice).document() | {"endpoints": {"sharedInbox": f"{LOOPBACK}/inbox"}}
    peer.document("/users/alice", document)
    finger(peer, said, alice)

    async with entered(server.here):
        uri = await webfinger.find_handle("@alice@127.0.0.1:8000")
        row = await actors.find_actor(uri)

    assert uri == alice
    assert (row["username"], row["host"]) == ("alice", "127.0.0.1:8000")


def xrd(template: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
  <Link rel="other" template="https://evil.example/{{uri}}"/>
  <Link rel="lrdd" type="application/xrd+xml" template="{template}"/>
</XRD>""".encode()


async def test_host_meta_leads_to_webfinger_that_lies_elsewhere(server, fleet):
    marks, social = stand(fleet, "marks.example"), stand(fleet, "social.marks.example")
    template = "https://social.marks.example/finger?a=1&amp;resource={uri}"
    marks.answers["/.well-known/host-meta"] = Says(200, xrd(template), {"content-type": "application/xrd+xml"})
    links = [{"rel": "self", "type": AS2, "href": "https://social.marks.example/u/ana"}]
    social.document("/finger", {"subject": "acct:ana@marks.example", "links": links}, JRD)

    assert await webfinger.find_handle("@ana@marks.example") == "https://social.marks.example/u/ana"
    assert social.asked[0].target == "/finger?a=1&resource=acct:ana@marks.example"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (xrd("https://10.0.0.1/{uri}"), "application/xrd+xml"),
        (xrd("http://marks.example/{uri}"), "application/xrd+xml"),
        (xrd("https://marks.example/finger"), "application/xrd+xml"),
        (xrd("javascript:{uri}"), "application/xrd+xml"),
        (xrd("https://marks.example/{uri}"), "text/html"),
        (b"<XRD>", "application/xrd+xml"),
        (b"\xff\xfe", "application/xml"),
    ],
)
async def test_host_meta_that_leads_nowhere_good_is_not_followed(server, fleet, body, content_type):
    marks = stand(fleet, "marks.example")
    marks.answers["/.well-known/host-meta"] = Says(200, body, {"content-type": content_type})

    with pytest.raises((NotFound, Untrustworthy)):
        await webfinger.find_handle("@ana@marks.example")

    assert len(marks.asked) <= 3
