"""CSV as people's programs write it, and what goes wrong in it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimark.bookmarks.draft import Draft
from fedimark.importing.formats import opened
from fedimark.importing.formats.table import Record, head_of, records, written
from fedimark.importing.rows import Broken

HEAD = "title,url,time_added,tags,status\n"


def rows_of(text: str) -> list[Any]:
    return list(opened(io.BytesIO(text.encode())).rows())


def table(text: str) -> list[Any]:
    return [
        one if isinstance(one, Broken) else (one.line, dict(one.fields)) for one in records(io.BytesIO(text.encode()))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", [(2, {"a": "1", "b": "2"})]),
        ("A, B \r\n1,2\r\n3,4", [(2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": "4"})]),
        ("a,b\r1,2\r3,4\r", [(2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": "4"})]),
        ("a;b\n1,5;2\n", [(2, {"a": "1,5", "b": "2"})]),
        ("a\tb\n1\t2\n", [(2, {"a": "1", "b": "2"})]),
        ("sep=;\na;b\n1;2\n", [(3, {"a": "1", "b": "2"})]),
        ('a,b\n"1\n\n2","x ""y"""\n3,4\n', [(2, {"a": "1\n\n2", "b": 'x "y"'}), (5, {"a": "3", "b": "4"})]),
        ('a,b\n5" disk,2\n', [(2, {"a": '5" disk', "b": "2"})]),
        ('a,b\n"1"x,2\n', [(2, {"a": "1x", "b": "2"})]),
        ('a,b\n "1",2\n', [(2, {"a": "1", "b": "2"})]),
        ("a,b\n1\n\n,\n1,2,3\n", [(2, {"a": "1"}), (5, {"a": "1", "b": "2"})]),
        ('"a","b"\n"",""\n"",2\n', [(3, {"a": "", "b": "2"})]),
        ("\n\na,b\n1,2\n", [(4, {"a": "1", "b": "2"})]),
    ],
)
def test_a_table_is_read_in_every_spelling(text, expected):
    assert table(text) == expected


def test_a_quotation_that_never_closes_ends_the_file_with_its_line():
    first, broken = table('a,b\n1,2\n"3,4\n5,6\n')

    assert first == (2, {"a": "1", "b": "2"})
    assert broken.ends and broken.line == 3


def test_a_field_of_any_length_is_read_and_cut_as_a_form_would_cut_it():
    (draft,) = rows_of(HEAD + f'"{"x" * 3_000_000}",https://example.org/,1,a,unread\n')

    assert len(draft.title) == 255


