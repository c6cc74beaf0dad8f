"""How we read other servers, and what we do not believe."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import httpx
import pytest

from fedimark.database import execute, fetch_one
from fedimark.errors import Gone, NotFound, Refused, Unreachable, Untrustworthy
from fedimark.remote import actors, client, profile, webfinger
from fedimark.remote.fetch import fetch_document
from fedimark.signatures.keys import load_public
from fedimark.signatures.message import Message
from fedimark.signatures.verify import read_claim, verify
from tests.rooms.peers import AS2, JRD, Asked, Peer, Says, local_person, over_sockets, socket_peer

MARKS = "https://marks.example"
ANA = f"{MARKS}/u/ana"
NOTE = {"id": f"{MARKS}/n/1", "type": "Note", "attributedTo": ANA}


@pytest.fixture
def marks(server, fleet) -> Peer:
    """https://marks.example, which answers 404 until told otherwise."""
    return stand(fleet, "marks.example")


def stand(fleet, host: str) -> Peer:
    """A peer of that name in the fleet's network."""
    peer = Peer()
    fleet.network.add(host, peer)
    return peer


def finger(peer: Peer, handle: str, actor: str) -> None:
    """Let WebFinger lead from every handle asked for to one actor."""
    links = [{"rel": "self", "type": AS2, "href": actor}]
    peer.document("/.well-known/webfinger", {"subject": f"acct:{handle}", "links": links}, JRD)


# --- documents ---------------------------------------------------------------------------------------------------


async def test_a_document_is_fetched_with_a_signature_of_the_instance_actor(server, marks):
    marks.document("/n/1", NOTE)

    document = await fetch_document(NOTE["id"])

    assert document == NOTE
    [asked] = marks.asked
    assert asked.headers["accept"].startswith("application/ld+json; profile=")
    headers = {name: (value,) for name, value in asked.headers.items()}
    message = Message("GET", asked.target, headers, b"")
    claim = read_claim(message)
    assert claim.key_id == "https://a.example/actor#main-key"
    row = await fetch_one("SELECT public_key FROM actor WHERE local_name = '.instance'")
    verify(message, claim, load_public(row["public_key"]), host="marks.example", now=server.clock.micros)


@pytest.mark.parametrize(
    "content_type",
    [AS2, f"{AS2}; charset=utf-8", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'],
)
async def test_activity_types_are_read(server, marks, content_type):
    marks.document("/n/1", NOTE, content_type)

    assert await fetch_document(NOTE["id"]) == NOTE


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/ld+json", "text/html", "text/plain", "application/octet-stream", ""],
)
async def test_another_content_type_is_not_even_parsed(server, marks, content_type):
    marks.answers["/n/1"] = Says(200, b"{not json", {"content-type": content_type} if content_type else {})

    with pytest.raises(Untrustworthy, match="content-type"):
        await fetch_document(NOTE["id"])


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'"x"', b"{}", b'{"id": 7}', b'{"id": "javascript:1"}', b"\xff\xfe"]
)
async def test_nonsense_is_refused(server, marks, body):
    marks.answers["/n/1"] = Says(200, body, {"content-type": AS2})

    with pytest.raises(Untrustworthy):
        await fetch_document(NOTE["id"])


async def test_another_id_is_fetched_once_and_believed_where_it_is_at_home(server, fleet, marks):
    stand(fleet, "mirror.example").document("/copy", NOTE)
    marks.document("/n/1", NOTE | {"content": "the original"})

    document = await fetch_document("https://mirror.example/copy")

    assert document["content"] == "the original"


async def test_an_id_that_leads_to_yet_another_id_is_refused(server, fleet, marks):
    stand(fleet, "mirror.example").document("/copy", NOTE)
    marks.document("/n/1", NOTE | {"id": f"{MARKS}/n/2"})
    marks.document("/n/2", NOTE | {"id": f"{MARKS}/n/2"})

    with pytest.raises(Untrustworthy, match="id-mismatch"):
        await fetch_document("https://mirror.example/copy")


async def test_a_forged_copy_on_an_upload_host_is_not_believed(server, fleet, marks):
    stand(fleet, "uploads.example").document("/evil", NOTE | {"content": "forged"})

    with pytest.raises(NotFound):
        await fetch_document("https://uploads.example/evil")


