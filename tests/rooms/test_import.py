"""Importing Pinboard JSON: what is read, what is refused, what is kept, and that nobody is told."""

from __future__ import annotations

import io
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fedimark.bookmarks.draft import Draft, Owner, read_draft
from fedimark.bookmarks.marks import mark
from fedimark.bookmarks.save import save_bookmark
from fedimark.database import execute, fetch, fetch_one, is_sqlite
from fedimark.errors import NotFound, Refused, Taken, TooLarge, Unavailable, WrongType
from fedimark.here import here
from fedimark.importing import importer, uploads
from fedimark.importing.chunks import ROWS
from fedimark.importing.formats import pinboard_json
from fedimark.importing.options import PLAIN
from fedimark.importing.report import Report, read_report
from fedimark.importing.rows import Broken
from fedimark.jobs import queue
from fedimark.policy.visibility import Visibility
from fedimark.text.query import parse
from fedimark.timelines.searching import Scope, Sought, search
from fedimark.worker import do

DAY = 86_400 * 1_000_000


def row(number: int = 1, **other: Any) -> dict[str, Any]:
    """One row as Pinboard writes it."""
    return {
        "href": f"https://example.org/{number}",
        "description": f"Page {number}",
        "extended": "",
        "meta": "0" * 32,
        "hash": "0" * 32,
        "time": "2018-12-12T18:00:00Z",
        "shared": "yes",
        "toread": "no",
        "tags": "sql neural-net",
    } | other


def file_of(*rows: Any) -> bytes:
    return json.dumps(rows).encode()


def read_all(raw: bytes) -> list[Draft | Broken]:
    return list(pinboard_json.read(io.BytesIO(raw)))


async def in_parts(raw: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), size):
        yield raw[start : start + size]


async def saved(person: Any) -> list[dict[str, Any]]:
    return await fetch("SELECT * FROM bookmark WHERE actor_id = ? ORDER BY url", person.viewer.actor_id)


async def bring(person: Any, folder: Path, raw: bytes) -> Any:
    """Import a file as the command line does."""
    file = folder / "import.json"
    file.write_bytes(raw)
    return [report async for report in importer.bring_in(Owner.of(person.viewer), file)][-1]


async def job_of(person: Any, public_id: str) -> dict[str, Any]:
    found = await queue.of_owner(person.viewer.account_id, public_id)
    assert found is not None
    return found


def no_chunk_beyond(most: int) -> tuple[str, str]:
    """What makes a database refuse chunks that end beyond a row, and what makes it take them again."""
    if is_sqlite():
        made = "CREATE TRIGGER most BEFORE INSERT ON imported_chunk WHEN NEW.ends_at > "
        return f"{made}{most} BEGIN SELECT RAISE(ABORT, 'imported_chunk'); END", "DROP TRIGGER most"
    return (
        f"ALTER TABLE imported_chunk ADD CONSTRAINT most CHECK (ends_at <= {most})",
        "ALTER TABLE imported_chunk DROP CONSTRAINT most",
    )


async def standing(person: Any, job_id: int) -> tuple[int, int]:
    """How many bookmarks and how many chunks of an import are there for everybody who reads."""
    chunks = await fetch("SELECT ends_at FROM imported_chunk WHERE job_id = ?", job_id)
    return len(await saved(person)), len(chunks)


def uploads_left() -> list[str]:
    folder = uploads.path_of("x").parent
    return [path.name for path in folder.iterdir()] if folder.exists() else []


# What a row says.


def test_a_row_is_read_as_pinboard_means_it():
    (draft,) = read_all(file_of(row(description=" A\ttitle ", extended="two\r\nlines", toread="yes", shared="no")))

    assert draft == Draft(
        url="https://example.org/1",
        title="A title",
        description="two\nlines",
        tags=("sql", "neural-net"),
        visibility=Visibility.PRIVATE,
        to_read=True,
        saved_at=1_544_637_600_000_000,
    )


@pytest.mark.parametrize(
    ("shared", "expected"),
    [
        ("yes", Visibility.PUBLIC),
        ("no", Visibility.PRIVATE),
        (True, Visibility.PUBLIC),
        ("perhaps", Visibility.PRIVATE),
        ("", None),
        (" ", None),
        (None, None),
    ],
)
def test_shared_says_public_or_private_and_nothing_leaves_it_to_the_owner(shared, expected):
    (draft,) = read_all(file_of(row(shared=shared)))

    assert draft.visibility is expected


