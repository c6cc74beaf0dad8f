"""What `shared`, `PRIVATE` and `toread` of other software mean here: one table for its APIs and its files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedimark.bookmarks import dialects
from fedimark.bookmarks.draft import Owner
from fedimark.policy.visibility import Visibility

P, U, F, X = Visibility.PUBLIC, Visibility.UNLISTED, Visibility.FOLLOWERS, Visibility.PRIVATE
ANA = Owner(1, "ana", P, privacy_lock=False)
SECRET = "https://bank.example/?token=4711"


def said(shared, before, default=P, **more):
    return dialects.visibility_said(shared, before, replace(ANA, default_visibility=default), **more)


@pytest.mark.parametrize("before", [None, P, U, F, X])
def test_a_program_that_says_nothing_changes_nothing(before):
    assert said(None, before) is before


@pytest.mark.parametrize("before", [P, U, F, X])
def test_writing_the_value_it_already_shows_changes_nothing(before):
    assert said(dialects.reads_shared(before), before) is before


def test_not_shared_hides_what_was_shown_unless_it_may_not():
    assert [said(False, before) for before in (P, U)] == [X, X]
    assert [said(False, before, may_hide=False) for before in (P, U)] == [P, U]
    # What is new was never shown.
    assert said(False, None, may_hide=False) is X


@pytest.mark.parametrize(("default", "becomes"), [(P, P), (U, U), (F, P), (X, P)])
@pytest.mark.parametrize("before", [None, F, X])
def test_shared_gives_the_default_where_that_is_shown_and_else_public(before, default, becomes):
    assert said(True, before, default) is becomes


@pytest.mark.parametrize("before", [None, F, X])
def test_no_program_shows_an_address_that_looks_secret(before):
    assert said(True, before, url=SECRET) is before


@pytest.mark.parametrize(("value", "shared", "private"), [
    ("yes", True, False), ("no", False, True), ("1", True, False), ("0", False, True), (True, True, False),
    (False, False, True), (1, True, False), (0, False, True), (" TRUE ", True, False), ("", None, None),
    (None, None, None), ("  ", None, None), ("perhaps", False, False),
])  # fmt: skip
def test_words_of_programs_and_files_are_read_and_unknown_ones_publish_nothing(value, shared, private):
    assert dialects.read_shared(value) is shared
    assert dialects.read_private(value) is private


def test_a_file_that_says_no_to_what_is_not_public_leaves_it_and_yes_leaves_unlisted():
    files = {
        (said, before): dialects.visibility_in_file(said, before) for said in (None, X, P) for before in (P, U, F, X)
    }

    assert [files[X, before] for before in (P, U, F, X)] == [X, U, F, X]
    assert [files[P, before] for before in (P, U, F, X)] == [P, U, P, P]
    assert [files[None, before] for before in (P, U, F, X)] == [None] * 4
