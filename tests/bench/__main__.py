"""`make bench`: measure everything, print it and write docs/benchmarks.md.

`python -m tests.bench inbox deliveries` measures only what is named, prints it and writes nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time

from tests.bench import (
    datasets,
    deliveries,
    followers,
    inbox,
    machine,
    pages,
    readers,
    report,
    report_exchange,
    rest,
    saves,
)

TOPICS = ("rest", "pages", "imports", "saves", "followers", "readers", "inbox", "deliveries", "profile")


def main(named: list[str]) -> int:
    """Measure and return the exit code: 1 when a goal is missed."""
    if unknown := set(named) - set(TOPICS):
        _say(f"There is nothing called {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}.")
        return 2
    started, elsewhere = time.monotonic(), machine.used_elsewhere_s()
    sections: list[str] = []
    goals: list[report.Goal] = []
    for topic in named or TOPICS:
        _say(f"measuring {topic} …")
        section = _measured(topic)
        sections.append(section.text)
        goals += section.goals
        _say(section.text)
    took = time.monotonic() - started
    text = report.whole(sections, goals, took, (machine.used_elsewhere_s() - elsewhere) / took)
    if not named:
        (machine.ROOT / "docs" / "benchmarks.md").write_text(text)
        _say("wrote docs/benchmarks.md")
    _say(report.goals_of(goals))
    return 0 if all(goal.met for goal in goals) else 1


def _measured(topic: str) -> report.Section:
    if topic == "rest":
        return report.of_rest(*rest.measure())
    if topic == "imports":
        return report.of_imports(pages.measure_imports())
    if topic == "saves":
        return report.of_saves(*saves.measure())
    if topic == "followers":
        return report_exchange.of_followers(followers.measure())
    if topic == "readers":
        return report_exchange.of_readers(readers.measure())
    if topic == "inbox":
        return report_exchange.of_inbox(*inbox.measure())
    if topic == "deliveries":
        return report_exchange.of_deliveries(*deliveries.measure())
    if topic == "profile":
        accepting, applying = inbox.profile()
        profiles = {"accepting": accepting, "applying": applying, "delivering": deliveries.profile()}
        return report_exchange.of_profiles(profiles)
    measured = pages.measure()
    wrong = asyncio.run(datasets.checked(machine.VAR / f"{pages.SMALL}"))
    if wrong:
        raise RuntimeError(f"the data set is not what the rooms write: {wrong[:3]}")
    return report.of_pages(measured)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
