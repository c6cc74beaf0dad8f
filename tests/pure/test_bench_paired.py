"""Figures of two revisions are read from what they print, and paired."""

from __future__ import annotations

from tests.bench.paired import Pair, figures, medians, paired

PAGE = """measuring saves …
## Saves

| database | | saves/s, 1 | 64 | p50 / p99 ms |
| --- | --- | --- | --- | --- |
| SQLite | by form | 610 | 1,204 | 1.5 / 9.25 |
| PostgreSQL | in process | 88.5 | | 3.0 / 7.0 |

SQLite commits 9,000 small inserts/s.
"""


def test_every_number_of_a_table_is_named_by_its_section_row_and_column():
    found = figures(PAGE)

    assert found == {
        ("Saves", "SQLite, by form", "saves/s, 1"): 610,
        ("Saves", "SQLite, by form", "64"): 1204,
        ("Saves", "SQLite, by form", "p50 / p99 ms", "1"): 1.5,
        ("Saves", "SQLite, by form", "p50 / p99 ms", "2"): 9.25,
        ("Saves", "PostgreSQL, in process", "saves/s, 1"): 88.5,
        ("Saves", "PostgreSQL, in process", "p50 / p99 ms", "1"): 3.0,
        ("Saves", "PostgreSQL, in process", "p50 / p99 ms", "2"): 7.0,
    }


def test_what_is_no_table_holds_no_figures():
    assert figures("There are 12 of 40 | 3 |\n# 5 things\n") == {}


def test_of_several_rounds_the_middle_counts_and_only_what_all_of_them_found():
    a, b = ("Saves", "SQLite", "saves/s"), ("Saves", "SQLite", "CPU ms")

    assert medians([{a: 1.0, b: 5.0}, {a: 3.0}, {a: 9.0, b: 6.0}]) == {a: 3.0}
    assert medians([]) == {}


def test_what_both_have_is_paired_with_its_ratio():
    a, b, c = ("s", "r", "a"), ("s", "r", "b"), ("s", "r", "c")

    pairs = paired({a: 2.0, b: 0.0, c: 1.0}, {b: 4.0, a: 3.0})

    assert pairs == [Pair(a, 2.0, 3.0), Pair(b, 0.0, 4.0)]
    assert [each.ratio for each in pairs] == [1.5, None]
