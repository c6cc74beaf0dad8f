"""Pairs of addresses as people save them: which are one page without anybody being asked, and which never are."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from fedimark.text.trackers import is_tracker
from fedimark.text.urls import BadUrl, check
from fedimark.text.works import page_of

PAIRS = json.loads((Path(__file__).parent / "url_pairs.json").read_text("utf-8"))
MARKED = "https://example.org/a?id=1"


def page(url: str) -> str:
    """The page of an address as somebody types it."""
    try:
        return page_of(check(url))
    except BadUrl:  # what nobody can save may still arrive
        return page_of(url)


@pytest.mark.parametrize("kind", PAIRS["same"])
def test_two_spellings_of_a_page_are_one(kind):
    apart = [pair for pair in PAIRS["same"][kind] if page(pair[0]) != page(pair[1])]

    assert apart == []


@pytest.mark.parametrize("kind", PAIRS["different"])
def test_two_pages_are_never_one(kind):
    joined = [pair for pair in PAIRS["different"][kind] if page(pair[0]) == page(pair[1])]

    assert joined == []


def test_every_pair_stands_once_and_there_are_many():
    pairs = [tuple(sorted(pair)) for kinds in PAIRS.values() for each in kinds.values() for pair in each]

    assert len(pairs) == len(set(pairs)) > 450


def test_every_page_of_a_pair_is_its_own_page():
    pages = {page(url) for kinds in PAIRS.values() for each in kinds.values() for pair in each for url in pair}

    assert {one: page_of(one) for one in pages if page_of(one) != one} == {}


def test_a_thousand_marked_addresses_are_one_page():
    marked = [f"{MARKED}&utm_source={number}&fbclid={'x' * (number % 50)}#{number}" for number in range(1000)]

    assert {page(url) for url in marked} == {MARKED}


@pytest.mark.parametrize(
    ("name", "value", "host", "path"),
    [
        ("si", "x", "open.spotify.com.evil.example", "/track/1"),
        ("ref_", "x", "notamazon.com", "/dp/1"),
        ("tag", "x", "www.amazon.com", "/s"),
        ("s", "20", "x.com", "/search"),
        ("ved", "x", "google.evil.example", "/"),
        ("r", "x", "substack.com", "/search"),
        ("spm", "12", "example.org", "/"),
    ],
)
def test_the_mark_of_one_site_is_none_elsewhere(name, value, host, path):
    assert not is_tracker(name, value, host, path)


def test_the_mark_of_a_site_counts_below_it_and_in_every_country():
    assert is_tracker("ref_", "x", "www.amazon.co.uk", "/gp/product/1")
    assert is_tracker("WPROV", "sfti1", "de.m.wikipedia.org", "/wiki/A")
    assert is_tracker("tag", "ana-21", "smile.amazon.de", "/dp/1")


def test_addresses_of_a_work_that_name_it_in_many_ways_are_one():
    paper = [
        "https://arxiv.org/abs/1803.01814",
        "https://arxiv.org/pdf/1803.01814v2.pdf",
        "https://doi.org/10.48550/arXiv.1803.01814",
        "http://export.arxiv.org/abs/1803.01814v1?context=cs#x",
    ]

    assert all(page(one) == page(other) for one, other in pairwise(paper))
