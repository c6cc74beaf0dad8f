"""Where the time goes is asked on the database on which a goal was missed."""

from __future__ import annotations

from collections.abc import Mapping

from tests.bench.profiled import Profile
from tests.bench.profiles import wanted
from tests.bench.report import Goal


def on_sqlite() -> Mapping[str, Profile]:
    """A profile of the one."""
    return {}


def on_postgres() -> Mapping[str, Profile]:
    """And of the other."""
    return {}


def goals(*, sqlite: bool, postgres: bool) -> list[Goal]:
    """The same goal on both, each met or not."""
    return [Goal("within 3 s (SQLite)", "", sqlite), Goal("within 3 s (PostgreSQL)", "", postgres)]


def test_each_database_is_asked_on_which_a_goal_is_missed_and_no_other():
    assert wanted(goals(sqlite=True, postgres=True), on_sqlite, on_postgres) == []
    assert wanted(goals(sqlite=True, postgres=False), on_sqlite, on_postgres) == [on_postgres]
    assert wanted(goals(sqlite=False, postgres=True), on_sqlite, on_postgres) == [on_sqlite]
    assert wanted(goals(sqlite=False, postgres=False), on_sqlite, on_postgres) == [on_sqlite, on_postgres]


def test_where_nobody_can_ask_postgresql_sqlite_is_asked_for_both():
    assert wanted(goals(sqlite=True, postgres=False), on_sqlite, None) == [on_sqlite]
    assert wanted(goals(sqlite=True, postgres=False), None, None) == []


def test_what_is_of_no_database_is_asked_on_sqlite():
    assert wanted([Goal("newcomers is measured", "", met=False)], on_sqlite, on_postgres) == [on_sqlite]


def test_what_others_used_stands_among_the_places_most_first():
    found = Profile(1_000, {"remote": 0.5, "inbox": 0.1}).beside("PostgreSQL's own processes", 0.3)

    assert list(found.places.items()) == [("remote", 0.5), ("PostgreSQL's own processes", 0.3), ("inbox", 0.1)]
