"""Notes: texts of their own, for their writer alone or for everybody, who get words and nothing that runs."""

from __future__ import annotations

import re

import pytest

from fedimark.accounts.tokens import Scope, make_token
from fedimark.bookmarks import notes
from fedimark.bookmarks.draft import Owner
from fedimark.database import execute, fetch
from fedimark.text.markdown import rendered

SECRET, OPEN = "secretwords", "openwords"


async def written(person, text: str, public: str = "", title: str = "") -> str:
    """Write a note on the page; returns where it stands."""
    answer = await person.browser.post("/notes/add", data={"title": title, "text": text, "public": public})
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_a_note_is_written_read_changed_and_removed(server, ana):
    path = await written(ana, "# Heading\n\nSome **bold** words.")

    assert re.fullmatch(r"/u/ana/notes/[a-z2-7]{13}", path)
    page = (await ana.browser.get(path)).text
    assert "<strong>bold</strong>" in page
    assert "<title>Heading" in page
    changed = await ana.browser.post(f"{path}/edit", data={"title": "Other", "text": "Other words."})
    assert changed.headers["location"] == path
    assert "Other words." in (await ana.browser.get(path)).text
    assert "Other" in (await ana.browser.get("/u/ana/notes")).text
    assert (await ana.browser.post(f"{path}/remove")).headers["location"] == "/u/ana/notes"
    assert (await ana.browser.get(path)).status_code == 404


async def test_what_is_private_is_its_writers_alone_on_every_page(server, ana):
    private, public = await written(ana, SECRET), await written(ana, OPEN, "yes")
    bo, nobody = await server.sign_up("bo"), server.browser()

    for browser in (bo.browser, nobody):
        listed = await browser.get("/u/ana/notes")
        assert OPEN in listed.text
        assert SECRET not in listed.text
        assert (await browser.get(public)).status_code == 200
        for path in (private, f"{private}/edit", f"{private}/remove", f"{public}/edit", f"{public}/remove"):
            answer = await browser.get(path)
            assert answer.status_code in (303, 404), path
            assert SECRET not in answer.text
    theirs = {"title": "x", "text": "bo was here"}
    for path in (private, public, private.replace("/ana/", "/bo/"), public.replace("/ana/", "/bo/")):
        assert (await bo.browser.post(f"{path}/edit", data=theirs)).status_code == 404
        assert (await bo.browser.post(f"{path}/remove")).status_code == 404
    assert {row["text"] for row in await fetch("SELECT text FROM written_note")} == {SECRET, OPEN}
    # After the writer's id of a private note nobody learns more than after none.
    other = await nobody.get(f"/u/ana/notes?after={private.rpartition('/')[2]}")
    assert SECRET not in other.text


async def test_notes_of_who_is_suspended_are_shown_to_nobody(server, ana):
    public = await written(ana, OPEN, "yes")
    await execute("UPDATE actor SET suspended_at = 1 WHERE id = ?", ana.viewer.actor_id)

    assert (await server.browser().get(public)).status_code == 404
    assert (await server.browser().get("/u/ana/notes")).status_code == 404


async def test_under_privacy_lock_no_note_is_public_and_none_may_be_when_it_closes(server, ana):
    public = await written(ana, OPEN, "yes")
    form = {"visibility": "private", "time_zone": "UTC", "theme": "auto", "privacy_lock": "yes"}
    refused = await ana.browser.post("/settings", data=form)

    assert refused.status_code == 422
    assert "note" in refused.text
    await ana.browser.post(f"{public}/edit", data={"title": "x", "text": OPEN})
    assert (await ana.browser.post("/settings", data=form)).status_code == 303
    other = await written(ana, OPEN, "yes")
    assert (await server.browser().get(other)).status_code == 404


async def test_a_page_of_notes_goes_on_where_the_last_ended(server, ana, clock):
    owner = Owner.of(ana.viewer)
    for number in range(5):
        clock.forward(seconds=1)
        await notes.write_note(owner, notes.read_words(f"{number}", "x", is_public=True))

    first = await notes.page_of("ana", None, "", 2)
    second = await notes.page_of("ana", None, first.last, 2)
    third = await notes.page_of("ana", None, second.last, 2)

    assert [[row["title"] for row in page.rows] for page in (first, second, third)] == [["4", "3"], ["2", "1"], ["0"]]
    assert third.last == ""


@pytest.mark.parametrize(
    ("title", "text", "wrong"),
    [("x", "", "Write something"), ("x", "y" * 65_537, "At most"), ("x" * 256, "y", "At most")],
)
async def test_what_cannot_be_kept_is_said_beside_its_field(server, ana, title, text, wrong):
    answer = await ana.browser.post("/notes/add", data={"title": title, "text": text})

    assert answer.status_code == 422
    assert wrong in answer.text
    assert await fetch("SELECT id FROM written_note") == []


HOSTILE = (
    "<script>alert(1)</script>", "[x](javascript:alert(1))", "[x](data:text/html,x)", "![x](https://evil.example/p.png)",
    "<img src=x onerror=alert(1)>", "<https://a.example/\"onmouseover=alert(1)>", "[a]: javascript:alert(1)\n\n[a]",
    "<style>*{}</style>",
    "[x](https://a.example 'x\" onclick=\"y')", "&lt;script&gt;", "[x](JaVaScRiPt&colon;alert(1))",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_makes_words_and_links_and_nothing_that_runs(text):
    html = re.sub(r'(title|alt)="[^"]*"', "", rendered(text))

    assert not re.search(r"<(script|img|style|iframe)", html)
    assert not re.search(r"(href|src)=.(javascript|data):", html, re.IGNORECASE)
    assert not re.search(r"<[a-z]+ [^>]*\bon[a-z]+=", html)


def test_links_in_notes_say_that_they_are_a_persons_own():
    assert (
        rendered("[x](https://a.example/)") == '<p><a href="https://a.example/" rel="nofollow noopener ugc">x</a></p>\n'
    )


@pytest.mark.parametrize("text", ["[" * 65_536, "> " * 32_000, "* a\n" * 16_000, "**x" * 20_000, "`a" * 32_000])
def test_no_markdown_takes_long(text):
    assert isinstance(rendered(text), str)  # a hang would show


async def test_apps_read_notes_as_pinboard_tells_them(server, ana, clock):
    key = await make_token(ana.viewer, "app", Scope.READ)
    path = await written(ana, "Some words of 日本", title="A note")
    browser, named = server.browser(), {"auth_token": key, "format": "json"}

    listed = (await browser.get("/v1/notes/list", params=named)).json()
    one = (await browser.get(f"/v1/notes/{path.rpartition('/')[2]}", params=named)).json()

    assert listed["count"] == 1
    assert list(listed["notes"][0]) == ["id", "hash", "title", "length", "created_at", "updated_at"]
    assert {**listed["notes"][0], "text": "Some words of 日本"} == one
    assert (one["title"], one["length"]) == ("A note", 16)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", one["created_at"])
    assert (await browser.get("/v1/notes/nothing", params=named)).status_code == 404
    xml = (await browser.get(f"/v1/notes/{one['id']}", params={"auth_token": key})).text
    assert f'<note id="{one["id"]}"' in xml
    assert "<text>Some words of 日本</text>" in xml
    bo = await server.sign_up("bo")
    theirs = {"auth_token": await make_token(bo.viewer, "app", Scope.READ), "format": "json"}
    assert (await browser.get(f"/v1/notes/{one['id']}", params=theirs)).status_code == 404
    assert (await browser.get("/v1/notes/list", params=theirs)).json() == {"count": 0, "notes": []}