@pytest.mark.parametrize(
    ("time", "micros"),
    [
        ("2010-12-11T19:48:02Z", 1_292_096_882_000_000),
        ("2010-12-11T19:48:02+00:00", 1_292_096_882_000_000),
        ("2010-12-11T20:48:02.250000+01:00", 1_292_096_882_250_000),
        ("2010-12-11T19:48:02", 1_292_096_882_000_000),
        ("2010-12-11 19:48:02", 1_292_096_882_000_000),
        ("2010-12-11", 1_292_025_600_000_000),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("", None),
        (None, None),
    ],
)
def test_times_are_read_in_every_spelling_clients_use(time, micros):
    (draft,) = read_all(file_of(row(time=time)))

    assert draft.saved_at == micros


@pytest.mark.parametrize("tags", ["a b", "a, b", ["a", "b"], "a  b a"])
def test_tags_are_read_in_every_shape(tags):
    (draft,) = read_all(file_of(row(tags=tags)))
    (older,) = read_all(file_of({k: v for k, v in row(tag=tags).items() if k != "tags"}))

    assert draft.tags == older.tags == ("a", "b")


def test_espials_rows_lack_hash_and_meta_and_are_fine():
    short = {"href": "https://example.org/", "description": "x", "time": "2018-03-02T21:37:18Z", "tags": ""}

    assert isinstance(read_all(file_of(short))[0], Draft)


def test_escapes_and_lone_surrogates_cost_no_letter_beside_them():
    raw = rb'[{"href":"https:\/\/example.org\/","description":"\ud83d\ude00 \ud800A\udc00 \u6280\u0000x"}]'

    (draft,) = read_all(raw)

    assert draft.url == "https://example.org/"
    assert draft.title == "😀 A 技x"


@pytest.mark.parametrize(
    "odd",
    [
        7,
        "text",
        None,
        [],
        {},
        row(href=""),
        row(href=None),
        row(href="example.org/x"),
        row(href={"a": 1}),
        row(href="https://a b/"),
        row(description=["no", "text"]),
        row(time="then"),
        row(time="9999-99-99"),
        row(time="0001-01-01T00:00:00+14:00"),
        row(extended={"deep": [1, 2]}),
    ],
)
def test_a_broken_row_says_why_and_costs_no_other(odd):
    first, broken, last = read_all(file_of(row(1), odd, row(2)))

    assert isinstance(broken, Broken) and broken.reason and not broken.ends
    assert (first.title, last.title) == ("Page 1", "Page 2")


def test_a_row_that_is_not_utf8_costs_no_other():
    raw = file_of(row(1), row(2, description="caf?"), row(3)).replace(b"caf?", b"caf\xe9")

    first, broken, last = read_all(raw)

    assert broken.reason == "This row is not UTF-8."
    assert (first.title, last.title) == ("Page 1", "Page 3")


@pytest.mark.parametrize("short_by", range(1, 420, 9))
def test_what_stands_before_a_cut_is_read_and_the_cut_is_told(short_by):
    raw, one = file_of(row(1), row(2)), len(file_of(row(1)))
    cut = len(raw) - short_by

    *drafts, end = read_all(raw[:cut])

    assert isinstance(end, Broken) and end.ends and "middle" in end.reason
    assert len(drafts) == (cut >= one - 1) + (cut == len(raw) - 1)


@pytest.mark.parametrize(
    ("tail", "kept"), [(b"] and more", 1), (b", nonsense]", 1), (b" {}]", 1), (b",]", 1), (b"]\n \n", 1)]
)
def test_a_strange_end_keeps_what_stands_before_it(tail, kept):
    found = read_all(file_of(row(1))[:-1] + tail)

    assert len([one for one in found if isinstance(one, Draft)]) == kept
    assert len(found) == kept + (tail.strip() not in (b"]", b",]"))


@pytest.mark.parametrize("deep", [b'[{"href":' + b"[" * 200_000, b'[{"a":' * 50_000, b"[" * 200_000])
def test_endless_nesting_is_one_broken_row(deep):
    (broken,) = read_all(deep)

    assert isinstance(broken, Broken) and broken.ends


