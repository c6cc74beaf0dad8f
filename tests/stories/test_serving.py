"""What serve takes over a socket: bounds on heads, in bytes, lines and time; everything else passes."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from structlog.testing import capture_logs

from fedimark.doorway.ready import Whole
from fedimark.logs import REQUEST_CUT_OFF
from fedimark.serving import heads
from fedimark.serving.protocol import BoundedProtocol
from fedimark.signatures.letter import read_letter

PATIENCE_S = 30  # a hang guard, no measurement


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body and the path."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await asyncio.sleep({"/slow": 0.3, "/slower": 1.5}.get(scope["path"], 0))
    body = f"{scope['method']} {len(scope['raw_path'])} {len(scope['query_string'])} {size}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Door:
    """The same, but for what is taken in at once: `/taken` is, and `/left` seems so until it comes to be committed;
    and for `/ready`, which is answered already, and `/again`, asked for in the very words. `/never` is not answered at
    all, and `/half` not to its end; what `/left-off` waits for is cancelled.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Echo."""
        if scope["path"] == "/half":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        if scope["path"] == "/left-off":
            shared = asyncio.get_running_loop().create_future()
            shared.cancel()
            await asyncio.shield(shared)
        if scope["path"] in ("/never", "/half"):
            await asyncio.Event().wait()
        await echo(scope, receive, send)

    def at_once(self, block: bytes, answer: Any) -> bool:
        """Take in what is for it, a little later."""
        letter = read_letter(block)
        if letter is None or letter.target not in ("/taken", "/left"):
            return False
        asyncio.get_running_loop().call_later(0.05, answer, letter.target == "/taken")
        return True

    def again(self, block: bytes) -> Whole | None:
        """What went out before."""
        return Whole(200, b"content-length: 6\r\n", b"before") if block == get(b"/again") else None

    def ready(self, scope: Any) -> Whole | None:
        """What needs no task."""
        return Whole(200, b"content-length: 5\r\n", b"again") if scope["path"] == "/ready" else None


class Peer:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, text: bytes) -> None:
        self.writer.write(text)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """One answer: its status and its body."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return int(head.split()[1]), await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()


