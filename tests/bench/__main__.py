"""`make bench`: measure everything, print it and write docs/benchmarks.md.

`python -m tests.bench inbox deliveries` measures only what is named, prints it and writes nothing.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from tests.bench import (
    busy,
    datasets,
    deliveries,
    files,
    followers,
    inbox,
    kept,
    machine,
    newcomers,
    pages,
    profiles,
    readers,
    report,
    report_exchange,
    rest,
    saves,
    search,
)
from tests.bench.profiled import Profile
from tests.bench.profiles import Ask
from tests.bench.report import Goal, Section, Spent


@dataclass(frozen=True, slots=True)
class Topic:
    """What is measured together; `budget_s` is how long it may take, for all of them are to be done in ten minutes.

    `profile` says where its time goes, which is asked when one of its goals is missed, and `on_postgres` where it goes
    there, when one of PostgreSQL's is; `build` makes data sets that are there the next time, and counts for nothing.
    """

    budget_s: float
    measure: Callable[[], Section]
    profile: Ask | None = None
    on_postgres: Ask | None = None
    build: Callable[[], None] | None = None


def _pages() -> Section:
    measured = pages.measure()
    wrong = asyncio.run(datasets.checked(machine.VAR / f"{pages.SMALL}"))
    if wrong:
        raise RuntimeError(f"the data set is not what the rooms write: {wrong[:3]}")
    return report.of_pages(measured)


TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        "rest": Topic(30, lambda: report.of_rest(*rest.measure())),
        "pages": Topic(95, _pages, profiles.reading, build=pages.build),
        "busy": Topic(30, lambda: report.of_busy(busy.measure()), profiles.reading, build=pages.build),
        "imports": Topic(20, lambda: report.of_imports(pages.measure_imports()), build=pages.build_imports),
        "search": Topic(30, lambda: report.of_search(search.measure()), profiles.searching, build=search.build),
        "files": Topic(75, lambda: report.of_files(files.measure()), profiles.bringing_in),
        "kept": Topic(30, lambda: report.of_kept(kept.measure()), build=kept.build),
        "saves": Topic(70, lambda: report.of_saves(*saves.measure())),
        "followers": Topic(40, lambda: report_exchange.of_followers(followers.measure()), profiles.telling),
        "newcomers": Topic(
            45,
            lambda: report_exchange.of_newcomers(newcomers.measure()),
            profiles.meeting,
            profiles.meeting_on_postgres,
        ),
        "readers": Topic(40, lambda: report_exchange.of_readers(readers.measure()), profiles.fanning_out),
        "inbox": Topic(115, lambda: report_exchange.of_inbox(*inbox.measure()), profiles.exchange_in),
        "deliveries": Topic(125, lambda: report_exchange.of_deliveries(*deliveries.measure()), profiles.exchange_out),
    }
)
PROFILE, PROFILES_S = "profile", 60.0
"""The name under which profiles are asked for, whatever was missed, and how long those of a whole run may take."""
WHOLE_S = 600.0
"""How long a whole run may take: no profile is begun for which no time is left."""
_PROFILE_S = 15.0


def main(named: list[str]) -> int:
    """Measure and return the exit code: 1 when a goal is missed."""
    if unknown := set(named) - {*TOPICS, PROFILE}:
        _say(f"There is nothing called {', '.join(sorted(unknown))}; there are {', '.join((*TOPICS, PROFILE))}.")
        return 2
    # Asked to end, it ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started, elsewhere = time.monotonic(), machine.used_elsewhere_s()
    found: dict[str, Section] = {}
    spent: list[Spent] = []
    topics = [each for each in named if each != PROFILE]
    for topic in topics or ([] if named else TOPICS):
        if build := TOPICS[topic].build:
            build()
        _say(f"measuring {topic} …")
        began = time.monotonic()
        found[topic] = _measured(topic)
        spent.append(Spent(topic, TOPICS[topic].budget_s, time.monotonic() - began))
        _say(found[topic].text)
    if PROFILE in named:
        asks = [(topic, each) for topic in topics or TOPICS for each in _all_asks(TOPICS[topic])]
    else:
        asks = [(topic, each) for topic, section in found.items() for each in _asks_of_missed(topic, section)]
    if PROFILE in named or (asks and not named):
        began = time.monotonic()
        until = began + WHOLE_S if named else began + WHOLE_S - sum(one.took_s for one in spent)
        found[PROFILE] = _profiled(asks, until)
        spent.append(Spent("profiles", PROFILES_S, time.monotonic() - began))
        _say(found[PROFILE].text)
    goals = [goal for section in found.values() for goal in section.goals]
    took = time.monotonic() - started
    if not named:
        texts = [section.text for section in found.values()]
        text = report.whole(texts, goals, spent, (machine.used_elsewhere_s() - elsewhere) / took)
        (machine.ROOT / "docs" / "benchmarks.md").write_text(text)
        _say("wrote docs/benchmarks.md")
    _told(goals, spent)
    return 0 if all(goal.met for goal in goals) else 1


def _measured(topic: str) -> Section:
    """What came of a topic; one that could not be measured is a goal that was missed, and takes no other along."""
    try:
        return TOPICS[topic].measure()
    except RuntimeError as error:
        return Section(
            f"## {topic}\n\nCould not be measured: {error}\n", [Goal(f"{topic} is measured", str(error), False)]
        )


def _all_asks(topic: Topic) -> list[Ask]:
    return [ask for ask in (topic.profile, topic.on_postgres) if ask]


def _asks_of_missed(name: str, section: Section) -> list[Ask]:
    return profiles.wanted(section.goals, TOPICS[name].profile, TOPICS[name].on_postgres)


def _profiled(asks: Iterable[tuple[str, Ask]], until: float) -> Section:
    """Where the time of topics goes, as far as time is left by the monotonic clock; each is asked once."""
    found: dict[str, Profile] = {}
    asked = set[Ask]()
    for topic, ask in asks:
        if build := TOPICS[topic].build:
            build()
        if ask not in asked and time.monotonic() + _PROFILE_S < until:
            asked.add(ask)
            with suppress(RuntimeError):  # what cannot be measured is told already
                found |= ask()
    return report_exchange.of_profiles(found)


def _told(goals: Sequence[Goal], spent: Sequence[Spent]) -> None:
    _say(report.goals_of(goals))
    _say(report.spent_on(spent))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
