"""Where the time goes: a run with the sampler inside for what a missed goal is about. Saves tell theirs themselves."""

from __future__ import annotations

from collections.abc import Mapping

from tests.bench import deliveries, files, followers, inbox, machine, newcomers, pages, profiled, readers, search
from tests.bench.profiled import Profile

_SECONDS = 3.0


def exchange_in() -> Mapping[str, Profile]:
    """Activities that are taken in, and applied."""
    accepting, applying = inbox.profile()
    return {"accepting": accepting, "applying": applying}


def exchange_out() -> Mapping[str, Profile]:
    """Letters that are sent."""
    return {"delivering": deliveries.profile()}


def meeting() -> Mapping[str, Profile]:
    """New followers who are met."""
    return {"meeting": newcomers.profile()}


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
