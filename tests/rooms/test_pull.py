"""Fetching from the live API of another service, over real sockets: politely, and with a key that stays where it is."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fedimark.accounts.tokens import Scope, make_token
from fedimark.bookmarks.draft import Owner
from fedimark.errors import Refused, Unreachable, Untrustworthy
from fedimark.importing import importer
from fedimark.importing.pulling import Account, pull
from fedimark.importing.rows_out import tell_nobody
from tests.rooms.peers import over_sockets, socket_peer
from tests.rooms.test_import import saved

PINBOARD_ROW = {"href": "https://one.example/", "description": "One", "extended": "", "tags": "a", "shared": "no"}


def linkding_row(number: int, **other: Any) -> dict[str, Any]:
    return {
        "url": f"https://example.org/{number}",
        "title": f"Page {number}",
        "tag_names": ["a"],
        "is_archived": False,
        "shared": False,
        "unread": True,
        "date_added": "2020-09-26T09:46:23.006313Z",
    } | other


class Service:
    """Somebody else's API: answers from a list, and remembers what it was asked."""

    def __init__(self, answer: Callable[[str, dict[str, str]], tuple[int, dict[str, str], bytes]]) -> None:
        self.asked: list[str] = []
        self._answer = answer

    async def talk(self, head: str, writer: Any) -> None:
        first, *lines = head.split("\r\n")
        target = first.split(" ")[1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.asked.append(target)
        status, more, body = self._answer(target, headers)
        said = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        writer.write(f"HTTP/1.1 {status} x\r\n{said}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        writer.write(body)
        await writer.drain()


class Waits:
    """Waits for nothing, and remembers for how long."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def pulled(
    server: Any, service: Service, kind: str, file: Path, wait: Callable[[float], Awaitable[None]]
) -> list[int]:
    """Fetch into a file; returns how many more had come each time it was told."""
    told: list[int] = []
    async with socket_peer(service.talk) as base, over_sockets(server.here, allow_loopback=True):
        await pull(Account(kind, base, "ana:KEY"), file, wait, told.append)
    return told


async def test_pinboard_is_asked_once_and_waited_for_as_it_asks(server, ana, tmp_path):
    # Given a Pinboard that has no time at first
    answers = [(429, {"Retry-After": "7"}, b""), (429, {}, b""), (200, {}, json.dumps([PINBOARD_ROW]).encode())]
    service, waits, file = Service(lambda *_: answers.pop(0)), Waits(), tmp_path / "pulled"

    # When ana's bookmarks are fetched and brought in
    told = await pulled(server, service, "pinboard", file, waits)
    *_, report = [each async for each in importer.bring_in(Owner.of(ana.viewer), file)]

    # Then it was waited for, and they are here
    assert waits.seconds == [7, 120]
    assert [urlsplit(each).path for each in service.asked] == ["/posts/all"] * 3
    assert parse_qs(urlsplit(service.asked[0]).query) == {"auth_token": ["ana:KEY"], "format": ["json"]}
    assert (report.new, told) == (1, [1])
    assert [one["url"] for one in await saved(ana)] == ["https://one.example/"]


async def test_linkding_is_asked_page_by_page_and_its_archive_too(server, ana, tmp_path):
    # Given a linkding with two pages and something archived
    rows = [linkding_row(n) for n in range(130)]

    def answer(target: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        assert headers["authorization"] == "Token ana:KEY"
        held = [linkding_row(200, is_archived=True)] if "/archived/" in target else rows
        query = parse_qs(urlsplit(target).query)
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        found = {"count": len(held), "next": "https://evil.example/", "results": held[offset : offset + limit]}
        return 200, {}, json.dumps(found).encode()

    service, waits, file = Service(answer), Waits(), tmp_path / "pulled"

    # When they are fetched and brought in
    told = await pulled(server, service, "linkding", file, waits)
    *_, report = [each async for each in importer.bring_in(Owner.of(ana.viewer), file)]

    # Then all are here, as they were there
    assert report.new == 131
    assert told == [100, 30, 1]
    archived = [one["url"] for one in await saved(ana) if one["archived"]]
    assert archived == ["https://example.org/200"]
    assert waits.seconds == [1, 1, 1]


async def test_a_key_goes_nowhere_else(server, ana, tmp_path):
    stolen: list[str] = []

    def steal(target: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        stolen.append(target + str(headers))
        return 200, {}, b"[]"

    thief = Service(steal)
    async with socket_peer(thief.talk) as elsewhere:
        service = Service(lambda *_: (302, {"Location": f"{elsewhere}/posts/all"}, b""))
        for kind in ("pinboard", "linkding"):
            with pytest.raises(Untrustworthy):
                await pulled(server, service, kind, tmp_path / "pulled", Waits())

    assert stolen == []


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"", Refused),
        (403, b"", Refused),
        (429, b"", Unreachable),
        (200, b"not JSON", Untrustworthy),
        (200, b"[" * 100_000, Untrustworthy),
        (200, b'{"results": 7}', Untrustworthy),
        (200, b"[7]", Untrustworthy),
    ],
)
async def test_an_api_that_answers_otherwise_ends_the_fetching_with_words(server, tmp_path, status, body, error):
    service = Service(lambda *_: (status, {}, body))

    with pytest.raises(error) as ended:
        await pulled(server, service, "linkding", tmp_path / "pulled", Waits())

    assert "KEY" not in ended.value.message


@pytest.mark.parametrize("base", ["", "links.example", "file:///etc/passwd", "https://a:b@c.example", "http://["])
async def test_what_is_no_address_is_asked_nothing(server, ana, tmp_path, base):
    for kind in ("pinboard", "linkding"):
        with pytest.raises(Refused) as refused:
            await pull(Account(kind, base, "x"), tmp_path / "pulled", Waits(), tell_nobody)
        assert refused.value.field == "url"


async def test_a_private_address_is_asked_nothing(server, ana, tmp_path):
    service = Service(lambda *_: (200, {}, b"[]"))

    async with socket_peer(service.talk) as base, over_sockets(server.here, allow_loopback=False):
        with pytest.raises(Untrustworthy):
            await pull(Account("pinboard", base, "x"), tmp_path / "pulled", Waits(), tell_nobody)

    assert service.asked == []


async def test_what_another_fedimark_keeps_is_pulled_through_its_own_door(server, ana, tmp_path):
    # Given bookmarks behind our own API
    await ana.save("https://one.example/", title="One", tags="a b", visibility="private")
    await ana.save("https://two.example/", title="Two", to_read=True)
    key = await make_token(ana.viewer, "pull", Scope.READ)

    # When another program asks as `pull` does
    asked = await server.browser().get("/v1/posts/all", params={"auth_token": key, "format": "json"})

    # Then what it gets is a file that comes in whole
    file, bo = tmp_path / "pulled", await server.sign_up("bo")
    file.write_bytes(asked.content)
    *_, report = [each async for each in importer.bring_in(Owner.of(bo.viewer), file)]
    assert (report.new, report.broken) == (2, 0)
    names = ("url", "title", "tags", "to_read", "visibility")
    assert [[row[name] for name in names] for row in await saved(bo)] == [
        [row[name] for name in names] for row in await saved(ana)
    ]