def test_a_byte_order_mark_and_blocks_of_any_size_change_nothing():
    raw = b"\xef\xbb\xbf" + file_of(*(row(n, extended="é技" * 300) for n in range(300)))

    class Dribbling(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(7 if self.tell() < 2_000 else size)

    assert len(raw) > 3 * 65_536
    assert read_all(raw) == list(pinboard_json.read(Dribbling(raw)))
    assert all(isinstance(one, Draft) for one in read_all(raw))


def test_one_row_longer_than_a_block_is_read_and_cut_as_a_form_would_cut_it():
    (draft,) = read_all(file_of(row(extended="x" * 1_000_000, description="t" * 1_000, tags="g" * 1_000)))

    assert (len(draft.description), len(draft.title), len(draft.tags[0])) == (65_536, 255, 255)


# What it does to the bookmarks here.


async def test_an_import_keeps_every_word_and_moment(server, ana, tmp_path):
    report = await bring(ana, tmp_path, file_of(row(1, tags=".mine C++ 日本", extended="ℓ1(ℝd)"), row(2, shared="no")))

    first, second = await saved(ana)
    assert report.summary() == {"new": 2, "known": 0, "changed": 0, "broken": 0}
    assert (first["title"], first["description"], first["tags"]) == ("Page 1", "ℓ1(ℝd)", ".mine C++ 日本")
    assert first["saved_at"] == 1_544_637_600_000_000
    assert (first["visibility"], second["visibility"]) == (Visibility.PUBLIC, Visibility.PRIVATE)


async def test_a_second_import_changes_nothing(server, ana, tmp_path, clock):
    raw = file_of(*(row(n) for n in range(3)), row(4, time="2999-01-01T00:00:00Z"), row(5, time=None))
    await bring(ana, tmp_path, raw)
    before = await saved(ana)
    clock.forward(days=1)

    report = await bring(ana, tmp_path, raw)

    assert report.summary() == {"new": 0, "known": 5, "changed": 0, "broken": 0}
    assert await saved(ana) == before


async def test_a_changed_row_takes_the_files_words_and_leaves_the_owners_marks(server, ana, tmp_path):
    await bring(ana, tmp_path, file_of(row(1), row(2)))
    (first, _) = await saved(ana)
    owner = Owner.of(ana.viewer)
    await mark(owner, first["public_id"], "starred", True)
    await execute("UPDATE bookmark SET private_note = 'mine' WHERE id = ?", first["id"])

    report = await bring(ana, tmp_path, file_of(row(1, description="New words"), row(2)))

    after = await saved(ana)
    assert report.summary() == {"new": 0, "known": 1, "changed": 1, "broken": 0}
    assert after[0]["title"] == "New words"
    assert (bool(after[0]["starred"]), after[0]["private_note"]) == (True, "mine")
    assert after[0]["public_id"] == first["public_id"]


async def test_not_shared_leaves_an_unlisted_bookmark_unlisted(server, ana, tmp_path):
    await ana.save("https://example.org/1", title="Page 1", tags="sql neural-net", visibility="unlisted")
    await execute("UPDATE bookmark SET saved_at = 1544637600123456")

    report = await bring(ana, tmp_path, file_of(row(1, shared="no")))

    assert report.known == 1
    assert [(one["visibility"], one["saved_at"]) for one in await saved(ana)] == [
        (Visibility.UNLISTED, 1_544_637_600_123_456)
    ]


async def test_a_file_never_dates_a_bookmark_in_the_future(server, ana, tmp_path, clock):
    await bring(ana, tmp_path, file_of(row(1, time="2999-01-01T00:00:00Z")))

    (one,) = await saved(ana)
    assert one["saved_at"] <= clock.micros


async def test_an_address_that_looks_secret_is_imported_private_whatever_the_file_says(server, ana, tmp_path):
    await bring(ana, tmp_path, file_of(row(1, href="https://example.org/?token=abc", shared="yes")))

    assert [one["visibility"] for one in await saved(ana)] == [Visibility.PRIVATE]


async def test_privacy_lock_makes_everything_private(server, ana, tmp_path):
    await execute("UPDATE account SET privacy_lock = ?", True)

    await bring(ana, tmp_path, file_of(row(1), row(2, shared=None)))

    assert {one["visibility"] for one in await saved(ana)} == {Visibility.PRIVATE}


async def test_nothing_said_means_the_owners_default(server, tmp_path):
    bo = await server.sign_up("bo", default_visibility=Visibility.FOLLOWERS)

    await bring(bo, tmp_path, file_of(row(1, shared=None)))

    assert [one["visibility"] for one in await saved(bo)] == [Visibility.FOLLOWERS]


async def test_a_second_row_of_one_address_is_known_when_it_says_the_same_and_told_when_not(server, ana, tmp_path):
    raw = file_of(row(1), row(1), row(1, description="Other words"))

    first, again = await bring(ana, tmp_path, raw), await bring(ana, tmp_path, raw)

    assert first.summary() == {"new": 1, "known": 1, "changed": 0, "broken": 1}
    assert again.summary() == {"new": 0, "known": 2, "changed": 0, "broken": 1}
    assert (first.errors[0].row, "Row 1" in first.errors[0].reason) == (3, True)


async def test_nobody_is_told_of_an_import(fleet, tmp_path):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    asked = len(fleet.network.requests)
    public_id = await upload_and_start(ana, file_of(*(row(n) for n in range(20))))

    await fleet.settle()

    assert len(fleet.network.requests) == asked
    assert await bo.timeline() == []
    assert len(await ana.timeline()) == 20
    assert public_id


async def upload_and_start(person: Any, raw: bytes) -> str:
    from fedimark.here import entered

    async with entered(person.server.here):
        public_id = await importer.take_upload(person.viewer, "pinboard.json", in_parts(raw))
        await importer.start(person.viewer, public_id)
    return public_id


@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><A HREF="https://one.example/">One</A><DT><A HREF="https://two',
        b'[{"href": "https://one.example/", "description": "One"}, {"href": "https://two',
    ],
    ids=["html", "json"],
)
async def test_two_gigabytes_that_never_end_a_row_are_told_and_cost_nothing_that_stands_before(
    server, ana, tmp_path, head
):
    file = tmp_path / "large"
    file.write_bytes(head)
    os.truncate(file, 2**31)

    preview = await importer.look_into(Owner.of(ana.viewer), file)
    *_, report = [each async for each in importer.bring_in(Owner.of(ana.viewer), file)]

    assert preview.summary() == report.summary() == {"new": 1, "known": 0, "changed": 0, "broken": 1}
    assert (report.errors[0].row, report.errors[0].reason[-1]) == (2, ".")
    assert [one["url"] for one in await saved(ana)] == ["https://one.example/"]


