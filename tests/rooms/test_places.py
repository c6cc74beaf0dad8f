"""Addresses as they are asked: looked at once for each server, each is spelled and refused as if it stood alone."""

from __future__ import annotations

import random

import httpx
import pytest
from yarl import URL

from fedimark.errors import Untrustworthy
from fedimark.remote import places

SIGNS = [*"aZ0._~-!$&'()*+,;=:@/?%#[] \"<>{}|^`\\", "..", "/.", "/..", "%2F", "%2e", "ü"]
SERVERS = ["b.example", "b.example.", "xn--nxasmq6b.example", "127.0.0.1:8123", "B.example", "b.example:443", "1.1.1.1"]


def spelled(url: str) -> tuple[str, str, str]:
    """An address, its host and its target as aiohttp spells them."""
    read = httpx.URL(str(URL(str(httpx.URL(url)))))
    host, target = read.netloc.decode("ascii"), read.raw_path.decode("ascii")
    return f"{read.scheme}://{host}{target}", host, target


def origin(url: URL) -> tuple[str, str | None, int | None]:
    """What a connection is made by."""
    return url.scheme, url.raw_host, url.port


async def test_every_address_that_may_be_asked_is_spelled_as_the_client_spells_it(server):
    chance, asked = random.Random(7), 0
    for _ in range(4_000):
        path = "".join(chance.choices(SIGNS, k=chance.randrange(8)))
        url = f"https://{chance.choice(SERVERS)}/{path}"
        try:
            place = await places.allowed(url)
        except Untrustworthy:
            continue
        asked += 1
        assert (place.spelled, place.host, place.target) == spelled(url), url
        assert origin(place.url) == origin(URL(url)), url
    assert asked > 500


@pytest.mark.parametrize(
    "url",
    [
        *("http://b.example/u/bo", "https://b.example:8443/u/bo", "https://10.0.0.1/u/bo", "https://0x7f.1/u/bo"),
        *(
            "https://localhost/u/bo",
            "https://a.lan/u/bo",
            "https://bo@b.example/u/bo",
            "https://b.example/%s" % ("a" * 8_000),
        ),
    ],
)
async def test_what_may_not_be_asked_may_not_be_asked_a_second_time(server, url):
    await places.allowed("https://b.example/u/bo")

    for _ in range(2):
        with pytest.raises(Untrustworthy):
            await places.allowed(url)


async def test_this_server_itself_is_not_asked_whatever_stands_behind_its_host(server):
    for path in ("", "/", "/u/ana", "/u/ana?page=2"):
        with pytest.raises(Untrustworthy):
            await places.allowed(f"{server.here.settings.base_url}{path}")
