"""Where a page says that its ActivityStreams document is: in its head, or in a Link header."""

from __future__ import annotations

import time

import pytest

from fedimark.vocab.alternate import in_head, in_header
from fedimark.vocab.head import READ
from fedimark.vocab.host_meta import read_lrdd_template

AS2 = 'type="application/activity+json"'
LINK = f'<link rel="alternate" {AS2} href="/users/cleo">'


@pytest.mark.parametrize(
    "page",
    [
        LINK,
        f"<!DOCTYPE html><html><head><title>x</title>{LINK}</head><body></body></html>",
        f"<HEAD><LINK HREF=/users/cleo REL='Alternate nofollow' {AS2.upper()}/></HEAD>",
        f"<head><link\n\trel=alternate\n{AS2}\nhref = '/users/cleo'  /></head>",
        f'<link rel="stylesheet" href="/a.css"><link rel="alternate" type="application/rss+xml" href="/feed">{LINK}',
        f'<meta content="a > b <link"><!-- <link rel="alternate" {AS2} href="/wrong"> -->{LINK}',
        f'<script>\'<link rel="alternate" {AS2} href="/wrong">\'</script>{LINK}',
        f'<style></stylesheet><link rel="alternate" {AS2} href="/wrong"></style>{LINK}',
        f'{LINK}<link rel="alternate" {AS2} href="/second">',
        f'<link rel="alternate" {AS2}>{LINK}',
        f'<link rel="alternate" {AS2} href="">{LINK}',
        f'<link href="/users/cleo" href="/wrong" rel="alternate" {AS2}>',
        'x < y && "<" <link rel=alternate type="application/activity+json; charset=utf-8" href=/users/cleo>',
        "<link rel=alternate type='application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"'"
        " href=/users/cleo>",
    ],
)
def test_a_head_names_its_document(page):
    assert in_head(page.encode()) == "/users/cleo"


def test_an_address_is_read_as_html_writes_it():
    page = f'<link rel="alternate" {AS2} href=" https://marks.example/é?a=1&amp;b=2 ">'

    assert in_head(page.encode()) == "https://marks.example/é?a=1&b=2"


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<",
        "<link",
        "<link>",
        f'<link rel="me" {AS2} href="/users/cleo">',
        '<link rel="alternate" href="/users/cleo">',
        '<link rel="alternate" type="application/json" href="/users/cleo">',
        '<link rel="alternate" type="application/ld+json" href="/users/cleo">',
        f'<a rel="alternate" {AS2} href="/users/cleo">',
        f'<linker rel="alternate" {AS2} href="/users/cleo">',
        f"</head>{LINK}",
        f"<body>{LINK}",
        f"<!-- {LINK}",
        f"<script>{LINK}",
        f"<title>{LINK}</title>",
        f"<noscript>{LINK}</noscript>",
        f"<template>{LINK}</template>",
        f'<link rel="alternate" {AS2} href="/users/cleo',
        f'<meta content="{LINK.replace(chr(34), chr(39))}',
        " " * READ + LINK,
    ],
)
def test_what_is_no_such_link_is_none(page):
    assert in_head(page.encode()) is None


def test_bytes_that_are_no_text_are_no_address():
    assert in_head(f'<link rel="alternate" {AS2} href="/'.encode() + b'\xff">') is None


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<!--",
        "<link ",
        "<link a",
        '<link a="',
        "<link a=",
        "<script>",
        "</script",
        "<!",
        "<a b='",
        "&",
        "<link =",
        "/",
    ],
)
def test_hostile_pages_take_time_in_proportion(piece):
    page = (piece * (2 * READ // len(piece))).encode()

    began = time.perf_counter()
    in_head(page)

    assert time.perf_counter() - began < 10  # hang guard: quadratic would be minutes


@pytest.mark.parametrize(
    "value",
    [
        f'</users/cleo>; rel="alternate"; {AS2}',
        f"</users/cleo>;{AS2};rel=Alternate",
        f'</a.css>; rel=preload; as="style, <b>", </users/cleo>; rel="nofollow alternate" ; {AS2} , </wrong>; rel=next',
        f'</wrong>; rel="alternate"; type="application/rss+xml",,</users/cleo>; rel="alternate"; {AS2}',
        f'</users/cleo>; title="a \\" b"; crossorigin; rel=alternate; {AS2}',
    ],
)
def test_a_header_names_its_document(value):
    assert in_header(value) == "/users/cleo"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "/users/cleo",
        "<>",
        f'<>; rel="alternate"; {AS2}',
        "</users/cleo>",
        '</users/cleo>; rel="alternate"',
        f'</users/cleo>; rel="self"; {AS2}',
        f'</users/cleo; rel="alternate"; {AS2}',
        f'</users/cleo>; rel="alternate; {AS2}',
        '</users/cleo>; rel="alternate"; type="text/html"; type="application/activity+json"',
    ],
)
def test_a_header_that_names_none(value):
    assert in_header(value) is None


@pytest.mark.parametrize("piece", ["<", "<a>,", "<a>;", '<a>;b="', "\\", '<a>;b="\\', ";a=", ","])
def test_hostile_headers_take_time_in_proportion(piece):
    began = time.perf_counter()
    in_header("<a>" + piece * (READ // len(piece)))

    assert time.perf_counter() - began < 10


def test_a_number_too_long_to_be_one_is_no_error():
    number = f"&#{'9' * 100_000};"

    assert in_head(f'<link rel="alternate" {AS2} href="{number}">{LINK}'.encode()) == "/users/cleo"
    assert read_lrdd_template(f'<XRD><Link rel="lrdd" template="{number[:60_000]}"/></XRD>') is None
