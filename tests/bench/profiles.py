"""Where the time goes: a run with the sampler inside for what a missed goal is about. Saves tell theirs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from tests.bench import deliveries, files, followers, inbox, machine, newcomers, pages, profiled, readers, search
from tests.bench.profiled import Profile
from tests.bench.report import Goal

Ask: TypeAlias = Callable[[], Mapping[str, Profile]]

_SECONDS = 3.0
_ON_POSTGRES = "(PostgreSQL)"  # as the words of a goal end


def wanted(goals: Iterable[Goal], on_sqlite: Ask | None, on_postgres: Ask | None) -> list[Ask]:
    """What to ask where the time goes, of a topic with these goals: on each database on which one of them is missed.

    Where nobody can ask PostgreSQL, SQLite is asked for both.
    """
    missed = [goal.words for goal in goals if not goal.met]
    there = [words for words in missed if words.endswith(_ON_POSTGRES)] if on_postgres else []
    asks = [on_sqlite if len(missed) > len(there) else None, on_postgres if there else None]
    return [ask for ask in asks if ask]


def exchange_in() -> Mapping[str, Profile]:
    """Activities that are taken in, and applied."""
    accepting, applying = inbox.profile()
    return {"accepting": accepting, "applying": applying}


def exchange_out() -> Mapping[str, Profile]:
    """Letters that are sent."""
    return {"delivering": deliveries.profile()}


def meeting() -> Mapping[str, Profile]:
    """New followers who are met, on SQLite."""
    return {"meeting": newcomers.profile()}


def meeting_on_postgres() -> Mapping[str, Profile]:
    """The same on PostgreSQL."""
    return {"meeting, PostgreSQL": newcomers.profile_on_postgres()}


def reading() -> Mapping[str, Profile]:
    """A network page over many bookmarks, on SQLite."""
    folder = machine.VAR / f"{pages.LARGE}"
    with profiled.over(folder, "reading") as (served, sampler):
        with sampler.sampling() as taken:
            load = machine.load(served, [[pages.PAGES["network, signed in"]]] * 4, _SECONDS)
        return {"reading": taken(load.answers)}


def searching() -> Mapping[str, Profile]:
    """A page of a search of two common words over many bookmarks, each drawn anew, on SQLite."""
    with profiled.over(machine.VAR / f"{pages.LARGE}", "searching") as (served, sampler):
        with sampler.sampling() as taken:
            load = machine.load(served, search.fresh("profile"), _SECONDS)
        return {"searching": taken(load.answers)}


def telling() -> Mapping[str, Profile]:
    """A save that many are told of."""
    return {"telling": followers.profile()}


def fanning_out() -> Mapping[str, Profile]:
    """A Create that many here read."""
    return {"fanning out": readers.profile()}


def bringing_in() -> Mapping[str, Profile]:
    """A hundred rows of a file."""
    return {"a hundred rows": files.profile()}
