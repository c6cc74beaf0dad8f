"""Bringing a file in by the pages alone: chosen, looked into, started, watched, done; and taken out again."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.stories.reading import Reading
from tests.support.people import Person

ROWS = [
    {"href": "https://one.example/", "description": "One", "tags": "a b", "time": "2019-01-01T00:00:00Z"},
    {"href": "https://two.example/", "description": "Two", "toread": "yes", "shared": "no"},
    {"href": "<b>broken</b>", "description": "Three"},
]


async def upload(person: Person, rows: Any = ROWS, name: str = "mine.json") -> httpx.Response:
    """Choose a file on the page and send it."""
    page = Reading((await person.browser.get("/settings/import")).text)
    form = page.form("/settings/import")
    assert form.element.get("enctype") == "multipart/form-data"
    [field] = [e.get("name") for e in form.element.all("input") if e.get("type") == "file"]
    content = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
    files = {field: (name, content, "application/json")}
    return await person.browser.post(form.action, files=files, follow_redirects=True)


def figures(page: Reading) -> dict[str, str]:
    """The counts a page of an import shows."""
    return {dt.text: dd.text for dt, dd in zip(page.all("dt"), page.all("dd"), strict=True)}


async def test_a_file_is_looked_into_started_watched_and_done(server, ana):
    # When ana chooses a file
    looked = await upload(ana)

    # Then she sees what is in it, and nothing is saved
    page = Reading(looked.text)
    assert figures(page) == {"new": "2", "known already": "0", "changed": "0", "broken": "1"}
    assert page.one("tbody").all("td")[0].text == "3"
    assert "<b>broken</b>" in page.one("tbody").text
    assert "Nothing saved yet" in (await ana.browser.get("/u/ana")).text

    # When she starts it
    watched = await page.form(f"{looked.url.path}/start").send(ana.browser)

    # Then the page looks again by itself, until it is done
    running = Reading(watched.text)
    assert [e.get("content") for e in running.all("meta") if e.get("http-equiv") == "refresh"] == ["2"]
    assert running.one("progress").get("max") == "3"
    await server.settle()
    done = Reading((await ana.browser.get(looked.url.path)).text)
    assert figures(done) == {"added": "2", "changed": "0", "known already": "0", "broken": "1"}
    assert not [e for e in done.all("meta") if e.get("http-equiv")]
    titles = [e.text for e in Reading((await ana.browser.get("/u/ana")).text).all("a", "p-name")]
    assert titles == ["Two", "One"]
    assert "2 added" in (await ana.browser.get("/settings/import")).text


async def test_the_same_file_again_has_nothing_to_do(server, ana):
    looked = await upload(ana)
    await Reading(looked.text).form(f"{looked.url.path}/start").send(ana.browser)
    await server.settle()

    again = Reading((await upload(ana)).text)

    assert figures(again) == {"new": "0", "known already": "2", "changed": "0", "broken": "1"}
    assert "There is nothing to do." in again.one("main").text
    assert (await ana.browser.post(f"{looked.url.path}/start")).status_code == 409


async def test_what_is_no_file_of_bookmarks_is_said_beside_the_field(ana):
    for rows in (b"", b"<html>", b"{", b"\xff\xfe\x00", b'"text"'):
        answer = await upload(ana, rows)

        assert 400 <= answer.status_code < 500, rows
        assert Reading(answer.text).one(kind="wrong").get("id") == "file-wrong", rows
    assert "Imports so far" not in (await ana.browser.get("/settings/import")).text


async def test_an_import_is_nobody_elses(server, ana):
    looked = await upload(ana)
    bo = await server.sign_up("bo")

    assert (await bo.browser.get(looked.url.path)).status_code == 404
    assert (await bo.browser.post(f"{looked.url.path}/start")).status_code == 404
    assert "mine.json" not in (await bo.browser.get("/settings/import")).text


async def test_what_is_taken_out_comes_in_again_as_it_was(server, ana):
    # Given a bookmark with everything, taken out
    texts = {"title": "Tïtle", "description": "two\nlines", "tags": "c++ 日本 .mine", "visibility": "private"}
    await ana.save("https://all.example/", **texts)
    [link] = [a for a in Reading((await ana.browser.get("/settings/import")).text).all("a") if a.has("download")]
    taken = await ana.browser.get(link.get("href"))

    # When somebody else brings it in
    bo = await server.sign_up("bo")
    looked = await upload(bo, taken.content)
    await Reading(looked.text).form(f"{looked.url.path}/start").send(bo.browser)
    await server.settle()

    # Then they take out the same
    assert "attachment" in taken.headers["content-disposition"]
    assert (await bo.browser.get("/settings/export.json")).json() == taken.json()
    assert taken.json()[0]["tags"] == "c++ 日本 .mine"


async def test_why_a_row_is_broken_is_said_in_the_readers_language(server, ana):
    # Given rows that are broken for reasons with words of their own in them
    rows = [*ROWS, {"href": "https://three.example/", "time": "ides of March"}, 7]
    ana.browser.headers["accept-language"] = "de"

    # When ana looks into the file, and brings it in
    looked = await upload(ana, rows)
    before = Reading(looked.text).one("tbody").text
    await Reading(looked.text).form(f"{looked.url.path}/start").send(ana.browser)
    await server.settle()
    after = Reading((await ana.browser.get(looked.url.path)).text).one("tbody").text

    # Then both pages tell her in her language
    for told in (before, after):
        assert "Dieser Adresse fehlt der Anfang: Meinst du https://<b>broken</b>?" in told
        assert "Ihre Zeit „ides of March“ ist nicht zu lesen." in told
        assert "Diese Zeile ist kein Lesezeichen." in told


async def test_an_empty_file_is_said_to_be_empty_and_no_file_to_be_none(server, ana):
    empty, none = await upload(ana, b""), await upload(ana, b"", name="")

    assert (empty.status_code, none.status_code) == (422, 422)
    assert "The file is empty." in empty.text
    assert "Choose a file first." in none.text