# As a job, with a look before.


async def test_a_preview_counts_and_saves_nothing(server, ana):
    await ana.save("https://example.org/1", title="Page 1", tags="sql neural-net", visibility="public")
    await execute("UPDATE bookmark SET saved_at = 1544637600000000")
    await ana.save("https://example.org/2", title="Mine")
    raw = file_of(row(1), row(2), row(3), row(4, href="nowhere"))

    public_id = await importer.take_upload(ana.viewer, "my pinboard.json", in_parts(raw))

    job = await job_of(ana, public_id)
    payload = json.loads(job["payload"])
    preview = read_report(payload["preview"])
    assert (job["state"], job["total"], payload["filename"]) == ("held", 4, "my pinboard.json")
    assert preview.summary() == {"new": 1, "known": 1, "changed": 1, "broken": 1}
    assert (preview.errors[0].row, preview.errors[0].excerpt) == (4, "nowhere")
    assert len(await saved(ana)) == 2


async def test_a_started_import_runs_in_the_worker_and_its_upload_goes(server, ana):
    public_id = await upload_and_start(ana, file_of(*(row(n) for n in range(1_200)), 7))

    await server.settle()

    job = await job_of(ana, public_id)
    report = read_report(json.loads(job["report"]))
    assert (job["state"], job["done"]) == ("done", 1_201)
    assert report.summary() == {"new": 1_200, "known": 0, "changed": 0, "broken": 1}
    assert uploads_left() == []


async def test_what_an_import_brought_in_is_searchable_when_it_is_done(server, ana):
    public_id = await upload_and_start(ana, file_of(*(row(n) for n in range(600))))

    assert await do("jobs") == 1

    assert (await job_of(ana, public_id))["state"] == "done"
    assert await fetch("SELECT id FROM unindexed") == []
    page = await search(ana.viewer, Sought(parse("599"), Scope.MINE), None, 5)
    assert [entry.url for entry in page.entries] == ["https://example.org/599"]


