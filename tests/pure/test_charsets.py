"""Files in the encodings browsers wrote, and in those nobody meant."""

from __future__ import annotations

import io
from typing import Any

import pytest

from fedimark.importing.formats import charsets, opened

JAPANESE = "データベースの本 ｱ～"
WESTERN = "Über “café” – naïve €"


def page(title: str, charset: str) -> str:
    meta = f'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={charset}">\n' if charset else ""
    return (
        f"<!DOCTYPE NETSCAPE-Bookmark-file-1>\n{meta}<TITLE>Bookmarks</TITLE>\n<DL><p>\n"
        f'<DT><A HREF="https://example.org/" TAGS="a,b">{title}</A>\n</DL><p>\n'
    )


def title_of(raw: bytes) -> Any:
    (row,) = opened(io.BytesIO(raw)).rows()
    return row.title


@pytest.mark.parametrize(
    ("title", "declared", "codec"),
    [
        (WESTERN, "UTF-8", "utf-8"),
        (WESTERN, "", "utf-8"),
        (WESTERN, "UTF-8", "utf-8-sig"),
        (WESTERN, "", "utf-16"),
        (WESTERN, "UTF-16", "utf-16-le"),
        (WESTERN, "utf-16", "utf-16-be"),
        (WESTERN, "windows-1252", "cp1252"),
        (WESTERN, "iso-8859-1", "cp1252"),
        (WESTERN, "", "cp1252"),
        (WESTERN, "UTF-8", "cp1252"),
        (JAPANESE, "Shift_JIS", "cp932"),
        (JAPANESE, "x-sjis", "cp932"),
        (JAPANESE.replace("～", ""), "euc-jp", "euc_jp"),
        ("数据库", "gb2312", "gb18030"),
        ("Закладки", "windows-1251", "cp1251"),
        ("Закладки", "koi8-r", "koi8-r"),
        ("Łódź", "iso-8859-2", "iso8859_2"),
        # What is UTF-8 to the letter is nothing else, whatever it declares.
        (WESTERN, "iso-8859-1", "utf-8"),
        (JAPANESE, "Shift_JIS", "utf-8"),
        # A codec that is none of a page's is not looked up.
        (WESTERN, "unicode_escape", "utf-8"),
        (WESTERN, "rot13", "utf-8"),
    ],
)
def test_a_title_is_read_as_it_was_written(title, declared, codec):
    assert title_of(page(title, declared).encode(codec)) == title


def test_a_byte_that_is_no_utf8_costs_no_letter_beside_it():
    raw = page("caf? ü “?”", "UTF-8").encode().replace(b"caf?", b"caf\xe9").replace(b"?", b"\x80")

    assert title_of(raw) == "café ü “€”"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "cp932", "iso2022_jp", "gb18030"])
def test_characters_cut_by_the_ends_of_blocks_are_whole(codec):
    text = page("本" * 9, "Shift_JIS") + f"<!-- {'本 a' * 40_000} -->"
    source = charsets.AsUtf8(io.BytesIO(text.encode(codec)), codec)

    found = b"".join(iter(lambda: source.read(999), b""))
    source.seek(0)

    assert found.decode() == text
    assert source.read(9) == text.encode()[:9]


@pytest.mark.parametrize(
    ("head", "codec"),
    [
        (b"", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff\0<", "utf-16-be"),
        (b"<\0D\0", "utf-16-le"),
        (b"\0<\0D", "utf-16-be"),
        (b"\0\0\0\0", "utf-8"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?>", "cp1252"),
        (b'[{"a": "<meta charset=koi8-r>"}]', "utf-8"),
        (b"<meta " * 20_000, "utf-8"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset='x-nobody-knows'>", "utf-8"),
    ],
)
def test_the_encoding_is_told_by_the_first_bytes(head, codec):
    assert charsets.codec_of(head) == codec
