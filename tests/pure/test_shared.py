"""What a share menu gives becomes the fields of the form."""

from __future__ import annotations

import pytest

from fedimark.text import shared

PAGE = "https://sqlite.org/wal.html"


@pytest.mark.parametrize(
    ("url", "title", "text", "read"),
    [
        (PAGE, "WAL", "", (PAGE, "WAL", "")),
        ("", "WAL", PAGE, (PAGE, "WAL", "")),
        ("", "", f"WAL {PAGE}", (PAGE, "WAL", "")),
        ("", "", PAGE, (PAGE, "", "")),
        ("", PAGE, PAGE, (PAGE, "", "")),
        ("", "Read this", f"It is good:\n{PAGE}", (PAGE, "Read this", "It is good:")),
        ("", "", f"Two\nlines\n{PAGE}", (PAGE, "", "Two\nlines")),
        ("", "", f"see https://a.example/ and {PAGE}", (PAGE, "see https://a.example/ and", "")),
        ("", "", "no address at all", ("", "no address at all", "")),
        ("", "", "", ("", "", "")),
        ("javascript:alert(1)", "x", "", ("javascript:alert(1)", "x", "")),
    ],
)
def test_an_address_is_found_wherever_it_stands(url, title, text, read):
    assert shared.read(url, title, text) == read


def test_much_is_cut():
    assert [len(part) for part in shared.read("u" * 99_999, "t" * 99_999, "x" * 99_999)] == [shared.LIMIT] * 3
