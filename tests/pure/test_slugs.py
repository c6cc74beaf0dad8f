"""Slugs: every tag has a handle that every server takes, and no two tags that differ are taken for each other."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimark.text import slugs, tags

# What Mastodon takes for the name of an account.
MASTODON = re.compile(r"[a-z0-9_]+([.-]+[a-z0-9_]+)*", re.IGNORECASE)


@pytest.mark.parametrize("key", ["sql", "neural-net", "node.js", "2024", "a_b", "d3.js", "v1..2", "x" * 60])
def test_a_tag_that_is_a_name_is_its_own_slug(key):
    assert slugs.slug(key) == key


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("c++", "c"),
        ("c#", "c"),
        ("a/b", "a-b"),
        ("naïve", "naive"),
        ("日本", "riben"),
        ("москва", "moskva"),
        ("🐍", "snake"),
        ("100%", "100"),
        ("+++", "x"),
        ("-sql-", "sql"),
        ("..net", "net"),
    ],
)
def test_every_other_tag_is_written_in_ascii_with_letters_of_its_hash(key, stem):
    assert re.fullmatch(rf"{stem}-[a-z2-7]{{6}}", slugs.slug(key))


def test_tags_that_are_written_alike_have_slugs_of_their_own():
    alike = ["c++", "c#", "c%", "ç", "с"]  # the last is Cyrillic

    assert len({slugs.slug(key) for key in alike}) == len(alike)


def test_long_tags_are_cut_and_told_apart_by_their_hash():
    one, other = "a" * 200 + "1", "a" * 200 + "2"

    assert len(slugs.slug(one)) == len(slugs.slug(other)) == slugs.LONGEST
    assert slugs.slug(one) != slugs.slug(other)


@given(st.text(min_size=1, max_size=80))
def test_every_tag_has_a_slug_that_mastodon_takes(text):
    for tag in tags.split(text):
        slug = slugs.slug(tags.key(tag))

        assert MASTODON.fullmatch(slug)
        assert len(slug) <= slugs.LONGEST
        assert slugs.slug(slug) == slug
