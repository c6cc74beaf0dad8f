"""Where a process can be made to die, and which deaths the rounds of one run are."""

from __future__ import annotations

import random
from dataclasses import dataclass

ANY_MOMENT = "any moment"

# Who does what: ana's server is one process, bo's answers in one and works in another.
WEB = ("ana", "bo-web")
WORKER = ("ana", "bo-worker")

POINTS: dict[str, tuple[str, ...]] = {
    "form: inside": WEB,
    "claim: before commit": WORKER,
    "store: before": WEB,
    "apply: inside": WORKER,
    "post: answered": WORKER,
    "settle: inside": WORKER,
    "form: after commit": WEB,
    "store: after commit": WEB,
    "form: before commit": WEB,
    "claim: after commit": WORKER,
    "store: before commit": WEB,
    "apply: after commit": WORKER,
    "post: before": WORKER,
    "settle: after commit": WORKER,
    "form: committing": WEB,
    "receive: answered": WEB,
    "apply: before commit": WORKER,
    "post: under way": WORKER,
    "settle: before commit": WORKER,
    "form: answered": WEB,
    "store: committing": WEB,
    "apply: committing": WORKER,
    "settle: committing": WORKER,
    "removal: before commit": WORKER,
    "removal: after commit": WORKER,
    "take over: before commit": ("bo-worker",),
    "take over: after commit": ("bo-worker",),
}
"""Every step and its moments, by who passes there; the order is such that any few in a row are of different steps."""

VICTIMS = (("ana",), ("bo-web",), ("bo-worker",), ("bo-web", "bo-worker"), ("ana", "bo-web", "bo-worker"))


@dataclass(frozen=True, slots=True)
class Fate:
    """One death: these processes die at the `nth` pass of a point, or after so many seconds of any moment."""

    number: int
    database: str
    point: str
    victims: tuple[str, ...]
    nth: int = 1
    after_s: float = 0.0

    def __str__(self) -> str:
        when = f"after {self.after_s:.2f} s" if self.point == ANY_MOMENT else f"pass {self.nth}"
        return f"{self.database:8} {self.point:24} {when:12} {' '.join(self.victims)}"


def fates(seed: int, rounds: int, databases: tuple[str, ...]) -> list[Fate]:
    """The deaths of one run: each point on each database where there are rounds enough, and one in ten of any moment.

    Of few rounds the points of one database are not those of the other.
    """
    chance, kinds = random.Random(seed), len(databases)
    pairs = [(databases[(at + turn) % kinds], point) for turn in range(kinds) for at, point in enumerate(POINTS)]
    pairs = pairs[: rounds - max(1, rounds // 10)]
    pairs += [(databases[at % kinds], ANY_MOMENT) for at in range(len(pairs), rounds)]
    pairs.sort(key=lambda pair: databases.index(pair[0]))
    return [_fate(chance, number, *pair) for number, pair in enumerate(pairs, 1)]


def _fate(chance: random.Random, number: int, database: str, point: str) -> Fate:
    if point == ANY_MOMENT:
        return Fate(number, database, point, chance.choice(VICTIMS), after_s=chance.uniform(0, 1.5))
    # A transaction makes many statements: a later pass is deeper inside.
    most = 12 if point.endswith("inside") else 1 if point.startswith("take over") else 3
    return Fate(number, database, point, (chance.choice(POINTS[point]),), nth=chance.randint(1, most))
