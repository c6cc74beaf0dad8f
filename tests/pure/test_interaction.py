"""What an author lets others do, in the spellings of several servers, and what becomes of nonsense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimark.policy.interactions import Act, Who, allows_of, who_may, with_rule
from fedimark.vocab.interaction import MOST_NAMED, Policy, Rule, read_policy
from fedimark.vocab.objects import read_note
from fedimark.vocab.terms import PUBLIC

WIRE = Path(__file__).parents[1] / "wire"
ANA = "https://marks.example/u/ana"
FOLLOWERS = f"{ANA}/followers"


def allowed(said: Any) -> dict[str, str]:
    """Who may do what by an `interactionPolicy`."""
    allows = allows_of(read_policy({"interactionPolicy": said}), FOLLOWERS)
    return {act.name: who_may(allows, act).name for act in Act}


SILENT = {act.name: "UNSAID" for act in Act}


def test_the_policy_stands_in_the_note_of_a_gotosocial() -> None:
    note = read_note(json.loads((WIRE / "gotosocial/note.json").read_text("utf-8")))

    assert note.policy == Policy(like=Rule((PUBLIC,)), reply=Rule((PUBLIC,)), share=Rule((PUBLIC,)))


def test_a_note_that_says_nothing_allows_what_silence_does() -> None:
    assert allows_of(read_policy({}), FOLLOWERS) == 0
    assert allowed(None) == allowed({}) == SILENT


@pytest.mark.parametrize("at_once", ["automaticApproval", "always"])
@pytest.mark.parametrize("asking", ["manualApproval", "approvalRequired"])
def test_both_spellings_say_the_same(at_once: str, asking: str) -> None:
    said = {
        "canLike": {at_once: [PUBLIC], asking: []},
        "canReply": {at_once: [ANA, FOLLOWERS], asking: [PUBLIC]},
        "canAnnounce": {at_once: [ANA], asking: []},
        "canQuote": {at_once: FOLLOWERS, asking: "as:Public"},
    }

    assert allowed(said) == {
        "LIKE": "EVERYBODY",
        "REPLY": "FOLLOWERS",
        "SHARE": "NOBODY",
        "QUOTE": "FOLLOWERS",
        "QUOTE_ASKING": "EVERYBODY",
    }


def test_the_newer_spelling_counts_where_both_stand() -> None:
    said = {"canLike": {"automaticApproval": [ANA], "always": [PUBLIC]}}

    assert allowed(said) == SILENT | {"LIKE": "NOBODY"}


def test_who_is_named_alone_or_followed_counts_as_nobody() -> None:
    said = {"canLike": {"always": ["https://a.example/u/bo"]}, "canReply": {"always": [f"{ANA}/following"]}}

    assert allowed(said) == SILENT | {"LIKE": "NOBODY", "REPLY": "NOBODY"}


@pytest.mark.parametrize(
    "rule",
    [
        PUBLIC,
        [PUBLIC],
        7,
        True,
        {},
        {"always": None},
        {"always": 7},
        {"always": {"always": PUBLIC}},
        {"always": [PUBLIC, "x" * 3_000]},
        {"always": [PUBLIC] * (MOST_NAMED + 1)},
        {"always": [[PUBLIC]]},
    ],
)
def test_a_rule_that_cannot_be_read_allows_it_to_nobody(rule: Any) -> None:
    assert allowed({"canLike": rule}) == SILENT | {"LIKE": "NOBODY"}


@pytest.mark.parametrize("policy", ["nobody", [], [{"canLike": {"always": []}}], 1])
def test_a_policy_that_is_none_says_nothing(policy: Any) -> None:
    assert allowed(policy) == SILENT


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from([PUBLIC, FOLLOWERS]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["canLike", "canQuote", "always", "automaticApproval", "manualApproval", "id", "@id"]),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_nothing_that_stands_there_is_ever_an_error(said: Any) -> None:
    assert 0 <= allows_of(read_policy({"interactionPolicy": said}), FOLLOWERS) < 2**10


@given(st.integers(0, 2**10 - 1), st.sampled_from(Act), st.sampled_from(Who))
def test_one_rule_is_changed_without_the_others(allows: int, act: Act, who: Who) -> None:
    changed = with_rule(allows, act, who)

    assert who_may(changed, act) == who
    assert [who_may(changed, each) for each in Act if each != act] == [
        who_may(allows, each) for each in Act if each != act
    ]
