"""Answers that are kept: drawn once while nothing changes, and gone with the first change of anything."""

from __future__ import annotations

import gzip
import zlib
from typing import Any, NoReturn

import asyncpg
import pytest

from fedimark.database import at_once, execute, fetch, is_sqlite, stamp, together
from fedimark.doorway.watch import answered_now, said_again
from fedimark.errors import NotFound
from fedimark.moderation.domains import block_domain
from fedimark.timelines import queries
from fedimark.timelines.stream import PersonStream
from tests.support.counting import statements

PAGE = "https://sqlite.org/"
AS2 = {"accept": "application/activity+json"}


@pytest.fixture
async def ana(server):
    """Somebody with a public bookmark and a private one."""
    ana = await server.sign_up("ana")
    await ana.save(PAGE, title="SQLite")
    await ana.save("https://ana.example/diary", title="Diary", visibility="private")
    return ana


@pytest.mark.parametrize("path", ["/u/ana", "/recent", "/search?q=sqlite"])
async def test_a_page_is_drawn_once_while_nothing_changes(server, ana, path):
    await server.settle()
    first = await ana.browser.get(path)

    with statements() as asked:
        second = await ana.browser.get(path)

    assert (first.status_code, first.content) == (200, second.content)
    if is_sqlite():  # to PostgreSQL what happens in other databases of its is a change too
        assert list(asked) == []


@pytest.mark.parametrize("change", ["remove", "hide", "suspend"])
async def test_what_was_just_hidden_is_on_no_page_any_more(server, ana, change):
    stranger, ways = server.browser(), ("/u/ana", "/recent", "/")
    before = [(await stranger.get(path)).text.count("SQLite") for path in ways]

    if change == "remove":
        await ana.remove(PAGE)
    elif change == "hide":
        await ana.edit(PAGE, visibility="private")
    else:  # by another process, which tells this one nothing
        await execute("UPDATE actor SET suspended_at = 1, name = 'x' WHERE local_name = 'ana'")
        await execute("UPDATE bookmark SET listed = FALSE, removed_at = 1")

    after = [(await stranger.get(path)).text.count("SQLite") for path in ways]
    assert all(before)
    assert not any(after)


async def test_a_page_of_ones_own_is_shown_to_nobody_else(server, ana):
    bo = await server.sign_up("bo")
    shown = {}

    for _ in range(2):
        for name, browser in (("ana", ana.browser), ("bo", bo.browser), ("stranger", server.browser())):
            shown.setdefault(name, []).append("Diary" in (await browser.get("/u/ana")).text)

    assert shown == {"ana": [True, True], "bo": [False, False], "stranger": [False, False]}


async def test_a_session_that_ended_opens_nothing_kept(server, ana):
    before = await ana.browser.get("/u/ana")

    await execute("DELETE FROM session")

    after = await ana.browser.get("/u/ana")
    assert ("Diary" in before.text, "Diary" in after.text) == (True, False)


async def test_moments_go_on_where_nothing_else_does(server, ana):
    before = await server.browser().get("/u/ana")

    server.clock.forward(seconds=180)

    after = await server.browser().get("/u/ana")
    assert ("just now" in before.text, "3 minutes ago" in after.text) == (True, True)


async def test_who_has_a_page_is_told_so_until_it_changes(server, ana):
    stranger = server.browser()
    has = {"if-none-match": (await stranger.get("/u/ana")).headers["etag"]}

    same = await stranger.get("/u/ana", headers=has)
    await ana.save("https://postgresql.org/")
    other = await stranger.get("/u/ana", headers=has)

    assert (same.status_code, same.content, other.status_code) == (304, b"", 200)
    assert {"Accept", "Cookie"} <= set(same.headers["vary"].split(", "))
    assert "etag" not in (await ana.browser.get("/u/ana")).headers


