"""Taking a whole import back, what it tells of each row, and the choices that are made before it."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.marks import mark
from fedimark.database import execute, fetch
from fedimark.errors import NotFound, Refused, Taken
from fedimark.here import entered
from fedimark.importing import importer, undoing
from fedimark.importing.listing import listed
from fedimark.importing.options import Options, read_options
from fedimark.importing.report import read_report
from fedimark.jobs import queue
from fedimark.language.catalogue import ENGLISH
from fedimark.policy.visibility import Visibility
from tests.rooms.test_import import file_of, in_parts, job_of, row, saved
from tests.support.counting import statements
from tests.support.invariants import disagreements

PLAIN = Options()


async def brought(person: Any, raw: bytes, options: Options = PLAIN) -> str:
    """Import a file as the page does; returns the job's public id."""
    public_id = await importer.take_upload(person.viewer, "mine.json", in_parts(raw), options)
    await importer.start(person.viewer, public_id)
    await person.server.settle()
    return public_id


async def taken_back(person: Any, public_id: str) -> dict[str, Any]:
    """What the undo of an import says it did."""
    name = await undoing.start(person.viewer, public_id)
    await person.server.settle()
    job = await job_of(person, name)
    assert job["state"] == "done", job["report"]
    found: dict[str, Any] = json.loads(job["report"])
    return found


