"""The language of the search box, and what a word is: whatever is typed means something."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedimark.search.documents import document
from fedimark.text.excerpts import LONGEST as LONGEST_EXCERPT
from fedimark.text.excerpts import excerpt, marked
from fedimark.text.query import (
    LONGEST,
    MOST_TERMS,
    All,
    Any,
    By,
    Is,
    Node,
    Not,
    OnSite,
    Saved,
    Savers,
    Tagged,
    Words,
    parse,
)
from fedimark.text.tokens import asked, tokens

A, B, C = Words(("aa",)), Words(("bb",)), Words(("cc",))
DAY = 86_400_000_000

READ: dict[str, Node | None] = {
    "aa": A,
    "AA": A,
    "aa bb": All((A, B)),
    "aa and bb": All((A, B)),
    "aa bb or cc": Any((All((A, B)), C)),
    "aa (bb or cc)": All((A, Any((B, C)))),
    "-aa": Not(A),
    "not aa bb": All((Not(A), B)),
    "--aa": A,
    "not not aa": A,
    "-(aa bb)": Not(All((A, B))),
    "not (aa or bb)": Not(Any((A, B))),
    '"aa bb"': Words(("aa", "bb")),
    '-"aa bb"': Not(Words(("aa", "bb"))),
    "aa*": Words(("aa",), goes_on=True),
    '"aa bb"*': Words(("aa", "bb"), goes_on=True),
    "write-ahead": Words(("write", "ahead")),
    "std::vector": Words(("std", "vector")),
    "https://aa.example/bb": Words(("aa", "example", "bb")),
    "Ångström": Words(("angstrom",)),
    "straße": Words(("strasse",)),
    "が": Words(("が",), goes_on=True),
    "日本語": Words(("日本", "本語")),
    "日": Words(("日",), goes_on=True),
    "#C++": Tagged("c++"),
    "tag:#C++": Tagged("c++"),
    "#.mine": Tagged(".mine"),
    "site:https://SQLite.org/x": OnSite("sqlite.org"),
    "user:@Bo@b.example": By("bo@b.example"),
    "is:unread": Is("unread"),
    "!unread !untagged": All((Is("unread"), Is("untagged"))),
    "before:1970-01-02": Saved(until=DAY),
    "after:1970": Saved(since=0),
    "saved:>3": Savers(4),
    "saved:<=3": Savers(0, 3),
    "saved:3": Savers(3, 3),
    "in:title aa": Words(("aa",), fields=frozenset({"title"})),
    "in:title in:url aa": Words(("aa",), fields=frozenset({"title", "url"})),
    "aa (in:url bb)": All((A, Words(("bb",), fields=frozenset({"url"})))),
    "in:text aa": Words(("aa",), fields=frozenset({"title", "description", "notes"})),
    # Operators with nothing to stand between are words.
    "or": Words(("or",)),
    "not": Words(("not",)),
    "and aa": All((Words(("and",)), A)),
    "": None,
    " - ( ) ' * # ": None,
    "in:title": None,
}
BROKEN = {
    "(aa": (A, "A bracket is not closed."),
    "aa) bb": (All((A, B)), "A closing bracket has no opening one and was left out."),
    '"aa': (A, "A quotation mark is not closed and was left out."),
    "is:nothing": (Words(("is", "nothing")), "“is:nothing” was read as words"),
    "before:soon": (Words(("before", "soon")), "“before:soon” was read as words"),
    "before:2026-02-30": (Words(("before", "2026", "02", "30")), "was read as words"),
    "saved:many": (Words(("saved", "many")), "after “saved:” stands a number"),
    "in:x aa": (All((Words(("in", "x")), A)), "after “in:” stands one of title"),
    "a*": (Words(("a",)), "Before a * stand at least 2 letters"),
    "(" * 20 + "aa": (None, "Brackets go 8 deep"),
}


@pytest.mark.parametrize(("typed", "root"), READ.items(), ids=READ.keys())
def test_what_is_typed_means(typed, root):
    query = parse(typed)

    assert query.root == root
    assert query.trouble == ()


@pytest.mark.parametrize(("typed", "read"), BROKEN.items(), ids=BROKEN.keys())
def test_what_is_broken_is_read_as_far_as_it_can_be_and_said(typed, read):
    root, sentence = read

    query = parse(typed)

    assert root is None or query.root == root
    assert any(sentence in each for each in query.trouble)


HOSTILE = (
    "(" * 10_000,
    ")" * 10_000,
    "not " * 5_000,
    "-" * 10_000,
    '"' * 9_999,
    "\0(\0)\0",
    "x" * 100_000,
    "aa " * 9_000,
)


@pytest.mark.parametrize("typed", HOSTILE)
def test_much_of_anything_is_read_in_part(typed):
    query = parse(typed)

    assert len(query.text) <= LONGEST
    assert len(query.words) <= MOST_TERMS


@given(st.text(st.sampled_from('ab "*()-#:!\0日語é\u0301') | st.characters(), max_size=80))
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_typed_is_wrong(typed):
    query = parse(typed)

    for word in query.words:
        assert all(token.isalnum() or not token.isascii() for token in word.tokens)
    assert "".join(part.text for part in marked(typed, query.words)) == typed


@given(st.text(max_size=60), st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_what_stands_in_a_text_is_found_by_its_own_words(before, said):
    found, wanted = tokens(f"{before} {said}"), asked(said)

    width = len(wanted)
    assert any(found[place : place + width] == wanted for place in range(len(found) - width + 1))


def test_words_are_marked_where_they_stand_and_a_long_text_is_cut_around_them():
    words = parse('Café "write ahead" log* 本').words
    text = f"{'before ' * 100}a CAFÉ, <b>write-ahead</b> logging, 日本語. {'after ' * 100}"

    parts = excerpt(text, words)

    assert [part.text for part in parts if part.is_found] == ["CAFÉ", "write-ahead", "logging", "本"]
    assert len("".join(part.text for part in parts)) < LONGEST_EXCERPT + 10
    assert (parts[0].text, parts[-1].text) == ("… ", " …")


def test_a_document_stays_within_what_both_databases_keep():
    row = {
        **{
            "actor_id": 1,
            "title": "x " * 400,
            "url": f"https://a.example/{'y/' * 900}",
            "visibility": 3,
            "listed": True,
        },
        **{"tags": " ".join(f"tag{number}" for number in range(100)), "private_note": "z " * 9_000},
        **{"description": " ".join(f"{number}{'w' * 90}" for number in range(700)) + " x" * 9_000},
        **{"local_name": "ana", "username": "ana", "at_host": ""},
    }

    made = document(row)

    assert len(made.vector().encode()) < 1_000_000
    assert sum(map(len, made.columns)) < 16_383
    assert made.columns[0].count("x") <= 256