def test_a_row_beyond_all_measure_is_told_and_not_held():
    class Endless:
        sent = 0

        def read(self, size: int) -> bytes:
            self.sent += size
            return (HEAD + '"').encode() if self.sent == size else b"a\n" * (size // 2)

        def seek(self, _offset: int) -> int:
            raise AssertionError

    source = Endless()
    (broken,) = records(source)

    assert isinstance(broken, Broken) and broken.ends
    assert source.sent < 20_000_000


@pytest.mark.parametrize("hostile", ['"' * 400_000, '"\n' * 200_000, '""\n' * 200_000, "," * 400_000, 'a"\n' * 200_000])
def test_what_is_made_to_be_slow_is_not(hostile):
    # Quadratic time would be minutes here; the suite's own clock would tell.
    list(records(io.BytesIO((HEAD + hostile).encode())))


def test_a_broken_row_tells_its_line_and_costs_no_other():
    rows = rows_of(
        HEAD
        + '"two\nlines",https://example.org/1,1,,unread\nx,no,1,,\ny,https://example.org/2,then,,\nz,https://example.org/3,,,\n'
    )

    assert [type(row) for row in rows] == [Draft, Broken, Broken, Draft]
    assert [row.line for row in rows if isinstance(row, Broken)] == [4, 5]


@given(st.lists(st.lists(st.text(max_size=20), min_size=3, max_size=3), max_size=6))
def test_what_is_written_is_read_by_us_and_by_everybody(values):
    values = [[text.replace("\x00", "").replace("\r", "") for text in row] for row in values]
    raw = b"a,b,c\r\n" + b"".join(written(row) for row in values)

    found = [[row[name] for name in "abc"] for row in records(io.BytesIO(raw)) if isinstance(row, Record)]

    assert found == [row for row in values if any(row)]
    theirs = list(csv.reader(io.StringIO(raw.decode("utf-8", "surrogatepass"), newline="")))[1:]
    assert theirs == values


@pytest.mark.parametrize(
    ("head", "expected"), [(b"a,B\n1,2", {"a", "b"}), (b"\xef\xbb\xbfa;b", {"a", "b"}), (b"a\n", set()), (b"", set())]
)
def test_the_columns_are_known_by_the_first_line(head, expected):
    assert head_of(head) == expected


# What each service means.


@pytest.mark.parametrize(
    ("folder", "to_read", "starred"),
    [("Unread", True, False), ("Archive", False, False), ("Starred", False, True), ("mine", False, False)],
)
def test_instapapers_folder_says_one_thing_of_three(folder, to_read, starred):
    (draft,) = rows_of(f"URL,Title,Selection,Folder\nhttps://example.org/,x,,{folder}\n")

    assert (draft.to_read, draft.starred, draft.archived) == (to_read, starred, False)


@pytest.mark.parametrize(
    ("tags", "expected"), [('"[""a b"",""c""]"', ("a-b", "c")), ("[]", ()), ('"[""a"', ("a",)), ("a", ("a",))]
)
def test_instapapers_tags_are_json_in_a_field(tags, expected):
    (draft,) = rows_of(f"URL,Title,Selection,Folder,Timestamp,Tags\nhttps://example.org/,x,,Unread,1,{tags}\n")

    assert draft.tags == expected


@pytest.mark.parametrize(("status", "to_read"), [("unread", True), ("archive", False), ("", False)])
def test_what_pocket_archived_was_read_and_is_not_hidden(status, to_read):
    (draft,) = rows_of(HEAD + f"x,https://example.org/,1,a|b c,{status}\n")

    assert (draft.to_read, draft.archived, draft.tags) == (to_read, False, ("a", "b-c"))


@pytest.mark.parametrize(
    ("location", "to_read"), [("new", True), ("later", True), ("shortlist", True), ("archive", False), ("feed", False)]
)
def test_readwise_says_by_location_what_is_to_be_read(location, to_read):
    head = "Title,URL,ID,Document tags,Saved date,Reading progress,Location,Seen\n"
    (draft,) = rows_of(
        head + f'x,https://example.org/,1,"[\'it\'\'s\', ""o\'x""]",2022-11-06 04:33:50+00:00,0,{location},True\n'
    )

    assert (draft.to_read, draft.tags) == (to_read, ("it", "s", "o'x"))


@pytest.mark.parametrize(
    ("queued", "read", "to_read"), [("True", "False", True), ("True", "True", False), ("False", "False", False)]
)
def test_matter_says_by_its_queue_what_is_to_be_read(queued, read, to_read):
    head = "Title,Author,Publisher,URL,Tags,Word Count,In Queue,Favorited,Read,Highlight_Count,Last Interaction Date,"
    (draft, letter) = rows_of(
        head
        + "File Id\n"
        + f"x,,,https://example.org/,a b;c,1,{queued},False,{read},0,2023-11-17 17:54:18,\n"
        + "A letter,,,,,783,False,False,True,0,2023-11-17 17:57:16,content_1.html\n"
    )

    assert (draft.to_read, draft.starred, draft.tags) == (to_read, False, ("a-b", "c"))
    assert isinstance(letter, Broken)
    assert (letter.line, letter.excerpt) == (3, "A letter")


def test_cards_of_mymind_without_an_address_are_told_by_their_words():
    head = "id,type,title,url,content,note,tags,created\n"
    (card,) = rows_of(head + "x,Note,,,Some words,,,2024-01-01T00:00:00Z\n")

    assert isinstance(card, Broken)
    assert (card.line, card.excerpt) == (2, "Some words")


@pytest.mark.parametrize(("note", "excerpt", "expected"), [("n", "e", "n"), ("", "e", "e"), ("", "", "")])
def test_raindrops_own_note_counts_before_the_pages_excerpt(note, excerpt, expected):
    (draft,) = rows_of(
        f"id,title,note,excerpt,url,folder,tags,created,cover,highlights,favorite\n1,x,{note},{excerpt},https://example.org/,,,,,,\n"
    )

    assert draft.description == expected
