"""Kept connections to other servers: what is asked over one, and what ends it."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from yarl import URL

from fedimark.remote import client
from fedimark.remote.guard import Guarded
from fedimark.remote.line import Broken, Stale
from fedimark.remote.lines import Lines
from fedimark.settings import Settings
from tests.support.certificates import self_signed

TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
GUARD_S = 30
ASKED = b"POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


class Far:
    """A server that says these answers, one a request, on as many connections as come."""

    def __init__(self, *answers: bytes, ends: bool = False, context: ssl.SSLContext | None = None) -> None:
        self.answers, self.ends, self.context = list(answers), ends, context
        self.connections = self.most = self.open = 0

    async def __aenter__(self) -> Far:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context)
        port = self.server.sockets[0].getsockname()[1]
        self.url = URL(f"{'https' if self.context else 'http'}://127.0.0.1:{port}/inbox")
        settings = Settings(allow_loopback=True, fetch_connect_s=GUARD_S)
        self.lines = Lines(settings, httpx.create_ssl_context(trust_env=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.lines.close()
        self.server.close()

    async def ask(self, most: int = 1_000, patience_s: float = GUARD_S):
        return await self.lines.ask(self.url, ASKED, most=most, patience_s=patience_s)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            while self.answers:
                await reader.readuntil(b"\r\n\r\nhi")
                writer.write(self.answers.pop(0))
                await writer.drain()
                if self.ends:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()


async def test_one_connection_carries_one_request_after_the_other():
    async with Far(TAKEN, TAKEN, TAKEN) as far:
        told = [await far.ask() for _ in range(3)]

    assert [each.status for each in told] == [202, 202, 202]
    assert far.connections == 1


async def test_of_a_crowd_four_are_asked_at_once():
    async with Far(*[TAKEN] * 40) as far:
        await asyncio.gather(*(far.ask() for _ in range(40)))

    assert far.connections == far.most == 4


async def test_a_kept_connection_that_was_closed_there_is_made_anew():
    async with Far(TAKEN, TAKEN, ends=True) as far:
        first = await far.ask()
        second = await far.ask()

    assert (first.status, second.status, far.connections) == (202, 202, 2)


async def test_a_new_connection_that_ends_without_an_answer_is_not_tried_again():
    async with Far(b"", TAKEN, ends=True) as far:
        with pytest.raises(Broken) as caught:
            await far.ask()

    assert not isinstance(caught.value, Stale)
    assert far.connections == 1


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
async def test_an_answer_is_read_to_its_end_and_the_connection_kept(answer, body):
    async with Far(answer, TAKEN) as far:
        told = await far.ask()
        await far.ask()

    assert (told.body, told.is_whole, far.connections) == (body, True, 1)


async def test_an_answer_without_a_length_ends_with_its_connection():
    async with Far(b"HTTP/1.1 200 OK\r\n\r\nhello", ends=True) as far:
        told = await far.ask()

    assert (told.body, told.is_whole) == (b"hello", True)


async def test_an_answer_shorter_than_it_says_tells_its_status_and_that_it_is_not_whole():
    async with Far(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", ends=True) as far:
        told = await far.ask()

    assert (told.status, told.body, told.is_whole) == (200, b"short", False)


async def test_a_body_that_never_ends_is_waited_for_no_longer_than_was_said():
    async with Far(b"HTTP/1.1 202 Accepted\r\nContent-Length: 99\r\n\r\nsome", TAKEN) as far:
        told = await far.ask(patience_s=0.5)
        await far.ask()

    assert (told.status, told.body, told.is_whole) == (202, b"some", False)
    assert far.connections == 2


async def test_of_a_large_body_little_more_is_kept_than_was_wanted():
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9_000_000
    async with Far(large) as far:
        told = await far.ask(most=1_000)

    assert 1_000 < len(told.body) < 1_000_000


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 102 Processing\r\n\r\n" * 4_000,
    ],
)
async def test_what_is_no_answer_is_broken(answer):
    async with Far(answer) as far:
        with pytest.raises(Broken):
            await far.ask()


async def test_an_answer_that_nobody_asked_for_ends_the_connection():
    async with Far(TAKEN + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", TAKEN) as far:
        await far.ask()
        told = await far.ask()

    assert (told.status, told.body, far.connections) == (202, b"", 2)


async def test_whoever_stops_waiting_leaves_no_connection_behind():
    async with Far(b"", TAKEN) as far:
        asking = asyncio.create_task(far.ask())
        async with asyncio.timeout(GUARD_S):
            while len(far.answers) > 1:
                await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        told = await far.ask()

    assert (told.status, far.connections) == (202, 2)


async def test_the_guard_makes_the_sockets():
    async with Far(TAKEN) as far:
        lines = Lines(Settings(), ssl.create_default_context())
        with pytest.raises(Guarded):
            await lines.ask(far.url, ASKED, most=10)
        lines.close()

    assert far.connections == 0


async def test_a_certificate_of_another_name_is_not_believed(monkeypatch, tmp_path):
    certificate, key = self_signed(tmp_path, datetime.now(UTC) + timedelta(days=9))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(certificate, key)

    async with Far(TAKEN, context=shown) as far:
        told = await far.lines.ask(far.url.with_host("localhost"), ASKED, most=10)
        with pytest.raises(ssl.SSLCertVerificationError):
            await far.ask()

    assert told.status == 202


async def test_what_was_kept_ends_with_the_server_it_was_kept_for():
    async with Far(TAKEN) as far:
        async with client.build(Settings(allow_loopback=True)) as http:
            assert isinstance(http, client.WayOut)
            await http.lines.ask(far.url, ASKED, most=10)
            kept = [line for host in http.lines._hosts.values() for line in host.idle]

        assert [line.is_fit for line in kept] == [False]
