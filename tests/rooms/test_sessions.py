"""Signing in through the door: cookies, sessions that can be listed and ended, throttles, forms for people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from fedimark.accounts.register import register
from fedimark.accounts.sessions import list_sessions, open_session, token_hash, viewer_of
from fedimark.database import fetch_one
from fedimark.here import entered
from fedimark.settings import read
from tests.support.composition import running
from tests.support.counting import statements
from tests.support.people import PASSWORD
from tests.support.server import browser as new_browser

NEW = {"username": "ana", "password": PASSWORD, "visibility": "followers"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
async def local(database, clock, tmp_path) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """A server of this machine alone, http://127.0.0.1:8123; the test runs inside it and gets its browsers."""
    base_url = "http://127.0.0.1:8123"
    settings = read({}, base_url=base_url, database_url=await database.new(), data_dir=str(tmp_path))
    async with httpx.AsyncClient() as http, running(settings, http, clock) as (here, asgi), entered(here):
        yield lambda: new_browser(asgi, base_url)


async def signed_in(server, name: str = "ana") -> httpx.AsyncClient:
    browser = server.browser()
    browser.headers["user-agent"] = FIREFOX
    answer = await browser.post("/sign-in", data={"username": name, "password": PASSWORD})
    assert answer.status_code == 303
    return browser


async def test_over_https_the_cookie_is_bound_to_the_host_and_kept_from_scripts(server):
    await register("ana", PASSWORD)

    answer = await server.browser().post("/sign-in", data={"username": " Ana ", "password": PASSWORD})

    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-fedimark=")
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts >= {"secure", "httponly", "samesite=lax", "path=/"}
    assert not any(part.startswith("domain") for part in parts)


async def test_over_http_the_cookies_name_carries_the_port(local):
    await register("ana", PASSWORD)

    answer = await local().post("/sign-in", data={"username": "ana", "password": PASSWORD})

    assert answer.headers["set-cookie"].startswith("fedimark-8123=")
    assert "secure" not in answer.headers["set-cookie"].lower()


async def test_the_database_holds_no_token(server):
    ana = await register("ana", PASSWORD)

    token = await open_session(ana.account_id, "Firefox on Linux", "192.0.2.7")

    row = await fetch_one("SELECT * FROM session")
    assert len(token) == 43
    assert token not in str(row)
    assert row["token_hash"] == token_hash(token)


async def test_a_viewer_is_found_in_one_statement_and_seen_at_most_every_ten_minutes(server, clock):
    ana = await register("ana", PASSWORD)
    token = token_hash(await open_session(ana.account_id))

    with statements() as first:
        viewer = await viewer_of(token)
    clock.forward(seconds=601)
    await viewer_of(token)
    with statements() as third:
        await viewer_of(token)

    assert viewer
    assert (viewer.username, viewer.is_admin) == ("ana", True)
    assert viewer.session_id > 0
    assert len(first) == len(third) == 1
    assert (await fetch_one("SELECT seen_at - created_at AS moved FROM session"))["moved"] >= 600_000_000


async def test_a_session_unused_for_ninety_days_ends_and_a_used_one_does_not(server, clock):
    ana = await register("ana", PASSWORD)
    used, unused = [token_hash(await open_session(ana.account_id)) for _ in range(2)]

    for _ in range(2):
        clock.forward(days=50)
        await viewer_of(used)

    assert await viewer_of(used)
    assert await viewer_of(unused) is None
    assert len(await list_sessions(ana)) == 1


@pytest.mark.parametrize("cookie", ["", "x", "é" * 40, "A" * 9000, "a b; c", '"'])
async def test_a_cookie_that_is_none_of_ours_is_nobody(server, cookie):
    headers = {"cookie": f"__Host-fedimark={cookie}".encode()}

    answer = await server.browser().get("/settings", headers=headers)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/settings"


