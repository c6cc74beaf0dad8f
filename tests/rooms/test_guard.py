"""Nothing that leaves reaches a private address."""

from __future__ import annotations

import asyncio
import socket

import pytest

from fedimark.errors import Unreachable, Untrustworthy
from fedimark.remote import client, guard
from fedimark.settings import Settings
from tests.rooms.peers import socket_peer, way_out

PRIVATE = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254"),
    *("169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.8", "192.0.0.9"),
    *("192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255"),
    *("198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *(
        "::",
        "::2",
        "fe80::1",
        "fe80::1%eth0",
        "febf::1",
        "fec0::1",
        "fc00::1",
        "fd12:3456:789a::1",
        "ff02::1",
        "ff0e::1",
    ),
    # IPv4 in IPv6, in every way there is
    *("::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::ffff:0:10.0.0.1", "::10.0.0.1", "::8.8.8.8", "::ffff:192.168.1.1"),
    *("64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1::808:808"),
    *("2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001::1"),
    *("2001:10::1", "2001:20::1", "2001:2::1", "2001:db8::1", "3fff::1", "3fff:fff::1", "5f00::1", "100::1"),
    *("2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:10.0.0.1", "4000::1", "e000::1"),
    # no addresses at all
    *("", "localhost", "10.1", "0x7f000001", "2130706433", "1.2.3.4.5", "[::1]", "010.0.0.1"),
]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "127.1.2.3", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"]
PUBLIC = ["1.1.1.1", "93.184.216.34", "100.63.255.255", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "::ffff:1.1.1.1"]
PUBLIC += ["64:ff9b::1.1.1.1", "2a00:1450:4001:80b::200e", "2001:4860:4860::8888"]

BAD_URLS = [
    *(
        "http://marks.example/u/ana",
        "ftp://marks.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//x.example/",
    ),
    *("https://marks.example:80/", "https://marks.example:22/", "https://marks.example:8443/", "https://x.example:x/"),
    *("https://ana@marks.example/", "https://ana:word@marks.example/", "https://@marks.example/"),
    *("https://localhost/", "https://intranet/", "https://marks.localhost/", "https://printer.local/", "https:///u"),
    *("https://db.internal/", "https://router.lan/", "https://.example/", "https://a..example/", "https://localhost./"),
    *("https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/"),
    *("https://0/", "https://0x7f.1/", "https://10.0.0.1/", "https://169.254.169.254/latest/", "https://127.0.0.1./"),
    *("https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[fe80::1%25eth0]/"),
    *("https://[::]/", "https://marks.example /", "https://marks.example\\@evil.example/", "https://x.example/\n"),
    *("https://x.example/\x00", "https://[::1", "https://1.1.1.1.1/", "https://x.example/" + "a" * 8_000, ""),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_never_reached(address):
    assert not guard.is_allowed(address, allow_loopback=False)
    assert not guard.is_allowed(address, allow_loopback=True)


@pytest.mark.parametrize("address", LOOPBACK)
def test_this_machine_is_reached_only_where_that_is_allowed(address):
    assert not guard.is_allowed(address, allow_loopback=False)
    assert guard.is_allowed(address, allow_loopback=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_reached(address):
    assert guard.is_allowed(address, allow_loopback=False)


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_no_peer_can_have_is_refused(url):
    with pytest.raises(Untrustworthy):
        guard.check_url(url, Settings())


@pytest.mark.parametrize("url", [url for url in BAD_URLS if "localhost/" not in url and "127.0.0.1" not in url])
def test_allowing_loopback_opens_nothing_else(url):
    if url in ("https://[::1]/",):
        return

    with pytest.raises(Untrustworthy):
        guard.check_url(url, Settings(allow_loopback=True))


@pytest.mark.parametrize(
    "url", ["https://marks.example/u/ana?x=1#main-key", "https://marks.example:443/", "https://bücher.example/"]
)
def test_an_ordinary_url_passes(url):
    guard.check_url(url, Settings())


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/u/ana", "http://localhost:8001/", "http://[::1]:9/"])
def test_this_machine_may_be_asked_over_plain_http_where_that_is_allowed(url):
    guard.check_url(url, Settings(allow_loopback=True))


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name lead to these addresses."""

    def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254", "10.0.0.1"], ["::1", "127.0.0.1"], ["64:ff9b::7f00:1"]],
)
async def test_a_name_that_leads_to_a_private_address_is_refused(monkeypatch, addresses):
    resolving(monkeypatch, *addresses)

    async with way_out():
        with pytest.raises(Untrustworthy, match="private-address"):
            await client.get("https://rebinding.example/", accept="*/*", signer=None)


async def test_with_loopback_allowed_a_name_still_leads_to_no_other_private_address(monkeypatch):
    resolving(monkeypatch, "192.168.1.1")

    async with way_out(allow_loopback=True):
        with pytest.raises(Untrustworthy, match="private-address"):
            await client.get("https://rebinding.example/", accept="*/*", signer=None)


@pytest.mark.parametrize(
    "target", ["https://10.0.0.1/", "https://[::ffff:a9fe:a9fe]/", "http://169.254.169.254/latest/", "ftp://x.example/"]
)
async def test_a_redirect_to_a_private_address_is_refused(target):
    async def redirect(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()

    async with socket_peer(redirect) as origin, way_out(allow_loopback=True):
        with pytest.raises(Untrustworthy):
            await client.get(f"{origin}/", accept="*/*", signer=None)


async def test_without_loopback_allowed_not_even_a_connection_is_made():
    met = []

    async def note(head: str, _: asyncio.StreamWriter) -> None:
        met.append(head)

    async with socket_peer(note) as origin, way_out():
        with pytest.raises(Untrustworthy):
            await client.get(f"{origin}/", accept="*/*", signer=None)

        assert met == []


async def test_a_port_where_nobody_answers_is_unreachable_and_not_a_refusal():
    async with socket_peer(lambda _, __: asyncio.sleep(0)) as origin:
        pass

    async with way_out(allow_loopback=True):
        with pytest.raises(Unreachable):
            await client.get(f"{origin}/", accept="*/*", signer=None)


async def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    async def greet(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with socket_peer(greet) as origin, way_out(allow_loopback=True):
        answer = await client.get(f"{origin}/", accept="*/*", signer=None)

    assert answer.body == b"hi"