async def test_the_preview_and_the_import_count_alike(server, ana):
    await ana.save("https://example.org/3", title="Mine")
    await ana.save("https://example.org/4", title="Page 4", tags="sql neural-net")
    raw = file_of(*(row(n) for n in range(6)), row(1), row(2, extended="x"), None)
    public_id = await upload_and_start(ana, raw)
    preview = read_report(json.loads((await job_of(ana, public_id))["payload"])["preview"])

    await server.settle()

    report = read_report(json.loads((await job_of(ana, public_id))["report"]))
    assert replace(report, samples=preview.samples) == preview


async def test_a_killed_import_goes_on_where_it_was(server, ana, clock):
    public_id = await upload_and_start(ana, file_of(*(row(n) for n in range(1_300))))
    job = await queue.claim(["import"])
    assert job is not None
    path = uploads.path_of(json.loads(job["payload"])["file"])
    running = importer.bring_in(Owner.of(ana.viewer), path, job_id=job["id"])
    await anext(running)
    await running.aclose()
    assert len(await saved(ana)) == ROWS

    await server.settle()
    assert len(await saved(ana)) == ROWS, "its lease has not run out"
    clock.forward(seconds=61)
    await server.settle()

    after = await job_of(ana, public_id)
    assert read_report(json.loads(after["report"])).summary() == {"new": 1_300, "known": 0, "changed": 0, "broken": 0}
    assert (after["state"], len(await saved(ana))) == ("done", 1_300)


