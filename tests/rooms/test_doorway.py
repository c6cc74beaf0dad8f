"""What all doors share, in front of a small application of its own."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import AsyncIterator
from urllib.parse import quote, unquote_plus

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from fedimark import errors
from fedimark.accounts.register import register
from fedimark.accounts.sessions import open_session
from fedimark.doorway.accept import wants_activity, wants_json
from fedimark.doorway.errors import Errors
from fedimark.doorway.forms import read_form
from fedimark.doorway.headers import Headers
from fedimark.doorway.origins import Origins
from fedimark.doorway.redirects import own_path
from fedimark.doorway.sessions import Sessions
from fedimark.doorway.visitors import browser_of, is_at_this_machine, neighbourhood
from fedimark.here import entered, here
from tests.support.people import PASSWORD
from tests.support.server import Server

PROBLEMS = {
    "refused": errors.Refused("Too short.", field="password"),
    "sign-in": errors.SignInFirst(),
    "unproven": errors.NotProven("key-mismatch"),
    "unknown": errors.NotFound(),
    "gone": errors.Gone(),
    "often": errors.TooMany(30),
    "bug": ValueError("the secret of /home/ana"),
    "disk": errors.Unavailable(),
    "database": ConnectionRefusedError("127.0.0.1:5432"),
}


async def echo(request: Request) -> Response:
    form = await read_form(request, 200_000)
    files = {name: len(await form.read_upload(name, 100_000)) for name in form.uploads}
    return JSONResponse({"texts": dict(form), "every": form.every("tag"), "files": files})


async def fail(request: Request) -> Response:
    raise PROBLEMS[request.path_params["how"]]


async def who(request: Request) -> Response:
    viewer = request.scope["viewer"]
    return PlainTextResponse(viewer.username if viewer else "nobody")


async def html(request: Request) -> Response:
    return Response("<p>hello", media_type="text/html")


def draw(request: Request, status: int, title: str, detail: str) -> str:
    return f"<h1>{status}</h1><p>{title}<p>{detail}"


@pytest.fixture
async def door(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """The small application behind the shared doors, as a program without cookies reaches it."""
    routes = [
        Route("/echo", echo, methods=["POST"]),
        Route("/fail/{how}", fail, methods=["GET", "POST"]),
        Route("/who", who, methods=["GET", "POST"]),
        Route("/html", html),
    ]
    rooms = Headers(Errors(Sessions(Origins(Router(routes))), draw))

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        async with entered(server.here):
            await rooms(scope, receive, send)

    transport = httpx.ASGITransport(app=asgi)
    async with httpx.AsyncClient(transport=transport, base_url="https://a.example") as client:
        yield client


async def with_cookie() -> dict[str, str]:
    ana = await register("ana", PASSWORD)
    return {"cookie": f"other=1; __Host-fedimark={await open_session(ana.account_id)}; last=2"}


def asking(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    client = (headers.pop("client", "192.0.2.7"), 1234)
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw, "client": client})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "https://a.example"}, 403),
        ({"origin": "https://a.example"}, 200),
        ({"origin": "http://a.example"}, 403),
        ({"origin": "https://a.example.evil.example"}, 403),
        ({"origin": "https://a.example:8443"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_with_a_session_only_our_own_pages_may_change_something(door, headers, status):
    cookie = await with_cookie()

    answer = await door.post("/who", headers=cookie | headers)

    assert answer.status_code == status
    assert (await door.get("/who", headers=cookie | headers)).text == "ana"


async def test_a_program_without_a_session_may_send_and_a_strange_page_may_not(door):
    assert (await door.post("/who")).text == "nobody"
    assert (await door.post("/who", headers={"sec-fetch-site": "cross-site"})).status_code == 403
    assert (await door.post("/who", headers={"origin": "https://evil.example"})).status_code == 403


async def test_every_answer_carries_the_headers_that_keep_browsers_careful(door):
    cookie = await with_cookie()

    for answer in (await door.get("/html"), await door.get("/fail/bug"), await door.get("/nowhere")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    anonymous, signed = await door.get("/html"), await door.get("/html", headers=cookie)
    assert anonymous.headers["cache-control"] == "no-cache"
    assert signed.headers["cache-control"] == "private, no-store"
    assert "Cookie" in signed.headers["vary"]


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("refused", 422, "Too short."),
        ("unproven", 401, "key-mismatch"),
        ("unknown", 404, "There is nothing here"),
        ("gone", 410, "This is gone"),
        ("often", 429, "Please wait 30 seconds."),
        ("bug", 500, "Something went wrong here"),
        ("disk", 503, "save anything just now"),
        ("database", 503, "save anything just now"),
    ],
)
async def test_an_error_answers_people_programs_and_servers_each_in_their_way(door, how, status, words):
    page = await door.post(f"/fail/{how}", headers={"accept": "text/html"})
    program = await door.post(f"/fail/{how}", headers={"accept": "application/json"})
    server = await door.post(f"/fail/{how}", headers={"content-type": "application/activity+json"})

    assert page.status_code == program.status_code == server.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert words in page.text
    assert words in program.json()["error"]
    assert server.headers["content-type"] == "application/problem+json"
    assert server.json()["status"] == status
    assert ("retry-after" in page.headers) == (how == "often")
    for answer in (page, program, server):
        assert "secret" not in answer.text


async def test_an_address_nobody_laid_and_a_method_nobody_takes_are_answered_as_pages(door):
    unknown, wrong = await door.get("/nowhere"), await door.delete("/html")

    assert (unknown.status_code, wrong.status_code) == (404, 405)
    assert "There is nothing here" in unknown.text
    assert "Method Not Allowed" in wrong.text
    assert "GET" in wrong.headers["allow"]


async def test_who_must_sign_in_is_sent_there_and_brought_back(door):
    person = await door.get("/fail/sign-in?a=%23&b=/x")
    program = await door.get("/fail/sign-in", headers={"accept": "application/json"})
    posted = await door.post("/fail/sign-in")

    assert person.status_code == 303
    target = "/fail/sign-in?a=%23&b=/x"
    assert person.headers["location"] == f"/sign-in?next={quote(target, safe='/')}"
    assert own_path(target) == target
    assert program.status_code == posted.status_code == 401


async def test_a_form_is_read_whole(door):
    body = "title=caf%C3%A9+%E6%8A%80&tag=a&tag=b&empty=&raw=é&odd=%zz"

    answer = await door.post(
        "/echo", content=body.encode(), headers={"content-type": "application/x-www-form-urlencoded"}
    )

    texts = {"title": "café 技", "tag": "b", "empty": "", "raw": "é", "odd": "%zz"}
    assert answer.json() == {"texts": texts, "every": ["a", "b"], "files": {}}


@pytest.mark.parametrize("sign", [b"%", b"%z", b"%25", b"+"])
async def test_a_form_of_nothing_but_escapes_is_not_taken_apart_sign_by_sign(door, sign):
    body = b"a=" + sign * (190_000 // len(sign))
    await door.post("/echo", content=b"a=b", headers={"content-type": URLENCODED})
    tracemalloc.start()
    answer = await door.post("/echo", content=body, headers={"content-type": URLENCODED})
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert answer.json()["texts"]["a"] == unquote_plus(body[2:].decode())
    assert most < 6_000_000


async def test_a_form_with_a_file_is_read_whole(door):
    answer = await door.post("/echo", data={"title": "技术文"}, files={"file": ("á.json", b"x" * 90_000)})

    assert answer.json() == {"texts": {"title": "技术文"}, "every": [], "files": {"file": 90_000}}


URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def part(name: bytes, value: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value + b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (URLENCODED, b"a=%FF", 400),
        (URLENCODED, b"a=\xff", 400),
        (URLENCODED, b"%ff=a", 400),
        (URLENCODED, b"a=%00", 400),
        (URLENCODED, b"a=%ED%A0%80", 400),
        (URLENCODED + "; charset=iso-8859-1", b"a=b", 400),
        (URLENCODED, b"&".join(b"a=b" for _ in range(101)), 400),
        (URLENCODED, b"a=" + b"x" * 200_000, 413),
        ("", b"a=b", 415),
        ("application/json", b"{}", 415),
        ("text/plain", b"a=b", 415),
        (MULTIPART, part(b"a", b"\xff"), 400),
        (MULTIPART, part(b"\xff", b"a"), 400),
        (MULTIPART, part(b"a", b"\0"), 400),
        (MULTIPART, part(b"a", b"b")[:-30], 400),
        (MULTIPART, b"nothing of the kind", 400),
        (MULTIPART, b"--b\r\n\r\nno name\r\n--b--\r\n", 400),
        ("multipart/form-data", part(b"a", b"b"), 400),
        (MULTIPART + "; charset=utf-16", part(b"a", b"b"), 400),
        (MULTIPART, part(b"a", b"x" * 200_000), 413),
        (MULTIPART, b"".join(part(b"a", b"b")[:-7] + b"\r\n" for _ in range(101)) + b"--b--\r\n", 400),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused_plainly(door, kind, body, status):
    answer = await door.post("/echo", content=body, headers={"content-type": kind} if kind else {})

    assert answer.status_code == status
    assert "Traceback" not in answer.text


async def test_a_body_is_counted_as_it_streams_whatever_its_length_says(door):
    async def dribble() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    unsaid = await door.post("/echo", content=dribble(), headers={"content-type": URLENCODED})
    lied = await door.post("/echo", content=b"a=b", headers={"content-type": URLENCODED, "content-length": "9" * 30})
    odd = await door.post("/echo", content=b"a=b", headers={"content-type": URLENCODED, "content-length": "-1"})

    assert (unsaid.status_code, lied.status_code, odd.status_code) == (413, 413, 200)


@pytest.mark.parametrize(
    ("accept", "activity", "plain"),
    [
        ("application/activity+json", True, False),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', True, False),
        ('application/activity+json, application/ld+json; profile="x", text/html;q=0.1', True, False),
        ("application/activity+json, */*", True, False),
        ("text/html, application/activity+json", False, False),
        ("text/html;q=0.5, application/activity+json;q=0.9", True, False),
        ("*/*", False, False),
        ("", False, False),
        ("application/activity+json;q=0", False, False),
        ("application/activity+json;q=nonsense", False, False),
        ("APPLICATION/Activity+JSON ; q=1", True, False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False, False),
        ("application/json", False, True),
        ("application/json, text/plain, */*", False, True),
    ],
)
def test_what_is_asked_for_is_read_by_weight_and_place(accept, activity, plain):
    assert wants_activity(asking(accept=accept)) is activity
    assert wants_json(asking(accept=accept)) is plain


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("/u/ana", "/u/ana"),
        ("/", "/"),
        ("/add?url=https%3A%2F%2Fx.example%2F#top", "/add?url=https%3A%2F%2Fx.example%2F#top"),
        ("", "/"),
        ("//x.example", "/"),
        ("/\\x.example", "/"),
        ("/a\\b", "/"),
        ("https://x.example/", "/"),
        ("u/ana", "/"),
        ("/a b", "/"),
        ("/a\tb", "/"),
        ("/é", "/"),
        ("/\n/x.example", "/"),
        ("/ok\n", "/"),
    ],
)
def test_a_way_back_is_a_path_of_this_server(wanted, got):
    assert own_path(wanted) == got


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
    ],
)
def test_a_visitor_is_an_address_or_a_line_of_addresses(address, whole):
    assert neighbourhood(asking(client=address)) == whole


@pytest.mark.parametrize(
    ("client", "host", "at_it"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "localhost:8000", True),
        ("::1", "[::1]:8000", True),
        ("127.0.0.1", "rebound.example:8000", False),
        ("127.0.0.1", "", False),
        ("192.0.2.7", "127.0.0.1:8000", False),
    ],
)
def test_who_is_at_this_machine_names_it_so(client, host, at_it):
    assert is_at_this_machine(asking(client=client, host=host)) is at_it


def test_a_browser_is_called_by_its_name():
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"

    assert browser_of(asking(user_agent=edge)) == "Edge on Windows"
    assert browser_of(asking(user_agent="curl/8.5.0")) == "curl"
    assert browser_of(asking()) == ""


async def test_a_broken_error_page_still_answers(server):
    def broken(request: Request, status: int, title: str, detail: str) -> str:
        raise KeyError(json.dumps({"secret": str(here().settings.database_url)}))

    transport = httpx.ASGITransport(app=Errors(Router([Route("/fail/{how}", fail)]), broken))
    async with httpx.AsyncClient(transport=transport, base_url="https://a.example") as client:
        answer = await client.get("/fail/gone")

    assert answer.status_code == 410
    assert answer.text == "This is gone. This is gone\n"
