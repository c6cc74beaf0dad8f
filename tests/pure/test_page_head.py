"""What a page says of itself: its name and its own address, whatever encoding it lies about."""

from __future__ import annotations

import time

import pytest

from fedimark.vocab.head import READ
from fedimark.vocab.page import PageHead, is_html, read_head

URL = "https://example.org/a/b?c=1"
HTML = "text/html; charset=utf-8"


def read(page: str | bytes, content_type: str = HTML, header: str = "") -> PageHead:
    body = page.encode() if isinstance(page, str) else page
    return read_head(body, content_type, URL, header)


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>A name</title>", "A name"),
        ("<!doctype html><html><head><title lang=en>\n A &amp; B\t</title></head>", "A & B"),
        ("<TITLE>A</TITLE><title>B</title>", "A"),
        ('<meta property="og:title" content="Graph"><title>Own</title>', "Own"),
        ('<meta property="og:title" content="Graph &quot;1&quot;">', 'Graph "1"'),
        ("<title><b>bold</b></title>", "<b>bold</b>"),
        ("<title></title>", ""),
        ("<title>never ends", ""),
        ("<body><title>In the body</title>", ""),
        ("<p>text</p><title>In the body</title>", ""),
        ("<svg><title>Icon</title></svg>", ""),
        ("<script>'<title>wrong</title>'</script><title>right</title>", "right"),
    ],
)
def test_a_page_has_the_name_that_stands_in_its_head(page, title):
    assert read(page).title == title


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ('<link rel="canonical" href="https://example.org/x">', "https://example.org/x"),
        ("<link rel=canonical href=/x>", "https://example.org/x"),
        ('<LINK REL="shortlink CANONICAL" HREF="x?y=1&amp;z=2">', "https://example.org/a/x?y=1&z=2"),
        ('<base href="https://example.org/base/"><link rel="canonical" href="x">', "https://example.org/base/x"),
    ],
)
def test_a_page_names_its_own_address(page, address):
    assert read(page).canonicals == {address}


@pytest.mark.parametrize(
    "page",
    [
        '<link rel="canonical">',
        '<link rel="canonical" href="  ">',
        '<link rel="alternate" href="/x">',
        '<a rel="canonical" href="/x">',
        '<body><link rel="canonical" href="/x">',
        '<div></div><link rel="canonical" href="/x">',
        '<!-- <link rel="canonical" href="/x"> -->',
        '<noscript><link rel="canonical" href="/x"></noscript>',
        '<link rel="canonical" href="https://[broken/x">',
        f'{" " * READ}<link rel="canonical" href="/x">',
    ],
)
def test_what_is_no_address_of_its_own_is_none(page):
    assert read(page).canonicals == frozenset()


def test_a_header_names_it_too_but_not_that_of_something_else():
    header = '</x>; rel="canonical", </y>; rel="canonical"; anchor="/other", </z>; rel=next'

    assert read("", header=header).canonicals == {"https://example.org/x"}


def test_of_a_thousand_addresses_all_different_ones_are_told():
    page = "".join(f'<link rel="canonical" href="/{number}">' for number in range(1000))

    assert len(read(page).canonicals) == 1000


@pytest.mark.parametrize(
    ("page", "content_type"),
    [
        ("<title>Größe</title>".encode(), "text/html"),
        ("<title>Größe</title>".encode("latin-1"), "text/html; charset=iso-8859-1"),
        ("<title>Größe</title>".encode("latin-1"), "text/html"),
        ("<title>Größe</title>".encode(), "text/html; charset=iso-8859-1"),
        ("<title>Größe</title>".encode("latin-1"), "text/html; charset=utf-8"),
        ("<title>Größe</title>".encode("latin-1"), "text/html; charset=zip"),
        ("<title>Größe</title>".encode(), "text/html; charset=punycode"),
        ("<title>Größe</title>".encode("utf-16"), "text/html"),
        (b"\xef\xbb\xbf" + "<title>Größe</title>".encode(), "text/html; charset=utf-16"),
        (b'<meta charset="windows-1252">' + "<title>Größe</title>".encode("cp1252"), "text/html"),
    ],
)
def test_a_name_is_read_whatever_encoding_is_said(page, content_type):
    assert read(page, content_type).title == "Größe"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("日本語の題", "shift_jis"),
        ("日本語の題", "euc_jp"),
        ("Новости", "koi8-r"),
        ("新闻", "gb18030"),
        ("뉴스", "euc_kr"),
    ],
)
def test_other_encodings_are_read_where_they_are_named(text, encoding):
    page = f'<meta http-equiv="Content-Type" content="text/html; charset={encoding}"><title>{text}</title>'

    assert read(page.encode(encoding), "text/html").title == text


def test_a_page_that_is_cut_in_a_character_is_read_still():
    page = b"<title>\xc3\xa9</title>" + b"x" * (READ - 18) + "é".encode()

    assert read(page[: READ - 1], "text/html").title == "é"


@pytest.mark.parametrize("content_type", ["text/html", "TEXT/HTML; charset=x", "application/xhtml+xml"])
def test_pages_are_html(content_type):
    assert is_html(content_type)


@pytest.mark.parametrize("content_type", ["", "application/pdf", "text/plain", "image/svg+xml", "text/htmlx"])
def test_other_files_are_no_pages(content_type):
    assert not is_html(content_type)


@pytest.mark.parametrize(
    "piece",
    ["<title>", "<meta charset=", "<meta ", "&#9;", "<link rel=canonical href=", "<", "\x00", "<base href=x>", "\xff"],
)
def test_hostile_heads_take_time_in_proportion(piece):
    page = (piece * (2 * READ // len(piece))).encode("latin-1")

    began = time.perf_counter()
    read(page)

    assert time.perf_counter() - began < 10  # hang guard: quadratic would be minutes


def test_a_name_of_a_megabyte_or_of_nothing_but_a_number_is_no_error():
    assert read(f"<title>{'x' * 1_000_000}</title>").title == ""
    assert len(read(f"<title>{'x' * 100_000}</title>").title) == 2_000
    assert read(f"<title>&#{'9' * 100_000};</title>").title == "\ufffd"
