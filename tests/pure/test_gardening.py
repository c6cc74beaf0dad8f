"""Which tags look like slips of others, and which never do."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from fedimark.text.gardening import PLURAL, SPELLING, TYPO, proposals


def found(**counted: int) -> list[tuple[str, str, str]]:
    """What is proposed; `_` stands for `-`."""
    known = {key.replace("_", "-"): count for key, count in counted.items()}
    return [(each.why, each.tag, each.into) for each in proposals(known)]


def test_the_slip_of_the_seed_and_nothing_else_is_proposed(shared_data):
    file = shared_data / "seed" / "arsyed-neural-net.pinboard.json"
    if not file.is_file():
        pytest.skip("the seed is not here")
    rows = json.loads(file.read_text("utf-8"))

    proposed = proposals(Counter(tag for row in rows for tag in row["tags"].split()))

    assert [(each.why, each.tag, each.into, each.count, each.into_count) for each in proposed] == [
        (TYPO, "anlaysis", "analysis", 1, 3)
    ]


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({"anlaysis": 1, "analysis": 2}, (TYPO, "anlaysis", "analysis")),  # two letters changed places
        ({"databse": 1, "database": 3}, (TYPO, "databse", "database")),
        ({"databasse": 2, "database": 6}, (TYPO, "databasse", "database")),
        ({"article": 9, "articles": 2}, (PLURAL, "articles", "article")),
        ({"article": 2, "articles": 9}, (PLURAL, "article", "articles")),
        ({"library": 3, "libraries": 4}, (PLURAL, "library", "libraries")),
        ({"neuralnet": 1, "neural_net": 1}, (SPELLING, "neuralnet", "neural-net")),
    ],
)
def test_slips_are_proposed_for_what_is_used_more(counted, expected):
    assert found(**counted) == [expected]


@pytest.mark.parametrize(
    "counted",
    [
        {"python2": 1, "python3": 90},  # a digit is no slip
        {"causal": 40, "casual": 50, "trial": 7, "trail": 7},
        {"cats": 2, "cat": 1, "new": 9, "news": 9},  # too short to tell
        {"databse": 2, "database": 3},
        {"analysis": 1, "anlaysis": 1},  # which of the two?
    ],
)
def test_what_may_be_meant_is_not_proposed(counted):
    assert [each for each in found(**counted) if each[0] == TYPO or "new" in each] == [
        each for each in [(TYPO, "causal", "casual")] if "causal" in counted
    ]


def test_private_tags_and_those_that_speak_are_left_alone():
    assert proposals({".secret": 1, "secret": 9, "for:annika": 1, "for:annica": 9, ".secrets": 9}) == (
        proposals({".secret": 1, ".secrets": 9})
    )


def test_a_slip_of_a_slip_waits():
    assert found(database=30, databse=3, dtabse=1) == [(TYPO, "databse", "database")]


def test_ten_thousand_tags_are_looked_through_at_once():
    chance = random.Random(7)
    many = {"".join(chance.choices("abcdefgh-", k=chance.randint(1, 12))): 1 for _ in range(10_000)}

    assert len(proposals({**many, "aaaaaa" * 40: 1})) < 10_000