async def test_a_redirect_is_followed_and_signed_anew(server, fleet, marks):
    marks.document("/n/1", NOTE)
    old = stand(fleet, "old.example")
    old.answers["/n/1"] = Says(301, b"", {"location": NOTE["id"]})

    assert await fetch_document("https://old.example/n/1") == NOTE
    assert old.asked[0].headers["signature"] != marks.asked[0].headers["signature"]


async def test_redirects_come_to_an_end(server, marks):
    marks.rule = lambda _: Says(302, b"", {"location": f"{MARKS}/n/1"})

    with pytest.raises(Untrustworthy, match="redirects"):
        await fetch_document(NOTE["id"])
    assert len(marks.asked) == 4


async def test_a_redirect_without_a_place_is_refused(server, marks):
    marks.rule = lambda _: Says(302)

    with pytest.raises(Untrustworthy, match="redirect"):
        await fetch_document(NOTE["id"])


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((410, Gone), (404, NotFound), (500, Unreachable), (503, Unreachable), (429, Unreachable)),
        *((408, Unreachable), (401, Untrustworthy), (403, Untrustworthy), (204, Untrustworthy)),
    ],
)
async def test_what_a_status_means(server, marks, status, error):
    marks.rule = lambda _: Says(status)

    with pytest.raises(error):
        await fetch_document(NOTE["id"])


async def test_our_own_address_is_never_asked_over_the_network(server, fleet):
    with pytest.raises(Untrustworthy, match="own-address"):
        await fetch_document("https://a.example/u/ana")
    assert fleet.network.requests == []


async def test_a_redirect_to_ourselves_ends_there(server, fleet, marks):
    marks.document("/n/1", NOTE | {"id": "https://a.example/u/ana"})

    with pytest.raises(Untrustworthy, match="own-address"):
        await fetch_document(NOTE["id"])


async def test_a_host_that_is_down_is_unreachable(server, fleet, marks):
    fleet.network.down.add("marks.example")

    with pytest.raises(Unreachable):
        await fetch_document(NOTE["id"])


# --- over real sockets -------------------------------------------------------------------------------------------


