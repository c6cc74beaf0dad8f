"""Exporting: Pinboard JSON, whole, and read back without a difference."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from fedimark.bookmarks.draft import Owner
from fedimark.cli import files
from fedimark.database import execute
from fedimark.errors import Refused
from fedimark.importing import exporter, importer
from fedimark.importing.formats import WRITABLE

READABLE = ("fedimark-archive", *(known.name for known in WRITABLE))


async def exported(person: Any) -> list[dict[str, str]]:
    parts = [part async for part in exporter.export(Owner.of(person.viewer))]
    rows: list[dict[str, str]] = json.loads(b"".join(parts))
    return rows


async def test_a_row_has_pinboards_fields_in_pinboards_words(server, ana):
    await ana.save("https://example.org/?b=1&a=2#x", title="技术文", description="two\nlines", tags="sql .mine C++")
    await execute("UPDATE bookmark SET saved_at = 1544637600123456, to_read = ?", True)

    (row,) = await exported(ana)

    meta = row.pop("meta")
    assert row == {
        "href": "https://example.org/?b=1&a=2#x",
        "description": "技术文",
        "extended": "two\nlines",
        "hash": hashlib.md5(b"https://example.org/?b=1&a=2#x").hexdigest(),
        "time": "2018-12-12T18:00:00Z",
        "shared": "yes",
        "toread": "yes",
        "tags": "sql .mine C++",
    }
    assert len(meta) == 32


async def test_the_owners_private_bookmarks_are_in_it_and_nobody_elses(server, ana):
    bo = await server.sign_up("bo")
    for visibility in ("public", "unlisted", "followers", "private"):
        await ana.save(f"https://example.org/{visibility}", visibility=visibility)
    await bo.save("https://example.org/bo")

    shared = {row["href"].rpartition("/")[2]: row["shared"] for row in await exported(ana)}

    assert shared == {"public": "yes", "unlisted": "no", "followers": "no", "private": "no"}


async def test_removed_bookmarks_are_not_in_it(server, ana):
    await ana.save("https://example.org/1")
    await ana.remove("https://example.org/1")

    assert await exported(ana) == []


async def test_meta_changes_with_every_field(server, ana):
    await ana.save("https://example.org/", title="a", tags="x")
    before = (await exported(ana))[0]["meta"]
    await ana.edit("https://example.org/", tags="y")

    assert (await exported(ana))[0]["meta"] != before


@pytest.mark.parametrize("year", [2, 999, 1969, 2099])
async def test_years_have_four_digits(server, ana, tmp_path, year):
    await ana.save("https://example.org/")
    seconds = (year - 1970) * 31_556_952
    await execute("UPDATE bookmark SET saved_at = ?", seconds * 1_000_000)

    (row,) = await exported(ana)

    assert len(row["time"]) == len("2018-12-12T18:00:00Z")


async def test_an_export_read_back_changes_nothing(server, ana, tmp_path):
    for number in range(30):
        visibility = ("public", "unlisted", "followers", "private")[number % 4]
        await ana.save(f"https://example.org/{number}", title=f"{number}", tags="a .b", visibility=visibility)
    file = tmp_path / "export.json"
    file.write_bytes(b"".join([part async for part in exporter.export(Owner.of(ana.viewer))]))

    *_, report = [report async for report in importer.bring_in(Owner.of(ana.viewer), file)]

    assert report.summary() == {"new": 0, "known": 30, "changed": 0, "broken": 0}


async def test_an_export_of_many_pages_has_every_row_once(server, ana, tmp_path):
    rows = [{"href": f"https://example.org/{n}", "time": "2020-01-01T00:00:00Z"} for n in range(1_201)]
    (tmp_path / "f.json").write_text(json.dumps(rows))
    async for _ in importer.bring_in(Owner.of(ana.viewer), tmp_path / "f.json"):
        pass

    hrefs = [row["href"] for row in await exported(ana)]

    assert len(hrefs) == len(set(hrefs)) == 1_201


def test_the_command_line_knows_every_format():
    (option,) = (each for each in files.export.params if each.name == "name")

    assert tuple(option.type.choices) == exporter.FORMATS


@pytest.mark.parametrize("name", READABLE)
async def test_every_format_we_write_reads_back_into_what_was_there(server, ana, tmp_path, name):
    for number in range(7):
        visibility = ("public", "private")[number % 2]
        await ana.save(f"https://example.org/{number}", title=f"{number} <&>", tags="a .b", visibility=visibility)
    file = tmp_path / "export"
    file.write_bytes(b"".join([part async for part in exporter.export(Owner.of(ana.viewer), name)]))

    *_, report = [report async for report in importer.bring_in(Owner.of(ana.viewer), file)]

    assert report.summary() == {"new": 0, "known": 7, "changed": 0, "broken": 0}


@pytest.mark.parametrize("name", READABLE)
async def test_whoever_has_nothing_gets_a_file_of_nothing(server, ana, tmp_path, name):
    file = tmp_path / "export"
    file.write_bytes(b"".join([part async for part in exporter.export(Owner.of(ana.viewer), name)]))

    assert [report async for report in importer.bring_in(Owner.of(ana.viewer), file)] == []


async def test_another_format_is_refused(server, ana):
    with pytest.raises(Refused):
        await anext(exporter.export(Owner.of(ana.viewer), "xbel"))