def words(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("url", "title", "description", "tags", "visibility", "to_read", "starred", "saved_at")
    return [tuple(one[name] for name in names) for one in rows]


# Taking back.


async def test_an_import_that_is_taken_back_leaves_what_was_there_before(server, ana):
    # Given two bookmarks, one of which the file says in other words
    await ana.save("https://example.org/1", title="My words", description="mine", tags="own", visibility="unlisted")
    await ana.save("https://example.org/9", title="Another", tags="own")
    before = await saved(ana)

    # When a file comes in and is taken back
    public_id = await brought(ana, file_of(row(1), row(2), row(3, shared="no"), 7))
    assert len(await saved(ana)) == 4
    undone = await taken_back(ana, public_id)

    # Then all is as it was
    assert undone == {"removed": 2, "restored": 1, "left": 0}
    assert words(await saved(ana)) == words(before)
    tags = await fetch("SELECT DISTINCT t.key FROM bookmark_tag g JOIN tag t ON t.id = g.tag_id")
    assert [each["key"] for each in tags] == ["own"]


async def test_what_was_edited_since_stays_as_its_owner_wants_it(server, ana):
    public_id = await brought(ana, file_of(*(row(n) for n in range(1, 6))))
    owner, ids = Owner.of(ana.viewer), {one["url"][-1]: one["public_id"] for one in await saved(ana)}
    await ana.edit("https://example.org/1", title="Better words")
    await mark(owner, ids["2"], "starred", True)
    await execute("UPDATE bookmark SET private_note = 'mine' WHERE public_id = ?", ids["3"])
    await ana.remove("https://example.org/4")

    undone = await taken_back(ana, public_id)

    assert undone == {"removed": 1, "restored": 0, "left": 4}
    kept = [one["url"][-1] for one in await saved(ana) if one["removed_at"] is None]
    assert kept == ["1", "2", "3"]


async def test_nobody_is_told_of_an_import_or_of_its_end(fleet):
    # Given a follower elsewhere
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    asked = len(fleet.network.requests)

    # When a file comes in and is taken back
    async with entered(ana.server.here):
        public_id = await brought(ana, file_of(*(row(n) for n in range(20))))
        uri = f"/u/ana/b/{(await saved(ana))[0]['public_id']}"
        undone = await taken_back(ana, public_id)
    await fleet.settle()

    # Then no server was asked anything, and its addresses are gone for good
    assert undone["removed"] == 20
    assert len(fleet.network.requests) == asked
    assert await bo.timeline() == []
    assert (await ana.browser.get(uri)).status_code == 410


async def test_a_killed_undo_goes_on_where_it_was(server, ana, clock):
    public_id = await brought(ana, file_of(*(row(n) for n in range(1_100))))
    name = await undoing.start(ana.viewer, public_id)
    job = await queue.claim([undoing.KIND])
    assert job is not None
    wanted = json.loads(job["payload"])["job_id"]
    running = undoing.take_back(Owner.of(ana.viewer), wanted, undoing.read_undone({}), job["id"])
    await anext(running)
    await running.aclose()
    assert len(await saved(ana)) == 1_000

    clock.forward(seconds=61)
    await server.settle()

    assert await saved(ana) == []
    assert json.loads((await job_of(ana, name))["report"]) == {"removed": 1_100, "restored": 0, "left": 0}


async def test_the_privacy_lock_binds_what_comes_back(server, ana):
    await ana.save("https://example.org/1", title="My words", visibility="public")
    public_id = await brought(ana, file_of(row(1, shared="no")))
    await execute("UPDATE account SET privacy_lock = ?", True)

    await taken_back(ana, public_id)

    assert [(one["title"], one["visibility"]) for one in await saved(ana)] == [("My words", Visibility.PRIVATE)]


async def test_an_undo_is_its_owners_alone_once_and_of_what_has_ended(server, ana):
    bo = await server.sign_up("bo")
    public_id = await importer.take_upload(ana.viewer, "x", in_parts(file_of(row())))
    with pytest.raises(Taken, match="not ended"):
        await undoing.start(ana.viewer, public_id)
    await importer.start(ana.viewer, public_id)
    await server.settle()

    with pytest.raises(NotFound):
        await undoing.start(bo.viewer, public_id)
    name = await undoing.start(ana.viewer, public_id)
    with pytest.raises(Taken, match="already"):
        await undoing.start(ana.viewer, public_id)
    with pytest.raises(NotFound):
        await undoing.start(ana.viewer, name)


async def test_what_is_remembered_of_an_import_goes_with_its_owner(server, ana):
    await brought(ana, file_of(row()))
    password = "correct horse battery staple"

    await ana.browser.post("/settings/leave", data={"username": "ana", "password": password})

    assert await fetch("SELECT id FROM imported_chunk") == []


async def test_the_pages_take_an_import_back(server, ana):
    public_id = await brought(ana, file_of(row(1), row(2)))

    onward = await ana.browser.post(f"/settings/import/{public_id}/undo", follow_redirects=True)
    await server.settle()

    assert "Taking back" in onward.text
    assert "removed" in (await ana.browser.get(onward.url.path)).text
    assert "taken back" in (await ana.browser.get("/settings/import")).text
    assert await saved(ana) == []


async def test_many_go_by_as_many_statements_as_a_few(server, ana):
    async def costs(amount: int, host: str) -> int:
        raw = file_of(*(row(n, href=f"https://{host}.example/{n}") for n in range(amount)))
        public_id = await brought(ana, raw)
        name = await undoing.start(ana.viewer, public_id)
        job = await queue.claim([undoing.KIND])
        assert job is not None
        with statements() as asked:
            await undoing.run_undo(job)
        assert json.loads((await job_of(ana, name))["report"])["removed"] == amount
        return len(asked)

    assert await costs(300, "many") == await costs(100, "few")
    assert await saved(ana) == []
    assert await disagreements() == []


async def test_what_others_have_of_the_same_pages_stays_as_it_was(server, ana):
    # Given a library that came in, of which others saved a page and did things with some
    bo = await server.sign_up("bo")
    await bo.follow(ana)
    public_id = await brought(ana, file_of(*(row(n) for n in range(90))))
    await bo.save("https://example.org/3", tags="sql")
    ids = {one["url"][-2:]: one for one in await saved(ana)}
    await execute(
        "INSERT INTO share (bookmark_id, actor_id, uri, object_hash, shared_at) VALUES (?, ?, ?, ?, ?)",
        *(ids["44"]["id"], bo.viewer.actor_id, "https://a.example/x", "y" * 40, ids["44"]["saved_at"]),
    )

    undone = await taken_back(ana, public_id)

    assert undone == {"removed": 90, "restored": 0, "left": 0}
    assert [one["url"] for one in await fetch("SELECT url FROM bookmark")] == ["https://example.org/3"]
    assert await fetch("SELECT id FROM share") == []
    assert await disagreements() == []
    assert len(await fetch("SELECT id FROM trace WHERE actor_id = ?", ana.viewer.actor_id)) == 90
    gone = await ana.browser.get(f"/u/ana/b/{ids['50']['public_id']}")
    assert gone.status_code == 410


# What is told of each row.


async def test_every_row_is_told_with_what_became_of_it(server, ana):
    await ana.save("https://example.org/2", title="My words")
    raw = file_of(row(1), row(2), row(1), row(4, href="nowhere"), row(5, description="=SUM(A1)"))
    public_id = await brought(ana, raw)

    parts = [part async for part in listed(await job_of(ana, public_id), ENGLISH)]

    head, *rows = csv.reader(b"".join(parts).decode().splitlines())
    assert head == ["row", "outcome", "address", "title", "reason"]
    assert [(one[0], one[1]) for one in rows] == [
        ("1", "new"),
        ("2", "changed"),
        ("3", "known"),
        ("4", "broken"),
        ("5", "new"),
    ]
    assert rows[0][2:4] == ["https://example.org/1", "Page 1"]
    assert rows[3][4]
    assert rows[4][3] == "'=SUM(A1)"


async def test_the_table_of_rows_gives_its_reasons_in_the_language_of_whoever_reads_it(server, ana):
    raw = file_of(row(1), row(1, description="Other words"), row(3, href="https://"), row(4, time="never"))
    public_id = await brought(ana, raw)

    told = {}
    for language in ("en", "de"):
        answer = await ana.browser.get(f"/settings/import/{public_id}/rows.csv", headers={"accept-language": language})
        head, *rows = csv.reader(answer.text.splitlines())
        assert (answer.headers["content-language"], head[1]) == (language, "outcome")
        told[language] = [one[4] for one in rows if one[1] == "broken"]

    assert told["en"][0] == "Row 1 has the same address; that one was taken."
    assert told["de"][0] == "Zeile 1 hat dieselbe Adresse; jene wurde genommen."
    assert len(told["de"]) == 3 and not set(told["en"]) & set(told["de"])


async def test_the_table_of_rows_is_nobody_elses(server, ana):
    public_id = await brought(ana, file_of(row(1)))
    bo = await server.sign_up("bo")

    mine, theirs = [await each.browser.get(f"/settings/import/{public_id}/rows.csv") for each in (ana, bo)]

    assert "example.org/1" in mine.text and "attachment" in mine.headers["content-disposition"]
    assert theirs.status_code == 404


# What is chosen before.


@pytest.mark.parametrize(
    ("clash", "expected"),
    [
        ("file", ("Page 1", "theirs", "sql neural-net", Visibility.PUBLIC)),
        ("mine", ("My words", "", "own", Visibility.FOLLOWERS)),
        ("both", ("My words", "theirs", "own sql neural-net", Visibility.FOLLOWERS)),
    ],
)
async def test_on_a_clash_whose_words_win_is_chosen(server, ana, clash, expected):
    await ana.save("https://example.org/1", title="My words", tags="own", visibility="followers")

    await brought(ana, file_of(row(1, extended="theirs")), Options(clash=clash))

    (one,) = await saved(ana)
    assert (one["title"], one["description"], one["tags"], one["visibility"]) == expected


async def test_tags_and_a_visibility_are_put_on_every_row(server, ana):
    raw = file_of(row(1), row(2, tags="SQL"), row(3, href="https://example.org/?token=secret"))

    await brought(ana, raw, Options(tags=("sql", "old"), visibility=Visibility.UNLISTED))

    *others, secret = await saved(ana)
    assert (secret["visibility"], secret["tags"]) == (Visibility.PRIVATE, "sql neural-net old")
    assert [(one["tags"], one["visibility"]) for one in others] == [
        ("sql neural-net old", Visibility.UNLISTED),
        ("SQL old", Visibility.UNLISTED),
    ]


@pytest.mark.parametrize(("folders", "tags"), [("leave", ""), ("tags", "Work SQL"), ("path", "Work/SQL")])
async def test_folders_become_tags_as_is_chosen(server, ana, folders, tags):
    raw = b"""<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><p><DT><H3>Work</H3><DL><p><DT><H3>SQL</H3><DL><p>
    <DT><A HREF="https://example.org/">x</A></DL><p></DL><p></DL><p>"""

    await brought(ana, raw, Options(folders=folders))

    assert [one["tags"] for one in await saved(ana)] == [tags]


@pytest.mark.parametrize("clash", ["file", "mine", "both"])
async def test_the_preview_counts_what_the_import_does_whatever_is_chosen(server, ana, clash):
    for number in range(4):
        await ana.save(f"https://example.org/{number}", title=f"Page {number}", tags="sql neural-net x"[: 10 + number])
    raw, options = file_of(*(row(n) for n in range(6))), Options(tags=("x",), clash=clash)

    public_id = await brought(ana, raw, options)

    job = await job_of(ana, public_id)
    preview = read_report(json.loads(job["payload"])["preview"])
    assert read_report(json.loads(job["report"])).summary() == preview.summary()
    again = await job_of(ana, await brought(ana, raw, options))
    assert read_report(json.loads(again["report"])).known == 6


async def test_looking_again_with_other_choices_shows_other_rows(server, ana):
    looked = await ana.browser.post("/settings/import", files={"file": ("x.json", file_of(row(1)))})
    path = looked.headers["location"]

    await ana.browser.post(path, data={"tags": "archive", "visibility": "private"})

    shown = (await ana.browser.get(path)).text
    assert "new, private" in shown and "archive" in shown
    await ana.browser.post(f"{path}/start")
    await server.settle()
    (one,) = await saved(ana)
    assert (one["tags"], one["visibility"]) == ("sql neural-net archive", Visibility.PRIVATE)


@pytest.mark.parametrize(
    ("field", "value"),
    [("folders", "x"), ("clash", "x"), ("visibility", "x"), ("tags", "..."), ("home", "javascript:x"), ("home", "?")],
)
async def test_a_choice_nobody_knows_is_told_beside_its_field(server, ana, field, value):
    with pytest.raises(Refused) as refused:
        read_options({field: value})
    assert refused.value.field == field

    answer = await ana.browser.post("/settings/import", data={field: value}, files={"file": ("x", file_of(row(1)))})

    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