def ok(body: bytes, *headers: str) -> bytes:
    """A whole answer, byte for byte."""
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {AS2}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def test_a_body_without_end_is_cut_off(server):
    async def endless(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {AS2}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        while not writer.is_closing():
            writer.write(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
            await writer.drain()

    async with socket_peer(endless) as origin, over_sockets(server.here, allow_loopback=True):
        with pytest.raises(Untrustworthy, match="too-large"):
            await fetch_document(f"{origin}/n/1")


async def test_a_small_body_that_unpacks_to_a_huge_one_is_cut_off(server):
    bomb = gzip.compress(b" " * 50_000_000)

    async def explode(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(bomb, "Content-Encoding: gzip"))
        await writer.drain()

    async with socket_peer(explode) as origin, over_sockets(server.here, allow_loopback=True):
        with pytest.raises(Untrustworthy, match="too-large"):
            await fetch_document(f"{origin}/n/1")


async def test_a_compressed_body_is_read_and_an_unknown_packing_is_not(server):
    async def pack(head: str, writer: asyncio.StreamWriter) -> None:
        host = head.lower().partition("\r\nhost: ")[2].partition("\r\n")[0]
        body = json.dumps(NOTE | {"id": f"http://{host}/n/1"}).encode()
        packed = gzip.compress(body) if "GET /n/1 " in head else body
        writer.write(ok(packed, f"Content-Encoding: {'gzip' if 'GET /n/1 ' in head else 'br'}"))
        await writer.drain()

    async with socket_peer(pack) as origin, over_sockets(server.here, allow_loopback=True):
        assert (await fetch_document(f"{origin}/n/1"))["type"] == "Note"
        with pytest.raises(Untrustworthy, match="encoding"):
            await fetch_document(f"{origin}/n/2")


@pytest.mark.parametrize("head", ["", f"HTTP/1.1 200 OK\r\nContent-Type: {AS2}\r\nContent-Length: 5\r\n\r\n"])
async def test_a_server_that_never_ends_its_answer_is_given_up(server, head):
    async def sleep(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode())
        await writer.drain()
        await asyncio.sleep(30)

    async with socket_peer(sleep) as origin, over_sockets(server.here, allow_loopback=True, fetch_total_s=0.3):
        with pytest.raises(Unreachable):
            await asyncio.wait_for(fetch_document(f"{origin}/n/1"), 10)


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"])
async def test_what_is_no_http_is_unreachable(server, answer):
    async def babble(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    async with socket_peer(babble) as origin, over_sockets(server.here, allow_loopback=True):
        with pytest.raises(Unreachable):
            await client.get(f"{origin}/", accept="*/*", signer=None)


async def test_cookies_are_neither_kept_nor_sent(server):
    heads = []

    async def bake(head: str, writer: asyncio.StreamWriter) -> None:
        heads.append(head.lower())
        writer.write(ok(b"{}", "Set-Cookie: a=b; Path=/", "Connection: close"))
        await writer.drain()

    async with socket_peer(bake) as origin, over_sockets(server.here, allow_loopback=True):
        for _ in range(2):
            await client.get(f"{origin}/", accept="*/*", signer=None)

    assert len(heads) == 2
    assert "cookie" not in "".join(heads)


@pytest.mark.parametrize("path", ["/t/c++", "/t/c%2B%2B", "/a%2Fb/%7Ex?q='%27'&z=[1]", "/é?日=1", "/a|b^c", "/%"])
async def test_the_path_that_is_signed_is_the_path_that_is_sent(server, path):
    heads = []

    async def listen(head: str, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(ok(b"{}"))
        await writer.drain()

    ana = await local_person()
    async with socket_peer(listen) as origin, over_sockets(server.here, allow_loopback=True):
        await client.get(origin + path, accept="*/*", signer=ana)

    lines = heads[0].split("\r\n")
    headers = {k.lower(): (v,) for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
    message = Message("GET", lines[0].split(" ")[1], headers, b"")
    claim = read_claim(message)
    key = load_public(await own_public_key(ana))
    verify(message, claim, key, host=origin.removeprefix("http://"), now=server.clock.micros)


async def own_public_key(row) -> str:
    """The public half of a test person's key."""
    from fedimark.signatures.keys import load_private, public_pem

    return public_pem(load_private(row["private_key"]))


# --- actors ------------------------------------------------------------------------------------------------------


async def test_an_actor_is_fetched_once_and_known_for_a_day(server, marks, clock, wire):
    marks.document(
        "/u/ana", wire("fedimark/actor") | {"name": "Ana\n<b>Admin</b>", "summary": "<p>x<script>1</script>"}
    )

    row = await actors.find_actor(ANA)
    again = await actors.find_actor(ANA)

    assert again == row
    assert (row["uri"], row["username"], row["host"], row["kind"]) == (ANA, "ana", "marks.example", "Person")
    assert (row["name"], row["summary"]) == ("Ana <b>Admin</b>", "<p>x</p>")
    assert (row["inbox"], row["shared_inbox"]) == (f"{ANA}/inbox", f"{MARKS}/inbox")
    assert row["key_id"] == f"{ANA}#main-key"
    assert row["private_key"] == "" and row["local_name"] is None
    assert [asked.target for asked in marks.asked].count("/u/ana") == 1
    clock.forward(days=1.1)
    marks.document("/u/ana", wire("fedimark/actor") | {"name": "Anna"})
    later = await actors.find_actor(ANA)
    assert (later["id"], later["name"]) == (row["id"], "Anna")


async def test_an_old_row_serves_while_the_server_is_down(server, fleet, marks, clock, wire):
    marks.document("/u/ana", wire("fedimark/actor"))
    row = await actors.find_actor(ANA)
    clock.forward(days=3)
    fleet.network.down.add("marks.example")

    assert await actors.find_actor(ANA) == row
    with pytest.raises(Unreachable):
        await actors.refresh_actor(ANA)


async def test_an_actor_that_is_gone_is_marked_and_raised(server, marks, wire):
    marks.document("/u/ana", wire("fedimark/actor"))
    await actors.find_actor(ANA)
    marks.answers["/u/ana"] = Says(410)

    with pytest.raises(Gone):
        await actors.refresh_actor(ANA)
    assert (await actors.known_actor(ANA))["gone_at"] is not None
    with pytest.raises(Gone):
        await actors.find_actor(ANA)


async def test_many_who_ask_at_once_share_one_fetch(server, marks, wire):
    marks.document("/u/ana", wire("fedimark/actor"))

    rows = await asyncio.gather(*(actors.refresh_actor(ANA) for _ in range(10)))

    assert len({row["id"] for row in rows}) == 1
    assert [asked.target for asked in marks.asked].count("/u/ana") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"inbox": "https://victim.example/inbox"},
        {"inbox": "https://127.0.0.1/inbox"},
        {"inbox": f"{MARKS}:8443/inbox"},
        {"outbox": "https://victim.example/outbox"},
        {"endpoints": {"sharedInbox": "https://victim.example/inbox"}},
        {"endpoints": {"sharedInbox": "https://sibling.example/inbox"}},
        {"type": "Note"},
        {"preferredUsername": "a" * 200},
    ],
)
async def test_an_actor_who_points_elsewhere_is_refused(server, marks, wire, changes):
    marks.document("/u/ana", wire("fedimark/actor") | changes)

    with pytest.raises(Untrustworthy):
        await actors.find_actor(ANA)
    assert await actors.known_actor(ANA) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/1", "https://A.example/2", True),
        ("https://a.example/1", "https://ap.a.example/2", True),
        ("https://ap.a.example/1", "https://a.example/2", True),
        ("https://x.a.example/1", "https://y.a.example/2", False),
        ("https://a.example/1", "https://notа.example/2", False),
        ("https://a.example/1", "https://nota.example/2", False),
        ("https://a.example/1", "http://a.example/2", False),
        ("http://127.0.0.1:1/1", "http://127.0.0.1:2/2", False),
        ("http://127.0.0.1:1/1", "http://127.0.0.1:1/2", True),
        ("http://1.127.0.0.1/1", "http://127.0.0.1/2", False),
    ],
)
def test_what_one_site_is(one, other, same):
    assert profile.same_site(one, other) is same