@pytest.fixture
async def connect() -> AsyncIterator[Any]:
    """Opens raw connections to a server with our protocol."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Door(), http=BoundedProtocol, ws="none", lifespan="off", log_level="critical", proxy_headers=False
    )
    server = uvicorn.Server(config)
    config.load()
    serving_task = asyncio.create_task(server._serve(sockets=[listener]))
    writers = []

    @asynccontextmanager
    async def open_one() -> AsyncIterator[Peer]:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writers.append(writer)
        yield Peer(reader, writer)

    async with asyncio.timeout(PATIENCE_S):
        while not server.started:
            await asyncio.sleep(0.01)
    open_one.server = server  # type: ignore[attr-defined]
    yield open_one
    for writer in writers:
        writer.close()
    server.should_exit = True
    await serving_task


def get(path: bytes = b"/", headers: bytes = b"") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: a.example\r\n" + headers + b"\r\n"


async def test_one_connection_carries_many_requests(connect):
    async with connect() as peer:
        for number in range(5):
            await peer.say(get(b"/" + b"x" * 20_000, b"X-Long: " + b"y" * 40_000 + b"\r\n"))

            assert await peer.answer() == (200, b"GET 20001 0 0"), number


async def test_pipelined_requests_are_answered_in_order(connect):
    async with connect() as peer:
        await peer.say(get(b"/slow") + get(b"/second") + get(b"/slow") + get(b"/" + b"z" * 30_000))

        answers = [(await peer.answer())[1] for _ in range(4)]

    assert answers == [b"GET 5 0 0", b"GET 7 0 0", b"GET 5 0 0", b"GET 30001 0 0"]


async def test_a_pipelined_flood_of_small_requests_is_fine(connect):
    async with connect() as peer:
        await peer.say(get() * 5_000)

        answers = [await peer.answer() for _ in range(5_000)]

    assert set(answers) == {(200, b"GET 1 0 0")}


async def test_a_large_body_is_no_head(connect):
    body = b"b" * 3_000_000
    async with connect() as peer:
        await peer.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + body)
        assert await peer.answer() == (200, b"POST 1 0 3000000")

        await peer.say(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        await peer.say(b"".join(b"%x\r\n%b\r\n" % (100_000, b"c" * 100_000) for _ in range(30)) + b"0\r\n\r\n")
        assert await peer.answer() == (200, b"POST 1 0 3000000")


async def test_a_request_line_of_64_kib_passes_and_a_longer_one_does_not(connect):
    longest = b"/?" + b"q" * (heads.LINE_LIMIT - len(b"GET /? HTTP/1.1"))

    async with connect() as peer:
        await peer.say(get(longest))
        assert (await peer.answer())[0] == 200
    async with connect() as peer:
        await peer.say(get(longest + b"q"))
        assert (await peer.answer())[0] == 414  # apps for Pinboard shorten what they say then


@pytest.mark.parametrize(
    "head",
    [
        get(headers=b"X: " + b"y" * 66_000 + b"\r\n"),
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 600_000,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"n" * 600_000,
        get(headers=b"".join(b"X-%d: %b\r\n" % (i, b"v" * 1000) for i in range(70))),
        get(headers=b"A: b\r\n" * 200),
    ],
    ids=["header", "endless-header", "endless-name", "sum", "lines"],
)
async def test_a_head_beyond_the_bounds_is_answered_431_and_the_connection_ends(connect, head):
    async with connect() as peer:
        await peer.say(head)

        status, _ = await peer.answer()
        assert status == 431
        assert await peer.rest() == b""


@pytest.mark.parametrize("head", [get(b"/" + b"a" * 100_000), get(b"/" + b"a" * 900_000), b"GET /" + b"a" * 400_000])
async def test_a_request_line_beyond_the_bounds_is_answered_414_and_the_connection_ends(connect, head):
    async with connect() as peer:
        await peer.say(head)

        status, _ = await peer.answer()
        assert status == 414
        assert await peer.rest() == b""


async def test_two_hundred_header_lines_pass(connect):
    async with connect() as peer:
        await peer.say(get(headers=b"A: b\r\n" * 199))

        assert (await peer.answer())[0] == 200


async def test_endless_trailers_end_the_connection(connect):
    async with connect() as peer:
        await peer.say(b"POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: ")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            for _ in range(200):
                await peer.say(b"t" * 65_536)
                await asyncio.sleep(0)
            await peer.reader.readexactly(1_000_000)


async def test_a_good_request_before_a_bad_one_gets_its_answer(connect):
    async with connect() as peer:
        await peer.say(get(b"/slow") + get(b"/" + b"a" * 100_000))

        assert await peer.answer() == (200, b"GET 5 0 0")
        assert await peer.rest() == b""


async def test_a_head_that_dribbles_is_answered_408(connect, monkeypatch):
    monkeypatch.setattr(heads, "HEAD_S", 0.5)
    async with connect() as peer:
        for byte in b"GET / HTTP/1.1\r\nHost: a.example\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":
            await peer.say(bytes([byte]))
            await asyncio.sleep(0.02)
            if peer.reader._buffer:
                break

        assert (await peer.answer())[0] == 408
        assert await peer.rest() == b""


async def test_a_dribbled_second_request_is_answered_408_too(connect, monkeypatch):
    monkeypatch.setattr(heads, "HEAD_S", 1.0)
    async with connect() as peer:
        await peer.say(get())
        assert (await peer.answer())[0] == 200
        await peer.say(b"GET / HT")

        assert (await peer.answer())[0] == 408


@pytest.mark.parametrize("noise", [b"", b"\r\n"])
async def test_a_connection_that_asks_nothing_is_closed(connect, monkeypatch, noise):
    monkeypatch.setattr(heads, "HEAD_S", 0.3)
    async with connect() as peer:
        await peer.say(noise)

        assert await peer.rest() == b""


async def test_a_slow_answer_is_not_taken_for_a_slow_request(connect, monkeypatch):
    monkeypatch.setattr(heads, "HEAD_S", 1.0)
    async with connect() as peer:
        await peer.say(get(b"/slower"))

        assert await peer.answer() == (200, b"GET 7 0 0")


@pytest.mark.parametrize("said", [b"Content-Length: 9\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n9\r\n"])
@pytest.mark.parametrize("part", [b"", b"a=b"])
async def test_a_body_that_never_comes_is_answered_408_and_nobody_waits_for_it(connect, monkeypatch, said, part):
    monkeypatch.setattr(heads, "BODY_S", 0.3)
    async with connect() as peer:
        await peer.say(b"POST / HTTP/1.1\r\nHost: a\r\n" + said + part)

        assert (await peer.answer())[0] == 408
        assert await peer.rest() == b""
        assert not connect.server.server_state.tasks


async def test_a_body_that_dribbles_on_is_taken(connect, monkeypatch):
    monkeypatch.setattr(heads, "BODY_S", 2.0)
    async with connect() as peer:
        await peer.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        for _ in range(9):
            await asyncio.sleep(0.3)
            await peer.say(b"b")

        assert await peer.answer() == (200, b"POST 1 0 9")


async def test_a_body_that_breaks_off_into_no_http_is_answered_400_and_nobody_waits_for_it(connect):
    async with connect() as peer:
        await peer.say(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        await asyncio.sleep(0.05)
        await peer.say(b"fffffffffffffffff\r\n")

        assert (await peer.answer())[0] == 400
        assert await peer.rest() == b""
        assert not connect.server.server_state.tasks


async def test_a_body_that_never_comes_behind_a_good_request_leaves_that_its_answer(connect, monkeypatch):
    monkeypatch.setattr(heads, "BODY_S", 0.05)
    async with connect() as peer:
        await peer.say(get(b"/slow") + b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")

        assert await peer.answer() == (200, b"GET 5 0 0")
        assert (await peer.answer())[0] == 408
        assert await peer.rest() == b""


async def test_a_body_that_breaks_off_behind_a_good_request_leaves_that_its_answer(connect):
    async with connect() as peer:
        broken = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"
        await peer.say(get(b"/slow") + broken)

        assert await peer.answer() == (200, b"GET 5 0 0")
        assert await peer.rest() == b""
        assert not connect.server.server_state.tasks


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01", b"hello\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n"]
)
async def test_what_is_no_http_is_answered_400(connect, noise):
    async with connect() as peer:
        await peer.say(noise)

        assert (await peer.answer())[0] == 400


def post(path: bytes, body: bytes = b"{}", headers: bytes = b"") -> bytes:
    head = b"POST %b HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n" % (path, len(body))
    return head + headers + b"\r\n" + body


@pytest.mark.parametrize("target", [b"http://[/", b"a.example:443"])
async def test_a_target_that_is_none_is_answered_and_the_connection_ends(connect, target):
    async with connect() as peer:
        await peer.say(get())
        assert (await peer.answer())[0] == 200
        await peer.say(b"CONNECT " + target + b" HTTP/1.1\r\nHost: a.example\r\n\r\n")

        assert (await peer.answer())[0] == 400
        assert await peer.rest() == b""


async def test_what_is_taken_at_once_is_answered_once_and_the_connection_goes_on(connect):
    async with connect() as peer:
        for _ in range(3):
            await peer.say(post(b"/taken"))
            assert await peer.answer() == (202, b"")
        await peer.say(get())

        assert await peer.answer() == (200, b"GET 1 0 0")


async def test_what_is_not_taken_in_the_end_is_for_the_application(connect):
    async with connect() as peer:
        await peer.say(post(b"/left") + post(b"/other"))

        assert [await peer.answer() for _ in range(2)] == [(200, b"POST 5 0 2"), (200, b"POST 6 0 2")]


@pytest.mark.parametrize(("path", "first"), [(b"/taken", (202, b"")), (b"/left", (200, b"POST 5 0 2"))])
async def test_what_comes_while_another_waits_to_be_taken_is_answered_after_it(connect, path, first):
    async with connect() as peer:
        await peer.say(post(path))
        await asyncio.sleep(0.01)
        await peer.say(get(b"/second") + post(b"/taken") + post(b"/left")[:-1])
        await asyncio.sleep(0.01)
        await peer.say(b"}")

        answers = [await peer.answer() for _ in range(4)]

    # Who waited behind another is the application's.
    assert answers == [first, (200, b"GET 7 0 0"), (200, b"POST 6 0 2"), (200, b"POST 5 0 2")]


async def test_several_in_one_block_are_for_the_application(connect):
    async with connect() as peer:
        await peer.say(post(b"/taken") + get(b"/second") + post(b"/taken"))

        answers = [await peer.answer() for _ in range(3)]

    assert answers == [(200, b"POST 6 0 2"), (200, b"GET 7 0 0"), (200, b"POST 6 0 2")]


async def test_behind_a_part_of_a_request_nothing_is_taken_at_once(connect):
    async with connect() as peer:
        await peer.say(post(b"/first") + b"POST /second HTTP/1.1\r\nHost: a.example\r\nX-Said: ")
        assert await peer.answer() == (200, b"POST 6 0 2")
        await peer.say(post(b"/taken"))

        assert (await peer.answer())[0] == 200


async def test_a_connection_that_nothing_comes_over_is_closed_and_one_that_is_taken_from_is_not(connect):
    connect.server.config.timeout_keep_alive = 1.5
    async with connect() as peer:
        for _ in range(6):
            await peer.say(post(b"/taken"))
            assert await peer.answer() == (202, b"")
            await asyncio.sleep(0.3)

        assert await peer.rest() == b""


async def test_what_is_being_taken_when_the_server_ends_is_answered(connect):
    async with connect() as peer:
        await peer.say(post(b"/taken"))
        await asyncio.sleep(0.01)
        connect.server.should_exit = True

        assert await peer.answer() == (202, b"")
        assert await peer.rest() == b""


async def test_what_comes_in_parts_or_ends_its_connection_is_for_the_application(connect):
    whole = post(b"/taken", b"x" * 100)
    async with connect() as peer:
        await peer.say(whole[:-50])
        await asyncio.sleep(0.05)
        await peer.say(whole[-50:])
        assert await peer.answer() == (200, b"POST 6 0 100")

        await peer.say(post(b"/taken", headers=b"Connection: close\r\n"))
        assert await peer.answer() == (200, b"POST 6 0 2")
        assert await peer.rest() == b""


async def test_whoever_hangs_up_before_it_is_taken_holds_up_nobody(connect):
    async with connect() as peer:
        await peer.say(post(b"/taken"))
        peer.writer.close()
    async with connect() as peer:
        await asyncio.sleep(0.1)
        await peer.say(post(b"/taken"))

        assert await peer.answer() == (202, b"")


async def test_what_is_ready_is_answered_in_its_turn_and_the_connection_goes_on(connect):
    async with connect() as peer:
        for _ in range(3):
            await peer.say(get(b"/ready"))
            assert await peer.answer() == (200, b"again")
        await peer.say(get(b"/ready") + get(b"/second") + get(b"/ready"))

        answers = [await peer.answer() for _ in range(3)]

    # Who waited behind another is the application's.
    assert answers == [(200, b"again"), (200, b"GET 7 0 0"), (200, b"GET 6 0 0")]


async def test_what_is_ready_and_ends_its_connection_or_brings_a_body_is_for_the_application(connect):
    body = get(b"/ready", b"Content-Length: 4\r\n") + b"body"
    async with connect() as peer:
        await peer.say(body[:-2])
        await asyncio.sleep(0.05)
        await peer.say(body[-2:])
        assert await peer.answer() == (200, b"GET 6 0 4")

        await peer.say(get(b"/ready", b"Connection: close\r\n"))
        assert await peer.answer() == (200, b"GET 6 0 0")
        assert await peer.rest() == b""


async def test_a_flood_of_what_is_ready_is_answered_one_by_one(connect):
    async with connect() as peer:
        await peer.say(get(b"/slow") + get(b"/ready") * 500)

        answers = [await peer.answer() for _ in range(501)]

    assert answers == [(200, b"GET 5 0 0"), *[(200, b"GET 6 0 0")] * 500]


async def test_what_went_out_before_is_given_again_and_the_connection_goes_on(connect):
    async with connect() as peer:
        for _ in range(3):
            await peer.say(get(b"/again"))
            assert await peer.answer() == (200, b"before")
        await peer.say(get(b"/again") + get(b"/second") + get(b"/again"))

        assert [await peer.answer() for _ in range(3)] == [
            (200, b"GET 6 0 0"),
            (200, b"GET 7 0 0"),
            (200, b"GET 6 0 0"),
        ]
        await peer.say(get(b"/again"))
        assert await peer.answer() == (200, b"before")


async def test_behind_a_part_of_a_request_nothing_is_given_again(connect):
    async with connect() as peer:
        await peer.say(get(b"/second")[:-1])
        await asyncio.sleep(0.05)
        await peer.say(b"\n" + get(b"/again"))

        assert [(await peer.answer())[1] for _ in range(2)] == [b"GET 7 0 0", b"GET 6 0 0"]


async def test_a_request_whose_work_was_cancelled_while_the_server_goes_on_has_failed(connect, caplog):
    caplog.set_level(logging.ERROR, "uvicorn.error")
    with capture_logs() as lines:
        async with connect() as peer:
            await peer.say(get(b"/left-off"))
            answer = await peer.rest()

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert lines == []
    [record] = caplog.records
    assert record.exc_info is not None and record.exc_info[0] is asyncio.CancelledError


@pytest.mark.parametrize(
    ("path", "begins", "ends"), [(b"/never", b" 503 ", b"moment.\n"), (b"/half", b" 200 ", b"half")]
)
async def test_what_is_cut_off_when_the_server_ends_is_a_line_in_the_log_and_no_trace(
    connect, caplog, path, begins, ends
):
    server = connect.server
    caplog.set_level(logging.ERROR, "uvicorn.error")
    with capture_logs() as lines:
        async with connect() as peer:
            await peer.say(get(path))
            async with asyncio.timeout(PATIENCE_S):
                while not server.server_state.tasks:
                    await asyncio.sleep(0.01)
            server.config.timeout_graceful_shutdown = 0
            server.should_exit = True
            answer = await peer.rest()

    assert answer.startswith(b"HTTP/1.1" + begins)
    assert answer.endswith(ends)
    assert (b"\r\nretry-after: 5\r\n" in answer) is (path == b"/never")
    told = {"event": REQUEST_CUT_OFF, "log_level": "warning", "method": "GET", "path": path.decode()}
    assert lines == [told]
    assert [record.exc_info for record in caplog.records] == [None]