async def test_every_five_hundred_rows_are_a_transaction_of_their_own(server, ana, tmp_path):
    # Given a database that takes no third chunk
    file = tmp_path / "import.json"
    file.write_bytes(file_of(*(row(n, tags=f"a t{n}") for n in range(1_200))))
    refuse, allow = no_chunk_beyond(2 * ROWS)
    await execute(refuse)
    number, public_id = await importer.written_down("ana", "import.json", PLAIN)

    # When 1,200 rows come in, each report finds its rows committed: what reads here stands outside of what writes
    reached = Report()
    with pytest.raises(Exception, match="imported_chunk"):
        async for reached in importer.bring_in(Owner.of(ana.viewer), file, job_id=number):
            assert await standing(ana, number) == (reached.rows, reached.rows // ROWS)

    # Then the two before it stand, and of the third nothing does
    assert (reached.rows, await standing(ana, number)) == (2 * ROWS, (2 * ROWS, 2))
    assert await fetch("SELECT COUNT(*) AS n FROM link") == [{"n": 2 * ROWS}]
    assert read_report(json.loads((await job_of(ana, public_id))["report"])).new == 2 * ROWS

    # And it goes on from there
    await execute(allow)
    *_, done = [each async for each in importer.bring_in(Owner.of(ana.viewer), file, reached, job_id=number)]
    assert (done.new, await standing(ana, number)) == (1_200, (1_200, 3))


async def test_only_the_first_fifty_broken_rows_are_told_and_all_are_counted(server, ana, tmp_path):
    report = await bring(ana, tmp_path, file_of(*(row(n, href="no") for n in range(700))))

    assert (report.broken, len(report.errors), report.errors[-1].row) == (700, 50, 50)


@pytest.mark.parametrize(
    ("raw", "error", "words"),
    [
        (b"", Refused, "empty"),
        (b" \n ", Refused, "empty"),
        (b'{"posts": []}', WrongType, "no list"),
        (b"[1, 2]", WrongType, "no list"),
        (b"<!DOCTYPE html><p>words", WrongType, "no format"),
        (b"\x89PNG\r\n\x1a\n", WrongType, "no format"),
    ],
)
async def test_what_is_no_list_of_bookmarks_is_refused_and_not_kept(server, ana, raw, error, words):
    with pytest.raises(error, match=words) as refused:
        await importer.take_upload(ana.viewer, "x", in_parts(raw))

    assert refused.value.field == "file"
    assert uploads_left() == []
    assert await fetch("SELECT id FROM job") == []


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
async def test_a_file_in_another_encoding_comes_in_like_one_in_utf8(server, ana, tmp_path, codec):
    report = await bring(ana, tmp_path, json.dumps([row(1, description="技")], ensure_ascii=False).encode(codec))

    assert (report.new, report.broken) == (1, 0)
    assert (await saved(ana))[0]["title"] == "技"


async def test_a_file_beyond_the_limit_is_refused_while_it_arrives(server, ana):
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1_000_000
            yield b" " * 1_000_000

    with pytest.raises(TooLarge):
        await importer.take_upload(ana.viewer, "x", endless())

    assert taken <= here().settings.import_limit_bytes + 1_000_000
    assert uploads_left() == []


async def test_an_upload_that_breaks_off_leaves_nothing(server, ana):
    async def broken() -> AsyncIterator[bytes]:
        yield b"[{"
        raise ConnectionResetError

    with pytest.raises(Exception):  # noqa: B017 - whatever the peer did
        await importer.take_upload(ana.viewer, "x", broken())

    assert uploads_left() == []


async def test_a_disk_that_takes_nothing_is_said_to_be_ours(server, ana):
    uploads.path_of("x").parent.write_text("a file where the folder should be")

    with pytest.raises(Unavailable):
        await importer.take_upload(ana.viewer, "x", in_parts(file_of(row())))

    assert await fetch("SELECT id FROM job") == []


async def test_an_import_is_its_owners_alone_and_starts_once(server, ana):
    bo = await server.sign_up("bo")
    public_id = await importer.take_upload(ana.viewer, "x", in_parts(file_of(row())))

    with pytest.raises(NotFound):
        await importer.start(bo.viewer, public_id)
    await importer.start(ana.viewer, public_id)
    with pytest.raises(Taken):
        await importer.start(ana.viewer, public_id)


async def test_an_import_whose_file_is_gone_fails_with_words_for_people(server, ana):
    public_id = await upload_and_start(ana, file_of(row()))
    for name in uploads_left():
        await uploads.drop(name)

    await server.settle()

    job = await job_of(ana, public_id)
    assert job["state"] == "failed"
    assert "import it again" in json.loads(job["report"])["failure"]


async def test_uploads_nobody_started_are_thrown_away_after_a_day(server, ana, clock):
    await importer.take_upload(ana.viewer, "x", in_parts(file_of(row())))
    assert await importer.forget_old() == 0

    clock.forward(days=400)

    assert await importer.forget_old() == 1
    assert uploads_left() == []


async def test_a_rows_text_is_never_taken_for_html_or_sql(server, ana, tmp_path):
    nasty = "<script>alert('1')</script> '; DROP TABLE bookmark; -- ? $1 %s"
    await bring(ana, tmp_path, file_of(row(1, description=nasty, extended=nasty, tags="<b> '")))

    page = (await ana.browser.get("/u/ana")).text
    assert (await saved(ana))[0]["title"] == nasty
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


# Files of other software, where they are.


async def test_the_seed_comes_in_whole(server, ana, tmp_path, shared_data):
    raw = (shared_data / "seed" / "arsyed-neural-net.pinboard.json").read_bytes()

    report = await bring(ana, tmp_path, raw)
    again = await bring(ana, tmp_path, raw)

    kept = {one["url"]: one for one in await saved(ana)}
    assert (report.summary(), again.known) == ({"new": 10, "known": 0, "changed": 0, "broken": 0}, 10)
    for given in json.loads(raw):
        one = kept[given["href"]]
        assert (one["title"], one["description"], one["tags"]) == (
            given["description"],
            given["extended"],
            given["tags"],
        )


@pytest.mark.parametrize("name", ["betula_pinboard1", "espial_sample-bookmarks", "wallabag_pinboard_export"])
async def test_files_other_software_wrote_come_in_without_a_broken_row(server, ana, tmp_path, shared_data, name):
    raw = (shared_data / "bookmarks" / "pinboard" / f"{name}.json").read_bytes()

    report = await bring(ana, tmp_path, raw)

    assert (report.new, report.broken) == (len(json.loads(raw)), 0)
    assert await fetch_one("SELECT count(*) AS n FROM bookmark") == {"n": report.new}


async def test_a_saved_bookmark_and_an_imported_one_are_alike(server, ana, tmp_path):
    owner = Owner.of(ana.viewer)
    await save_bookmark(owner, read_draft(url="https://example.org/a", title="x", tag_text="sql"))
    await bring(ana, tmp_path, file_of(row(href="https://example.org/b", description="x", tags="sql", time=None)))

    one, other = await saved(ana)
    differing = {name for name in one if one[name] != other[name]}
    assert differing <= {"id", "link_id", "public_id", "url", "url_md5", "saved_at", "updated_at"}