async def test_people_here_are_rows_and_never_asked_over_the_network(server, fleet):
    ana = await local_person()

    assert (await actors.find_actor("https://a.example/u/ana"))["id"] == ana["id"]
    assert (await actors.owner_of_key("https://a.example/u/ana#main-key"))["id"] == ana["id"]
    assert (await actors.find_actor("https://a.example/actor"))["local_name"] == ".instance"
    with pytest.raises(Untrustworthy):
        await actors.owner_of_key("https://a.example/u/ana#other-key")
    with pytest.raises(NotFound):
        await actors.find_actor("https://a.example/u/nobody")
    with pytest.raises(NotFound):
        await actors.find_actor("https://a.example/u/.instance")
    await execute("UPDATE actor SET gone_at = 1 WHERE id = ?", ana["id"])
    with pytest.raises(Gone):
        await actors.find_actor("https://a.example/u/ana")
    assert fleet.network.requests == []


# --- keys --------------------------------------------------------------------------------------------------------


async def test_a_known_key_needs_no_fetch_and_a_new_one_is_looked_up(server, marks, clock, wire):
    document = wire("fedimark/actor")
    marks.document("/u/ana", document)
    row = await actors.owner_of_key(f"{ANA}#main-key")
    before = len(marks.asked)

    assert await actors.owner_of_key(f"{ANA}#main-key") == row
    assert len(marks.asked) == before
    document["publicKey"]["id"] = f"{ANA}#second-key"
    marks.document("/u/ana", document)
    assert (await actors.owner_of_key(f"{ANA}#second-key"))["key_id"] == f"{ANA}#second-key"


@pytest.mark.parametrize("is_actor_stub", [True, False])
async def test_a_key_with_a_document_of_its_own_is_understood(server, fleet, wire, is_actor_stub):
    sloth = stand(fleet, "sloth.example")
    document = wire("gotosocial/actor")
    key = document["publicKey"]
    sloth.document("/users/ezra", document)
    stub = {"id": document["id"], "type": "Person", "publicKey": key}
    sloth.document("/users/ezra/main-key", stub if is_actor_stub else key | {"type": "Key"})

    row = await actors.owner_of_key("https://sloth.example/users/ezra/main-key")
    asked = len(sloth.asked)
    again = await actors.owner_of_key("https://sloth.example/users/ezra/main-key")

    assert row["uri"] == "https://sloth.example/users/ezra"
    assert again == row and len(sloth.asked) == asked


async def test_a_key_that_its_owner_does_not_name_is_nobodys(server, fleet, marks, wire):
    marks.document("/u/ana", wire("fedimark/actor"))
    evil = stand(fleet, "evil.example")
    evil.document("/key", wire("fedimark/actor")["publicKey"] | {"id": "https://evil.example/key"})

    for key_id in ("https://evil.example/key", f"{ANA}#other-key"):
        with pytest.raises(Untrustworthy):
            await actors.owner_of_key(key_id)


