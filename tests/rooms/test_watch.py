"""Each request's number, and its line."""

from __future__ import annotations

import re

import pytest
from structlog.testing import capture_logs

from fedimark import worker
from fedimark.app import Proxied
from fedimark.logs import REQUEST_ANSWERED, REQUEST_FAILED, about_now
from tests.support.server import browser

OURS = re.compile("[a-z2-7]{13}")


async def test_each_answer_carries_a_number_of_its_own(server):
    numbers = [(await server.client.get("/recent")).headers["x-request-id"] for _ in range(2)]

    assert all(OURS.fullmatch(number) for number in numbers)
    assert numbers[0] != numbers[1]


async def test_a_line_says_what_was_answered_and_not_what_was_asked_with(server, ana):
    with capture_logs() as lines:
        await server.client.get("/u/ana?q=secret", headers={"Cookie": "secret=1"})

    [line] = [line for line in lines if line["event"] == REQUEST_ANSWERED]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/u/{user}", 200)
    assert line["ms"] >= 0
    assert "secret" not in str(line)
    assert "ana" not in str(line)


async def test_lines_can_be_turned_off(server):
    object.__setattr__(server.here.settings, "access_log", False)

    with capture_logs() as lines:
        await server.client.get("/recent")

    assert [line for line in lines if line["event"] == REQUEST_ANSWERED] == []


async def test_the_number_of_a_request_that_failed_is_on_its_page(server):
    async def broken(scope, receive, send):
        raise RuntimeError("a mistake of ours")

    answer = await failing(server, broken)

    number = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert f"<code>{number}</code>" in answer.text
    assert "mistake" not in answer.text


async def test_every_line_of_a_request_carries_its_number(server):
    seen = []

    async def broken(scope, receive, send):
        seen.append(about_now()["request"])
        raise RuntimeError("a mistake of ours")

    with capture_logs() as lines:
        answer = await failing(server, broken)

    assert seen == [answer.headers["x-request-id"]]
    assert REQUEST_FAILED in [line["event"] for line in lines]
    assert "request" not in about_now()


async def test_a_page_that_is_not_there_is_the_same_each_time(server):
    pages = {(await server.client.get("/no-such-page")).text for _ in range(2)}

    assert len(pages) == 1


@pytest.mark.parametrize(
    ("trusted", "brought", "is_taken"),
    [
        ("127.0.0.1", "0af7651916cd43dd8448eb211c80319c", True),
        ("127.0.0.1", "short", False),
        ("127.0.0.1", "x" * 65, False),
        ("127.0.0.1", "a b c d e f g h", False),
        ("10.9.8.7", "0af7651916cd43dd8448eb211c80319c", False),
    ],
)
async def test_only_a_trusted_proxys_well_formed_number_is_taken(server, trusted, brought, is_taken):
    async with browser(Proxied(server.asgi, trusted), server.here.settings.base_url) as proxy:
        answer = await proxy.get("/recent", headers={"X-Request-Id": brought, "X-Forwarded-For": "198.51.100.7"})

    assert answer.headers.get_list("x-request-id") == [brought] or not is_taken
    assert (answer.headers["x-request-id"] == brought) is is_taken


async def test_each_step_of_the_worker_has_a_number_in_its_lines(server):
    seen = []

    async def step() -> int:
        seen.append(dict(about_now()))
        return 0

    await worker.watched("inbox", step)

    assert seen[0]["step"] == "inbox"
    assert OURS.fullmatch(seen[0]["turn"])
    assert about_now() == {}


async def failing(server, rooms):
    """What a server answers whose rooms are these."""
    from fedimark import app
    from fedimark.doorway.errors import Errors
    from fedimark.doorway.headers import Headers
    from fedimark.doorway.watch import Watch

    door = app.Door(server.here, Watch(Headers(Errors(rooms, app._draw_error))))
    async with browser(door, server.here.settings.base_url) as client:
        return await client.get("/recent")
