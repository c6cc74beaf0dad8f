"""How we read other servers, and what we do not believe."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import httpx
import pytest

from fedimark.database import fetch_one
from fedimark.errors import Gone, NotFound, Unreachable, Untrustworthy
from fedimark.remote import client
from fedimark.remote.fetch import fetch_document
from fedimark.signatures.keys import load_public
from fedimark.signatures.message import Message
from fedimark.signatures.verify import read_claim, verify
from tests.rooms.peers import AS2, Asked, Peer, Says, local_person, over_sockets, socket_peer, stand

MARKS = "https://marks.example"
ANA = f"{MARKS}/u/ana"
NOTE = {"id": f"{MARKS}/n/1", "type": "Note", "attributedTo": ANA}


@pytest.fixture
def marks(server, fleet) -> Peer:
    """https://marks.example, which answers 404 until told otherwise."""
    return stand(fleet, "marks.example")


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


@pytest.mark.parametrize("place", ["javascript:alert(1)", "http://[", "data:text/html,x"])
async def test_a_redirect_to_what_is_no_address_is_refused(server, marks, place):
    marks.rule = lambda _: Says(301, b"", {"location": place})

    with pytest.raises(Untrustworthy):
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