async def test_a_key_owned_by_somebody_else_refuses_the_actor(server, marks, wire):
    document = wire("fedimark/actor")
    document["publicKey"]["owner"] = f"{MARKS}/u/bo"
    marks.document("/u/ana", document)

    with pytest.raises(Untrustworthy, match="key-owner"):
        await actors.owner_of_key(f"{ANA}#main-key")


async def test_a_key_that_failed_is_not_asked_for_again_at_once(server, marks, clock, wire):
    for _ in range(3):
        with pytest.raises(NotFound):
            await actors.owner_of_key(f"{ANA}#main-key")
    asked = len(marks.asked)
    marks.document("/u/ana", wire("fedimark/actor"))
    clock.forward(seconds=90)

    row = await actors.owner_of_key(f"{ANA}#main-key")

    assert asked == 1
    assert row["uri"] == ANA


# --- handles -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handle", ["@ana@marks.example", "ana@marks.example", " @ana@MARKS.example "])
async def test_a_handle_leads_to_an_actor(server, marks, handle):
    finger(marks, "ana@marks.example", ANA)

    assert await webfinger.find_handle(handle) == ANA
    assert marks.asked[0].target == "/.well-known/webfinger?resource=acct:ana@marks.example"


async def test_a_handle_on_another_domain_counts_when_that_domain_agrees(server, fleet, marks, wire):
    social = stand(fleet, "ana.example")
    finger(social, "ana@ana.example", ANA)
    finger(marks, "ana@ana.example", ANA)
    marks.document("/u/ana", wire("fedimark/actor"))

    assert await webfinger.find_handle("@ana@marks.example") == ANA
    assert (await actors.find_actor(ANA))["host"] == "ana.example"


async def test_a_handle_on_a_domain_that_does_not_agree_is_not_believed(server, fleet, marks, wire):
    bank = stand(fleet, "bank.example")
    finger(bank, "ana@bank.example", "https://bank.example/u/ana")
    finger(marks, "ana@bank.example", ANA)
    marks.document("/u/ana", wire("fedimark/actor"))

    with pytest.raises(Untrustworthy, match="subject"):
        await webfinger.find_handle("@ana@marks.example")
    assert (await actors.find_actor(ANA))["host"] == "marks.example"


@pytest.mark.parametrize("handle", ["", "ana", "@ana", "@@marks.example", "a b@marks.example", "ana@marks.example/x"])
async def test_what_is_no_handle_is_refused(server, handle):
    with pytest.raises(Refused):
        await webfinger.find_handle(handle)


async def test_a_handle_of_this_server_is_a_row(server, fleet):
    await local_person()

    assert await webfinger.find_handle("@ana@a.example") == "https://a.example/u/ana"
    for handle in ("@nobody@a.example", "@.instance@a.example"):
        with pytest.raises(NotFound):
            await webfinger.find_handle(handle)
    assert fleet.network.requests == []


@pytest.mark.parametrize("href", ["https://10.0.0.1/u/ana", "http://marks.example/u/ana", "https://marks.example:99/u"])
async def test_a_handle_that_leads_to_a_private_place_is_refused(server, marks, href):
    finger(marks, "ana@marks.example", href)

    with pytest.raises(Untrustworthy):
        await webfinger.find_handle("@ana@marks.example")


async def test_only_remote_and_delivery_open_sockets(server, marks):
    """The client of a server is what `build` makes: nothing else in the package makes one."""
    package = Path(client.__file__).parents[1]
    makers = [
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if "AsyncClient(" in file.read_text("utf-8") or "ClientSession(" in file.read_text("utf-8")
    ]

    assert makers == ["remote/client.py"]
    assert isinstance(server.here.http, httpx.AsyncClient)


async def test_a_request_arrives_as_asked(server, marks):
    marks.rule = lambda asked: Says(200, json.dumps({"agent": asked.headers["user-agent"]}).encode())

    answer = await client.get(f"{MARKS}/x?y=1", accept="text/plain", signer=None)

    assert isinstance(marks.asked[0], Asked)
    assert (marks.asked[0].target, marks.asked[0].headers["accept"]) == ("/x?y=1", "text/plain")
    assert "signature" not in marks.asked[0].headers
    assert answer.url == f"{MARKS}/x?y=1"
