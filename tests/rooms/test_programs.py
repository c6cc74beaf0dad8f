"""What holds for every call of programs, Pinboard's and linkding's alike: keys, whose rows, and two at once."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from fedimark.accounts.tokens import Scope, read_scopes
from fedimark.database import fetch, fetch_one
from tests.support.people import Person
from tests.support.programs import program_of

SCOPES = (Scope.READ, Scope.WRITE, Scope.FEED, Scope.VISIBILITY, Scope.SAVE)
TABLES = ("bookmark", "bookmark_tag", "bundle", "asset", "written_note")


async def calls(person: Person) -> list[tuple[str, str, dict[str, Any]]]:
    """Every call that is described, with a method, a path that leads to something of ana's, and what is said of it."""
    paths = (await person.server.client.get("/api/openapi.json")).json()["paths"]
    row = await fetch_one("SELECT id FROM bookmark ORDER BY id LIMIT 1")
    numbers = {"id": str(row["id"] if row else 1), "asset": "1", "tag": "sql"}
    return [
        (method.upper(), re.sub(r"\{(\w+)\}", lambda name: numbers[name[1]], path), said)
        for path, verbs in paths.items()
        for method, said in verbs.items()
    ]


def arguments(path: str) -> dict[str, str]:
    """Arguments with which any method of Pinboard's would do its work."""
    told = {"url": "https://qprivate.example/", "description": "x", "tag": "sql", "old": "sql", "new": "other"}
    return told | {"since": "2020-01-01T00:00:00Z"} if path.startswith("/v1/") else {}


async def rows() -> list[Any]:
    """Everything that a program could change."""
    return [await fetch(f"SELECT * FROM {table} ORDER BY id") for table in TABLES]


@pytest.fixture
async def kept(ana: Person) -> Person:
    """Ana, with a bookmark of each visibility."""
    for word in ("private", "followers", "unlisted", "public"):
        await ana.save(f"https://q{word}.example/", title=f"q{word}", tags=f"sql t{word}", visibility=word)
    return ana


async def test_a_key_of_one_scope_cannot_do_anothers_work_in_any_call(server, kept):
    before, tried = await rows(), 0
    for scope in SCOPES:
        program = await program_of(kept, scope)
        for method, path, said in await calls(kept):
            if not said.get("x-scopes") or scope.word in said["x-scopes"]:
                continue
            answer = await program.request(method, path, params=arguments(path))
            assert answer.status_code == 403, (scope, method, path, answer.status_code)
            assert "qp" not in answer.text, (scope, method, path)
            tried += 1

    assert tried > 150
    assert await rows() == before


async def test_a_call_that_needs_several_scopes_is_refused_to_who_lacks_one(server, kept):
    together = [
        (method, path, read_scopes(tuple(said["x-scopes"][0].split())))
        for method, path, said in await calls(kept)
        if " " in "".join(said.get("x-scopes", ()))
    ]
    assert {path for _, path, _ in together} == {"/v1/user/secret"}

    for method, path, enough in together:
        for scope in SCOPES:
            program = await program_of(kept, sum(SCOPES, Scope(0)) & ~scope)
            status = (await program.request(method, path, params=arguments(path))).status_code
            assert status == (403 if scope in enough else 200), (method, path, scope)


async def test_no_call_shows_a_stranger_or_nobody_what_they_may_not_see(server, kept):
    reader, nobody = await program_of(await server.sign_up("zoe"), Scope.READ), server.browser()
    before = await rows()

    for method, path, said in await calls(kept):
        asked = {**arguments(path), "limit": "1000"}
        for who in (reader, nobody):
            answer = await who.request(method, path, params=asked)
            shown = [word for word in ("qprivate", "qfollowers", "tprivate", "tfollowers") if word in answer.text]
            assert shown == [], (method, path, answer.text[:500])
            if who is nobody and said["security"] and {} not in said["security"]:
                assert answer.status_code == 401, (method, path)

    assert await rows() == before


async def test_a_cookie_opens_no_call(server, kept):
    for method, path, said in await calls(kept):
        if said["security"] and {} not in said["security"]:
            answer = await kept.browser.request(method, path, params=arguments(path))
            assert answer.status_code == 401, (method, path)


async def test_two_programs_that_write_at_once_lose_nothing(server, ana):
    one, other = [await program_of(ana, Scope.READ | Scope.WRITE) for _ in range(2)]
    made = (await one.post("/api/bookmarks/?disable_scraping", json={"url": "https://one.example/"})).json()
    place = f"/api/bookmarks/{made['id']}/"

    async def saves(program: httpx.AsyncClient, name: str) -> None:
        for number in range(10):
            url = f"https://{name}{number}.example/"
            asked = {"url": url, "description": f"{name}{number}", "tags": f"{name} both"}
            assert "done" in (await program.get("/v1/posts/add", params=asked)).text
            same = {"url": "https://same.example/", "description": name, "extended": f"{number}"}
            assert "done" in (await program.post("/v1/posts/add", data=same)).text

    async def changes(program: httpx.AsyncClient, name: str) -> None:
        for number in range(10):
            assert (await program.patch(place, json={name: f"{number}"})).status_code == 200

    work = (saves(one, "a"), saves(other, "b"), changes(one, "title"), changes(other, "description"))
    await asyncio.gather(*work, changes(other, "notes"))

    changed = (await one.get(place)).json()
    assert (changed["title"], changed["description"], changed["notes"]) == ("9", "9", "9")
    listed = (await one.get("/api/bookmarks/?limit=100")).json()
    urls = [each["url"] for each in listed["results"]]
    assert len(urls) == len(set(urls)) == listed["count"] == 22
    tags = (await one.get("/v1/tags/get?format=json")).json()
    assert tags == {"a": 10, "b": 10, "both": 20}


async def test_a_mark_that_meets_an_edit_stays(server, ana):
    one, other = [await program_of(ana, Scope.READ | Scope.WRITE) for _ in range(2)]
    lost = []

    for number in range(8):
        sent = {"url": f"https://{number}.example/", "title": "Old"}
        made = (await one.post("/api/bookmarks/?disable_scraping", json=sent)).json()
        place, [row] = f"/api/bookmarks/{made['id']}/", await fetch("SELECT * FROM bookmark WHERE id = ?", made["id"])
        star = ana.browser.post("/press", data={"starred": row["public_id"]})
        again = {"url": sent["url"], "description": "New"}
        await asyncio.gather(
            *(one.patch(place, json={name: "New"}) for name in ("title", "notes", "description")),
            one.get("/v1/posts/add", params=again),
            other.post(f"{place}archive/"),
            star,
        )
        [row] = await fetch("SELECT * FROM bookmark WHERE id = ?", made["id"])
        if not (row["archived"] and row["starred"] and row["title"] == row["private_note"] == "New"):
            lost.append(row)

    assert lost == []
