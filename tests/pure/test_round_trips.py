"""What we write comes back as it was: on libraries made by chance, and on every file of other software."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedimark.bookmarks.draft import Draft, read_draft
from fedimark.errors import Refused
from fedimark.importing.formats import WRITABLE, Reading, Written, opened
from fedimark.importing.rows import Broken
from fedimark.policy.visibility import Visibility
from fedimark.text import tags, urls
from tests.pure.test_formats import FIELDS, FOUND, table

BY_NAME = {known.name: known for known in WRITABLE}
SECOND = 1_000_000
FIRST, LAST = -62_135_596_800, 253_402_300_799  # seconds of the years 1 to 9999


def row_of(draft: Draft, saved_at: int) -> dict[str, Any]:
    """A bookmark as the database has it."""
    return {
        "id": 1,
        "public_id": "abcdefghijklm",
        "url": draft.url,
        "url_md5": urls.md5(draft.url),
        "title": draft.title,
        "description": draft.description,
        "private_note": draft.private_note,
        "tags": " ".join(draft.tags),
        "visibility": int(Visibility.PRIVATE if draft.visibility is None else draft.visibility),
        "to_read": draft.to_read,
        "starred": draft.starred,
        "archived": draft.archived,
        "saved_at": saved_at,
        "updated_at": saved_at,
        "via": "",
    }


def there_and_back(known: Written, rows: Iterable[dict[str, Any]]) -> list[Draft | Broken]:
    raw = known.before + known.between.join(known.row(row) for row in rows) + known.after
    return list(opened(io.BytesIO(raw)).rows())


def carried(known: Written, row: dict[str, Any]) -> dict[str, Any]:
    """What a format can say of a row, as the table in docs/formats.md has it."""
    fields = table("What is written")[f"{known.name}"]
    precision = {"raindrop-csv": 1_000, "fedimark-lines": 1}.get(known.name, SECOND)
    says: dict[str, Any] = {"url": row["url"]}
    for name in fields:
        says[name] = row[name]
    says["tags"] = tuple(row["tags"].split())
    says["saved_at"] = row["saved_at"] // precision * precision
    if "visibility" in fields:
        seen = Visibility(row["visibility"])
        only_public = Visibility.PUBLIC if seen is Visibility.PUBLIC else Visibility.PRIVATE
        says["visibility"] = seen if known.name == "fedimark-lines" else only_public
    return says


# Texts as people and programs type them, and as neither should.
SIGNS = (
    '"',
    "'",
    "<",
    ">",
    "&",
    "&amp;",
    "&copy=1",
    "<=",
    ",",
    ";",
    "|",
    "\n",
    "\n\n",
    "  ",
    "\t",
    "]]>",
    "<DD>",
    "</A>",
    "<DT>",
)
MORE = ("</DL>", "a", "技", "é", "😀", "{", "[", "\\", "-->", "<br>", "<p>", "sep=;", "=1+1", "\u2028", "\u200e")
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from((*SIGNS, *MORE)), max_size=12).map("".join))
TAGS = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12), max_size=5)
PAGES = ("https://example.org/", "https://example.org/?a=1&b=2&copy=3&lt", "http://例え.jp/ü?q='x'", "ftp://a.example/")
ODD = ('javascript:alert("a < b && c > d")', "https://example.org/#!/x", "mailto:a@example.org", "https://a.b/(c),d;e")
URLS = st.sampled_from((*PAGES, *ODD))
MOMENTS = st.integers(FIRST * SECOND, LAST * SECOND).filter(lambda moment: abs(moment) >= SECOND)


def is_tag(text: str) -> bool:
    """Whether every word of a text is a tag, and none is made of dots alone."""
    return all(tags.key(word).strip(".") for word in text.replace(",", " ").split())


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    draft = read_draft(
        url=draw(URLS),
        title=draw(TEXTS),
        description=draw(TEXTS),
        private_note=draw(TEXTS),
        tag_text=" ".join(tag for tag in draw(TAGS) if "linkding:" not in tag and is_tag(tag)),
        visibility=draw(st.sampled_from(["public", "unlisted", "followers", "private"])),
        to_read=draw(st.booleans()),
        starred=draw(st.booleans()),
        archived=draw(st.booleans()),
    )
    return row_of(draft, draw(MOMENTS))


@pytest.mark.parametrize("name", BY_NAME)
@settings(max_examples=150, deadline=None)
@given(library=st.lists(rows(), min_size=1, max_size=5))
def test_what_a_format_can_carry_comes_back_equal(name, library):
    known = BY_NAME[name]

    found = there_and_back(known, library)

    assert len(found) == len(library)
    for row, draft in zip(library, found, strict=True):
        expected = carried(known, row)
        assert {field: getattr(draft, field) for field in expected} == expected


def test_the_table_names_every_format_we_write():
    assert set(table("What is written")) == set(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_a_format_cannot_carry_stays_unsaid(name):
    row = row_of(
        Draft("https://example.org/", "t", "d", ("a",), Visibility.PUBLIC, True, True, True, "note"), 5 * SECOND
    )
    nothing = Draft(url=row["url"])

    (draft,) = there_and_back(BY_NAME[name], [row])

    left_out = set(FIELDS) - {"folders"} - table("What is written")[name]
    assert all(getattr(draft, field) == getattr(nothing, field) for field in left_out)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_library_of_nothing_is_a_file_of_nothing(name):
    known = BY_NAME[name]

    assert there_and_back(known, []) == []


@pytest.mark.parametrize("name", FOUND)
def test_every_file_other_software_wrote_survives_every_format_we_write(shared_data, name):
    raw = (shared_data / "bookmarks" / name).read_bytes()
    given = [row for row in opened(io.BytesIO(raw)).rows(Reading(folders="tags")) if isinstance(row, Draft)]
    library = [row_of(draft, draft.saved_at or 7 * SECOND) for draft in given]

    for known in WRITABLE:
        for row, draft in zip(library, there_and_back(known, library), strict=True):
            expected = carried(known, row)
            assert {field: getattr(draft, field) for field in expected} == expected, known.name


def test_a_secret_address_is_not_made_public_by_its_own_export():
    try:
        draft = read_draft(url="https://example.org/?token=1", visibility="public")
    except Refused:  # pragma: no cover
        raise AssertionError from None

    for known in WRITABLE:
        (back,) = there_and_back(known, [row_of(replace(draft), SECOND)])

        assert back.visibility is None