async def test_signing_in_again_replaces_this_browsers_session(server):
    ana = await register("ana", PASSWORD)
    browser = await signed_in(server)

    await browser.post("/sign-in", data={"username": "ana", "password": PASSWORD})

    assert len(await list_sessions(ana)) == 1
    assert (await browser.get("/settings")).status_code == 200


async def test_sessions_are_listed_and_revoked_by_their_owner_alone(server):
    await register("ana", PASSWORD)
    bo = await register("bo", PASSWORD)
    here, there, strangers = [await signed_in(server, name) for name in ("ana", "ana", "bo")]
    bos = (await list_sessions(bo))[0].id

    page = await here.get("/settings/sessions")
    others = (await here.post(f"/settings/sessions/{bos}/revoke")).status_code
    ana_there = await fetch_one("SELECT max(id) AS id FROM session WHERE account_id <> ?", bo.account_id)
    ended = await here.post(f"/settings/sessions/{ana_there['id']}/revoke")

    assert page.text.count("Firefox on Linux") >= 2
    assert others == 404
    assert ended.headers["location"] == "/settings/sessions"
    assert (await there.get("/settings")).status_code == 303
    assert (await here.get("/settings")).status_code == 200
    assert (await strangers.get("/settings")).status_code == 200


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "٣"])
async def test_a_session_that_cannot_be_is_not_found(server, number):
    await register("ana", PASSWORD)

    answer = await (await signed_in(server)).post(f"/settings/sessions/{number}/revoke")

    assert answer.status_code == 404


async def test_signing_out_ends_the_session_and_takes_the_cookie(server):
    ana = await register("ana", PASSWORD)
    browser = await signed_in(server)

    answer = await browser.post("/sign-out")

    assert answer.status_code == 303
    assert not browser.cookies
    assert await list_sessions(ana) == ()


