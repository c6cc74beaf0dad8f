"""Every format: known by what is in it, read as it is meant, and as docs/formats.md says."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import pytest

from fedimark.bookmarks.draft import Draft
from fedimark.errors import FedimarkError, Refused, WrongType
from fedimark.importing.formats import READABLE, Reading, opened
from fedimark.importing.rows import Broken
from tests.pure.format_samples import FOLDER, SAMPLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "formats.md"
FIELDS = ("title", "description", "private_note", "tags", "folders", "saved_at", "to_read", "starred", "archived")
FIELDS = (*FIELDS, "visibility")


def rows_of(raw: bytes, reading: Reading = Reading()) -> list[Draft | Broken]:
    return list(opened(io.BytesIO(raw)).rows(reading))


def table(title: str) -> dict[str, frozenset[str]]:
    """A table of docs/formats.md: what each format in it carries."""
    part = DOCUMENT.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"]
    head, _, *rows = lines
    assert tuple(name.replace(" ", "_").replace("moment", "saved_at") for name in head[1:]) == FIELDS
    return {
        row[0].strip("*` "): frozenset(name for name, cell in zip(FIELDS, row[1:], strict=True) if cell != "–")
        for row in rows
    }


def test_every_format_has_a_sample():
    assert [known.name for known in READABLE] == list(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_is_known_by_what_is_in_it(name):
    assert opened(io.BytesIO(SAMPLES[name][0])).name == name


@pytest.mark.parametrize("name", SAMPLES)
def test_a_row_says_all_that_its_format_can(name):
    raw, expected = SAMPLES[name]

    first, *others = rows_of(raw, Reading(folders="tags"))

    assert first == expected
    assert all(isinstance(other, Draft) for other in others)


@pytest.mark.parametrize("name", SAMPLES)
def test_folders_are_left_alone_where_nobody_asks_for_them(name):
    raw, expected = SAMPLES[name]

    first, *_ = rows_of(raw)

    assert isinstance(first, Draft)
    assert first.tags == tuple(tag for tag in expected.tags if tag != FOLDER)


def test_the_table_says_what_each_format_carries():
    nothing = Draft(url="x")

    for name, carried in table("What is read").items():
        _, sample = SAMPLES[name]
        tags = tuple(tag for tag in sample.tags if tag != FOLDER)
        says = {field for field in FIELDS if field != "folders" and getattr(sample, field) != getattr(nothing, field)}
        says = (says - {"tags"}) | ({"tags"} if tags else set()) | ({"folders"} if FOLDER in sample.tags else set())
        # A sample is unread or starred, not both, where one field says which.
        assert says == carried - ({"to_read", "starred"} if name == "Instapaper CSV" else set()), name
    assert set(table("What is read")) == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_cut_anywhere_raises_nothing_that_is_not_for_people(name):
    raw = SAMPLES[name][0]

    for end in range(0, len(raw), 7):
        try:
            rows_of(raw[:end], Reading(folders="tags"))
        except FedimarkError as error:
            assert error.message


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"list of addresses"}))
def test_a_file_cut_anywhere_says_so_and_brings_in_no_half_row(name):
    raw, _ = SAMPLES[name]
    whole = rows_of(raw)
    # Whether the last word of a table is whole, nobody can tell.
    last = raw.rindex(b',"[' if b',"[' in raw else b",") if name.endswith("CSV") else len(raw)

    for at in range(1, last):
        try:
            rows = rows_of(raw[:at])
        except FedimarkError:
            continue
        assert not rows or rows == whole or any(isinstance(row, Broken) for row in rows), raw[:at]


@pytest.mark.parametrize("end", ["<li><a href", '<li><a href="https://example.org/2">y', "</li>"])
def test_a_list_of_pocket_that_is_cut_off_says_so_and_keeps_what_is_whole(end):
    whole, *told = rows_of(b'<title>Pocket Export</title><ul><li><a href="https://example.org/">x</a>' + end.encode())

    assert isinstance(whole, Draft)
    assert told
    assert all(isinstance(row, Broken) for row in told)


@pytest.mark.parametrize("name", SAMPLES)
def test_noise_in_a_file_raises_nothing_that_is_not_for_people(name):
    chance = random.Random(name)
    raw = SAMPLES[name][0]

    for _ in range(60):
        noisy = bytearray(raw)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(noisy))
            noisy[at : at + chance.randint(0, 4)] = chance.choice(
                [b"", b"\0", b"\xff", b'"', b"<", b">", b"[[[", b"}}", b"\xed\xa0\x80", b"&#x110000;", b"\r", b"'"]
            )
        try:
            rows_of(bytes(noisy), Reading(folders="path"))
        except FedimarkError as error:
            assert error.message


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"list of addresses", "Netscape HTML", "Pocket HTML"}))
def test_a_row_that_is_too_secret_is_left_to_its_owner(name):
    raw, expected = SAMPLES[name]
    changed = raw.replace(b"?b=1&amp;c=2", b"?token=2").replace(b"?b=1&c=2", b"?token=2")

    rows = rows_of(changed)

    # A note of Mastodon's that names a secret page is no bookmark at all.
    assert all(row.visibility in (None, expected.visibility) for row in rows if isinstance(row, Draft))
    assert all(row.visibility is None or not row.visibility for row in rows if isinstance(row, Draft))


@pytest.mark.parametrize(
    ("raw", "error", "words"),
    [
        (b"", Refused, "empty"),
        (b"\n \t\n", Refused, "empty"),
        (b"\xff\xfe", WrongType, "no format"),
        (b"hello", WrongType, "no format"),
        (b"<!DOCTYPE html><p>hello", WrongType, "no format"),
        (b"<?xml version='1.0'?><result code='done'/>", WrongType, "no format"),
        (b'{"update_time": "2020-09-03T13:07:19Z"}', WrongType, "no list"),
        (b"a,b,c\n1,2,3\n", WrongType, "no format"),
        (b"\x89PNG\r\n\x1a\n", WrongType, "no format"),
    ],
)
def test_what_is_no_file_of_bookmarks_is_refused_with_a_sentence(raw, error, words):
    with pytest.raises(error, match=words) as refused:
        opened(io.BytesIO(raw))

    assert refused.value.field == "file"


@pytest.mark.parametrize(("folders", "tag"), [("tags", ("work", "Old-things")), ("path", ("work/Old-things",))])
def test_folders_become_tags_one_by_one_or_as_a_path(folders, tag):
    raw = b"""<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><H3>work</H3><DL><DT><H3>Old, things</H3><DL>
    <DT><A HREF="https://example.org/">x</A></DL></DL></DL>"""

    (draft,) = rows_of(raw, Reading(folders=folders))

    assert draft.tags == tag


# Files of other software, where they are.

NO_LIST = "pinboard-api/aiopinboard_posts_suggest_response.json"  # an array too, of no bookmarks
FOUND = {
    "browser-json/buku_chrome_Bookmarks.json": ("Chromium’s Bookmarks", 43, 1),
    "browser-json/wallabag_firefox-bookmarks.json": ("Firefox JSON", 2, 0),
    "delicious/wallabag_delicious_export.json": ("Delicious JSON", 3, 0),
    "instapaper/wallabag_instapaper-export.csv": ("Instapaper CSV", 4, 0),
    "pinboard-api/aiopinboard_posts_all_response.json": ("Pinboard JSON", 1, 0),
    "pinboard-api/aiopinboard_posts_get_empty_response.json": ("Pinboard JSON", 0, 0),
    "pinboard-api/aiopinboard_posts_get_response.json": ("Pinboard JSON", 1, 0),
    "pinboard-api/aiopinboard_posts_recent_response.json": ("Pinboard JSON", 1, 0),
    "pinboard-api/clj-bookmarks_javadoc_posts.xml": ("Pinboard or Delicious XML", 2, 0),
    "pinboard-api/yesterdaytechnewsbot_posts_recent.xml": ("Pinboard or Delicious XML", 15, 0),
    "pinboard/betula_pinboard1.json": ("Pinboard JSON", 5, 0),
    "pinboard/espial_sample-bookmarks.json": ("Pinboard JSON", 88, 0),
    "pinboard/wallabag_pinboard_export.json": ("Pinboard JSON", 3, 0),
    "pocket/wallabag_pocket.csv": ("Pocket CSV", 7, 0),
    "pocket/wallabag_ril_export.html": ("Pocket HTML", 2, 0),
    "raindrop/betula_raindrop1.csv": ("Raindrop CSV", 5, 0),
    "netscape/betula_firefox1.html": ("Netscape HTML", 9, 0),
    "netscape/betula_raindrop1.html": ("Netscape HTML", 5, 0),
    "netscape/betula_safari1.html": ("Netscape HTML", 5, 0),
    "netscape/linkace_dateless.html": ("Netscape HTML", 5, 0),
    "netscape/linkace_example.html": ("Netscape HTML", 5, 0),
    "netscape/linkding_one_invalid.html": ("Netscape HTML", 3, 1),
    "netscape/linkding_simple_valid.html": ("Netscape HTML", 3, 0),
    "netscape/nbp_chromium_flat.htm": ("Netscape HTML", 9, 0),
    "netscape/nbp_chromium_nested.htm": ("Netscape HTML", 18, 0),
    "netscape/nbp_delicious.htm": ("Netscape HTML", 5, 0),
    "netscape/nbp_delicious_sanitize.htm": ("Netscape HTML", 2, 0),
    "netscape/nbp_firefox_flat.htm": ("Netscape HTML", 21, 0),
    "netscape/nbp_firefox_nested.htm": ("Netscape HTML", 21, 0),
    "netscape/nbp_google_bookmarks_nested.htm": ("Netscape HTML", 6, 0),
    "netscape/nbp_internet_explorer_11_flat.htm": ("Netscape HTML", 18, 0),
    "netscape/nbp_internet_explorer_11_nested.htm": ("Netscape HTML", 27, 0),
    "netscape/nbp_netscape_basic.htm": ("Netscape HTML", 2, 0),
    "netscape/nbp_netscape_extended.htm": ("Netscape HTML", 1, 0),
    "netscape/nbp_netscape_multiline.htm": ("Netscape HTML", 3, 0),
    "netscape/nbp_netscape_nested.htm": ("Netscape HTML", 8, 0),
    "netscape/nbp_safari_folded.htm": ("Netscape HTML", 3, 0),
    "netscape/nbp_scuttle.htm": ("Netscape HTML", 4, 0),
    "netscape/nbp_scuttle_new_line.htm": ("Netscape HTML", 1, 0),
    "netscape/nbp_shaarli.htm": ("Netscape HTML", 6, 0),
    "netscape/nbp_shaarli_legacy.htm": ("Netscape HTML", 2, 0),
    "netscape/nbp_shaarli_markdown.htm": ("Netscape HTML", 3, 0),
    "netscape/nbp_shaarli_with_tabs_and_spaces.htm": ("Netscape HTML", 1, 0),
    "netscape/nbp_shaarli_with_whitespace_tags.htm": ("Netscape HTML", 1, 0),
    "netscape/shaarli_internet_explorer_encoding.htm": ("Netscape HTML", 1, 0),
    "netscape/shaarli_lowercase_doctype.htm": ("Netscape HTML", 2, 0),
    "netscape/shaarli_netscape_nodate.htm": ("Netscape HTML", 1, 0),
    "netscape/shaarli_no_doctype.htm": ("Netscape HTML", 2, 0),
    "netscape/shaarli_same_date.htm": ("Netscape HTML", 3, 0),
    "netscape/wallabag_shaarli-bookmarks.html": ("Netscape HTML", 2, 0),
}


@pytest.mark.parametrize("name", FOUND)
def test_files_other_software_wrote_are_known_and_read_to_the_last_row(shared_data, name):
    raw = (shared_data / "bookmarks" / name).read_bytes()

    rows = rows_of(raw, Reading(home="https://links.example/"))

    broken = [row for row in rows if isinstance(row, Broken)]
    assert (opened(io.BytesIO(raw)).name, len(rows), len(broken)) == FOUND[name]
    # All of them say when, but for what Safari, LinkAce, Instapaper and Shaarli left out.
    dateless = ("safari", "dateless", "nodate", "instapaper")
    assert any(word in name for word in dateless) or all(row.saved_at for row in rows if isinstance(row, Draft))


def test_a_file_of_other_software_that_holds_no_bookmarks_is_refused_with_a_sentence(shared_data):
    folder = shared_data / "bookmarks"
    others = {str(file.relative_to(folder)) for file in folder.rglob("*.*")} - set(FOUND)

    rows = rows_of((folder / NO_LIST).read_bytes())
    for name in others - {NO_LIST}:
        with pytest.raises(Refused, match=r"\."):
            opened(io.BytesIO((folder / name).read_bytes()))

    assert all(isinstance(row, Broken) for row in rows)
    assert len(FOUND) + len(others) == sum(file.is_file() for file in folder.rglob("*"))


def test_tags_of_an_older_firefox_stand_in_a_tree_of_their_own():
    page, folder = "text/x-moz-place", "text/x-moz-place-container"

    def place(number: int, **more: object) -> dict[str, object]:
        return {"type": page, "uri": f"https://example.org/{number}", **more}

    def named(title: str, *inside: object, **more: object) -> dict[str, object]:
        return {"title": title, "type": folder, **more, "children": list(inside)}

    tags = named("Tags", named("sql", place(1), place(3)), named("neural net", place(1), place(2)), root="tagsFolder")
    menu = named("Menu", named("Work", place(1, title="One")), place(2, tags="own"), root="bookmarksMenuFolder")
    tree = named("", menu, tags, named("Unsorted", place(3), root="unfiledBookmarksFolder"), root="placesRoot")

    rows = list(opened(io.BytesIO(json.dumps(tree).encode())).rows())

    assert [(row.url[-1], row.tags) for row in rows if isinstance(row, Draft)] == [
        ("1", ("sql", "neural-net")),
        ("2", ("own", "neural-net")),
        ("3", ("sql",)),
    ]
    assert len(rows) == 3