async def test_a_page_is_compressed_for_whom_it_helps(server, ana):
    stranger = server.browser()
    plain = await stranger.get("/u/ana", headers={"accept-encoding": "identity"})

    async with stranger.stream("GET", "/u/ana", headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])

    assert (answer.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert gzip.decompress(packed) == plain.content
    assert "Accept-Encoding" in answer.headers["vary"]
    assert len(packed) < len(zlib.compress(plain.content, 0)) / 2


async def test_a_note_is_written_once_and_anew_when_it_changes(server, ana):
    path = (await fetch("SELECT public_id FROM bookmark WHERE url = ?", PAGE))[0]["public_id"]
    path, stranger = f"/u/ana/b/{path}", server.browser()
    first = await stranger.get(path, headers=AS2)

    with statements() as asked:
        second = await stranger.get(path, headers=AS2)
        known = await stranger.get(path, headers=AS2 | {"if-none-match": first.headers["etag"]})
    await ana.edit(PAGE, title="Small. Fast. Reliable.")
    third = await stranger.get(path, headers=AS2 | {"if-none-match": first.headers["etag"]})
    await ana.edit(PAGE, visibility="private")
    gone = await stranger.get(path, headers=AS2)

    assert second.content == first.content
    if is_sqlite():
        assert list(asked) == []
    assert (known.status_code, third.status_code, "Reliable" in third.text) == (304, 200, True)
    assert gone.status_code in (404, 410)


async def test_what_is_given_again_is_the_same_to_the_last_header_but_for_its_number(server, ana):
    asked = {"accept": "text/html"}

    first, second = [await server.client.get("/u/ana", headers=asked) for _ in range(2)]
    german = await server.client.get("/u/ana", headers=asked | {"accept-language": "de"})

    numbers = [dict(answer.headers).pop("x-request-id") for answer in (first, second)]
    told = [{name: value for name, value in one.headers.items() if name != "x-request-id"} for one in (first, second)]
    assert (first.content, told[0]) == (second.content, told[1])
    assert len(set(numbers)) == 2
    assert 'lang="de"' in german.text


def heard(path: str, **headers: str) -> dict[str, Any]:
    """A request as the server below tells of it."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    way = {"path": path, "raw_path": path.encode(), "query_string": b""}
    return {"type": "http", "method": "GET", "headers": [(b"host", b"a.example"), *named], **way}


async def test_what_was_said_is_said_again_without_waiting_until_anything_changes(server, ana):
    path = (await fetch("SELECT public_id FROM bookmark WHERE url = ?", PAGE))[0]["public_id"]
    path, asked = f"/u/ana/b/{path}", {"accept": "application/activity+json"}
    # The client of tests names itself; nothing else is in its requests.
    first = await server.client.get(path, headers=asked)
    seen = {name: value for name, value in first.request.headers.items() if name != "host"}

    again = answered_now(heard(path, **seen))
    other = [answered_now(heard(path, **seen | more)) for more in ({"cookie": "a=b"}, {"accept": "text/html"})]
    await execute("INSERT INTO fact (name, value) VALUES ('a', 'b')")
    after = answered_now(heard(path, **seen))

    if is_sqlite():  # PostgreSQL has to be asked
        assert again is not None
        assert (again.status, again.body) == (200, first.content)
        told = dict(line.split(b": ", 1) for line in again.head.splitlines())
        numbers = {told.pop(b"x-request-id").decode(), first.headers["x-request-id"]}
        assert len(numbers) == 2
        assert {name.decode(): value.decode() for name, value in told.items()} == {
            name: value for name, value in first.headers.items() if name != "x-request-id"
        }
    else:
        assert again is None
    assert (other, after) == ([None, None], None)


async def test_what_was_said_is_said_again_to_the_same_words_on_the_wire(server, ana):
    asked = {"accept": "text/html", "accept-encoding": "identity"}
    first = await server.client.get("/u/ana", headers=asked)
    seen = {name: value for name, value in first.request.headers.items() if name not in ("host", "connection")}

    def block(**more: str) -> bytes:
        lines = "".join(f"{name.title()}: {value}\r\n" for name, value in (seen | more).items())
        return f"GET /u/ana HTTP/1.1\r\nHost: b.example\r\n{lines}\r\n".encode()

    again = said_again(block())
    other = [said_again(block(**more)) for more in ({"cookie": "a=b"}, {"accept-language": "de"}, {"te": "trailers"})]
    await execute("INSERT INTO fact (name, value) VALUES ('a', 'b')")
    after = said_again(block())

    if is_sqlite():  # PostgreSQL has to be asked
        assert again is not None
        assert (again.status, again.body) == (200, first.content)
    else:
        assert again is None
    assert (other, after) == ([None] * 3, None)


async def test_whoever_signs_is_looked_at_each_time(server, ana):
    path = (await fetch("SELECT public_id FROM bookmark WHERE url = ?", PAGE))[0]["public_id"]
    signed = AS2 | {"signature": 'keyId="https://b.example/u/bo#main-key",headers="date",signature="eA=="'}
    before = [(await server.client.get(f"/u/ana/b/{path}", headers=signed)).status_code for _ in range(2)]

    await block_domain("b.example")

    after = await server.client.get(f"/u/ana/b/{path}", headers=signed)
    assert (before, after.status_code) == ([200, 200], 403)


def main(answer: Any) -> str:
    """What a page says between its head and its foot."""
    assert answer.status_code == 200
    return str(answer.text).partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        ("https://a.example/u/ana", "/u/ana"),
        ("https://a.example/u/ana?tags=all&mode=cloud", "/u/ana?tags=all&amp;mode=cloud"),
        ("https://a.example/sign-in?next=/u/ana", ""),
        ("https://a.example.evil.example/u/ana", ""),
        ("https://a.example//evil.example/", ""),
        ("https://evil.example/u/ana", ""),
        ("", ""),
    ],
)
async def test_a_form_leads_back_to_the_page_of_ours_whose_link_led_to_it(server, ana, came_from, back):
    # Given a line that is the same on all pages, and what others saved
    bo = await server.sign_up("bo")
    of_bo = await bo.save("https://b.example/")
    path = (await fetch("SELECT public_id FROM bookmark WHERE url = ?", PAGE))[0]["public_id"]
    edit = f"/u/ana/b/{path}/edit"
    assert f"href={edit}>" in (await ana.browser.get("/u/ana")).text

    # Then what a browser says it comes from is where each of its forms leads back to
    for form in (edit, f"/add?from={of_bo.path}", f"/say?about={of_bo.path}"):
        page = main(await ana.browser.get(form, headers={"referer": came_from}))
        assert f'name=back value="{back}"' in page or (not back and "name=back" not in page), form

    # And the form that saves something new leads to it
    page = main(await ana.browser.get("/add", headers={"referer": came_from}))
    assert "name=back" not in page


async def test_each_commit_makes_another_stamp_and_nothing_else_does(server):
    first = await stamp()
    await fetch("SELECT * FROM fact")
    second = await stamp()

    await execute("INSERT INTO fact (name, value) VALUES ('a', 'b')")

    if is_sqlite():
        assert second == first
    assert await stamp() != second


@pytest.mark.parametrize("ended", [ConnectionRefusedError, asyncpg.InternalClientError, asyncpg.AdminShutdownError])
@pytest.mark.parametrize("database", ["postgres"], indirect=True)  # SQLite goes nowhere
async def test_what_cannot_be_looked_at_is_no_longer_what_it_was(server, monkeypatch, ended):
    first = await stamp()

    def lost(*_: object) -> NoReturn:
        raise ended("lost")  # in the middle of a statement, at a moment nobody can choose

    monkeypatch.setattr(asyncpg.Connection, "fetchval", lost)
    seen = [await stamp(), await stamp()]

    assert first not in seen
    assert seen[0] != seen[1]


async def test_reads_at_once_return_what_they_would_one_by_one_and_raise_as_they_do(server, ana):
    def read(name: str) -> Any:
        return lambda: queries.find(PersonStream(name), None)

    for reads in ([read("ana")], [read("ana"), read("ana"), read("ana")], []):
        assert await at_once(*reads) == [await each() for each in reads]
    assert await together(lambda: at_once(read("ana"), read("ana"))) == [await read("ana")()] * 2
    with pytest.raises(NotFound):
        await at_once(read("ana"), read("nobody"))


async def test_reads_together_raise_and_return_what_they_would_alone(server, ana):
    found = await together(lambda: queries.find(PersonStream("ana"), None))

    with pytest.raises(NotFound):
        await together(lambda: queries.find(PersonStream("nobody"), None))

    assert found == await queries.find(PersonStream("ana"), None)