async def test_the_way_back_leads_only_to_this_server(server):
    await register("ana", PASSWORD)

    for wanted, got in (
        ("/u/ana/t/c%2B%2B?before=1", "/u/ana/t/c%2B%2B?before=1"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nX-Evil: 1", "/"),
        ("", "/"),
    ):
        data = {"username": "ana", "password": PASSWORD, "next": wanted}
        assert (await server.browser().post("/sign-in", data=data)).headers["location"] == got


async def test_a_wrong_password_shows_the_form_again_and_keeps_only_the_name(server):
    await register("ana", PASSWORD)

    answer = await server.browser().post("/sign-in", data={"username": "ana", "password": "a wrong sentence"})

    assert answer.status_code == 422
    assert "The name or the password is not right." in answer.text
    assert 'value="ana"' in answer.text
    assert "a wrong sentence" not in answer.text
    assert "set-cookie" not in answer.headers


async def test_an_account_is_tried_ten_times_and_then_not_even_with_the_right_password(server):
    await register("ana", PASSWORD)
    browser = server.browser()

    answers = [
        await browser.post("/sign-in", data={"username": "ana", "password": "wrong sentence"}) for _ in range(10)
    ]
    last = await browser.post("/sign-in", data={"username": "ana", "password": PASSWORD})

    assert {answer.status_code for answer in answers} == {422}
    assert last.status_code == 429
    assert 0 < int(last.headers["retry-after"]) <= 900


async def test_a_borrowed_browser_does_not_find_the_password_by_trying(server):
    await register("ana", PASSWORD)
    browser = await signed_in(server)

    answers = [
        (
            await browser.post("/settings/password", data={"old": f"guess number {n}", "new": "mine now, mine"})
        ).status_code
        for n in range(11)
    ]

    assert answers == [422] * 10 + [429]
    assert (await browser.post("/settings/leave", data={"username": "ana", "password": PASSWORD})).status_code == 429


async def test_signing_in_rightly_is_never_too_often(server):
    await register("ana", PASSWORD)

    answers = [
        await server.browser().post("/sign-in", data={"username": "ana", "password": PASSWORD}) for _ in range(12)
    ]

    assert {answer.status_code for answer in answers} == {303}


async def test_the_first_visit_elsewhere_takes_the_code(server):
    browser = server.browser()
    assert (await browser.get("/sign-in")).headers["location"] == "/setup"
    page = await browser.get("/setup")
    assert 'name="code"' in page.text

    answer = await browser.post("/setup", data=NEW | {"code": "guessed"})

    assert answer.status_code == 422
    assert "not the code" in answer.text
    assert await fetch_one("SELECT id FROM account") is None


async def test_the_first_visit_at_the_machine_itself_makes_the_admin_without_a_code(local):
    browser = local()
    assert 'name="code"' not in (await browser.get("/setup")).text

    rebound = await browser.post("/setup", data=NEW, headers={"host": "evil.example:8123"})
    answer = await browser.post("/setup", data=NEW)

    assert rebound.status_code == 422
    assert answer.status_code == 303
    assert (await browser.get("/settings")).status_code == 200
    assert (await browser.get("/setup")).status_code == 404
    assert (await local().post("/setup", data=NEW | {"username": "bo"})).status_code == 403


async def test_signing_up_by_invitation_through_the_door(fleet):
    server = await fleet.server("a.example", registration="invite")
    async with entered(server.here):
        await register("ana", PASSWORD)
        ana = await signed_in(server)
    made = await ana.post("/settings/invites")
    code = made.text.split("/sign-up?invite=")[1].split('"')[0]
    browser = server.browser()
    form = await browser.get(f"/sign-up?invite={code}")
    assert code in form.text

    without = await browser.post("/sign-up", data=NEW | {"username": "bo"})
    taken = await browser.post("/sign-up", data=NEW | {"invite": code})
    answer = await browser.post("/sign-up", data=NEW | {"username": "bo", "invite": code})

    assert without.status_code == 422
    assert taken.status_code == 409
    assert "That name is taken." in taken.text
    assert answer.status_code == 303
    assert (await browser.get("/settings")).status_code == 200
    assert code not in (await ana.get("/settings/invites")).text


async def test_a_closed_door_says_so(server):
    await register("ana", PASSWORD)

    answers = [
        await server.browser().get("/sign-up"),
        await server.browser().post("/sign-up", data=NEW | {"username": "bo"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]


async def test_settings_are_kept_and_shown_as_text(server):
    await register("ana", PASSWORD)
    browser = await signed_in(server)
    form = {"name": "<script>alert(1)</script>", "bio": "</textarea>", "visibility": "private"}

    wrong = await browser.post("/settings", data=form | {"time_zone": "Mars/Base"})
    saved = await browser.post("/settings", data=form | {"time_zone": "Asia/Tokyo"})
    page = await browser.get("/settings")

    assert wrong.status_code == 422
    assert "Choose a time zone of the list." in wrong.text
    assert saved.status_code == 303
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert page.text.count("</textarea>") == 1


async def test_leaving_through_the_door_signs_out(server):
    await register("ana", PASSWORD)
    browser = await signed_in(server)

    wrong = await browser.post("/settings/leave", data={"username": "ana", "password": "not it at all"})
    answer = await browser.post("/settings/leave", data={"username": "ana", "password": PASSWORD})

    assert wrong.status_code == 422
    assert "This is not your password." in wrong.text
    assert answer.status_code == 303
    assert not browser.cookies
    assert (await browser.get("/settings")).status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/setup", "/settings", "/settings/password", "/settings/leave"])
@pytest.mark.parametrize(
    "body", [b"", b"username=%00", b"username=%ED%A0%80", b"username=%FF", b"=&&=", b"username=" + b"x" * 1_048_000]
)
async def test_no_broken_form_breaks_a_door(server, path, body):
    await register("ana", PASSWORD)
    browser = await signed_in(server)

    answer = await browser.post(path, content=body, headers={"content-type": "application/x-www-form-urlencoded"})

    assert answer.status_code in (400, 403, 413, 422)
