"""Where a process can be made to die, what else can happen, and what of it the rounds of one run are."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

from tests.chaos.manners import EVERYTHING, MANNERS

ALL = 100
"""Rounds of a whole run in which somebody dies; its troubles come on top."""
ANY_MOMENT = "any moment"

# Who does what: ana's server is one process, bo's answers in one and works in another.
WEB = ("ana", "bo-web")
WORKER = ("ana", "bo-worker")

POINTS: dict[str, tuple[str, ...]] = {
    "form: inside": WEB,
    "claim: before commit": WORKER,
    "tell: inside": WORKER,
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
    "tell: after commit": WORKER,
    "settle: after commit": WORKER,
    "form: committing": WEB,
    "receive: answered": WEB,
    "apply: before commit": WORKER,
    "post: under way": WORKER,
    "settle: before commit": WORKER,
    "form: answered": WEB,
    "tell: before commit": WORKER,
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
POSTGRES = "postgres"
"""The database as a victim: only where it is a process of its own."""
WITH_POSTGRES = ((POSTGRES,), (POSTGRES,), (POSTGRES, "ana"), (POSTGRES, "bo-worker"), (POSTGRES, "bo-web"))
"""`bo-worker` is one of two there."""

SITES = (("ana",), ("bo",))
PEER = (("rec",),)
FULL, READ_ONLY = "disk: full", "disk: read-only"
FORWARDS, BACKWARDS = "clock: an hour forwards", "clock: an hour backwards"
NO_NAMES, LOST_NAMES = "names: fail", "names: time out"
PEERS = {f"peer: {manner}": manner for manner in (*MANNERS, EVERYTHING)}
TROUBLES = (FULL, FORWARDS, *PEERS, NO_NAMES, READ_ONLY, BACKWARDS, LOST_NAMES)
"""What nobody dies of, or not by itself."""
SHORT = (ANY_MOMENT, FULL)
SHORT_ONCE = (
    *("form: inside", "tell: after commit", "store: after commit", "apply: after commit", "settle: inside"),
    *("post: answered", READ_ONLY, FORWARDS, NO_NAMES, f"peer: {EVERYTHING}"),
)


@dataclass(frozen=True, slots=True)
class Fate:
    """One thing that happens: these die at the `nth` pass of a point or after so many seconds, or have a trouble."""

    number: int
    database: str
    point: str
    victims: tuple[str, ...]
    nth: int = 1
    after_s: float = 0.0

    def __str__(self) -> str:
        when = f"pass {self.nth}" if self.point in POINTS else f"after {self.after_s:.2f} s"
        return f"{self.database:8} {self.point:24} {when:12} {' '.join(self.victims)}"


def fates(seed: int, rounds: int, databases: tuple[str, ...]) -> list[Fate]:
    """What happens in one run: so many rounds in which somebody dies, and their share of those that have a trouble.

    Of a hundred rounds each point is passed on each database, each trouble is had on one at least, and the rest die at
    any moment. Of few rounds the points of one database are not those of the other.
    """
    kinds = len(databases)
    moments = max(1, rounds // 6)
    points = [(databases[(at + turn) % kinds], point) for turn in range(kinds) for at, point in enumerate(POINTS)]
    troubled = [(databases[at % kinds], point) for at, point in enumerate(TROUBLES)]
    # Disks, clocks and names again, on the other database.
    troubled += [(databases[(at + 1) % kinds], point) for at, point in enumerate(TROUBLES) if point not in PEERS]
    pairs = points[: rounds - moments]
    pairs += [(databases[-1 - at % kinds], ANY_MOMENT) for at in range(rounds - len(pairs))]
    pairs += troubled[: -(-len(troubled) * rounds // ALL)]
    return _numbered(seed, pairs, databases)


def short(seed: int, databases: tuple[str, ...]) -> list[Fate]:
    """What happens where there is a minute: a few points, and each kind of trouble."""
    pairs = [(each, point) for point in SHORT for each in databases]
    pairs += [(databases[at % len(databases)], point) for at, point in enumerate(SHORT_ONCE)]
    return _numbered(seed, pairs, databases)


def _numbered(seed: int, pairs: list[tuple[str, str]], databases: tuple[str, ...]) -> list[Fate]:
    chance, moments, made = random.Random(seed), Counter[str](), []
    for number, (database, point) in enumerate(sorted(pairs, key=lambda pair: databases.index(pair[0])), 1):
        moments[database] += point == ANY_MOMENT
        # Two of three such deaths on PostgreSQL, and the first, are its own.
        is_its_own = database == POSTGRES and moments[database] % 3 != 0
        made.append(_fate(chance, number, database, point, WITH_POSTGRES if is_its_own else VICTIMS))
    return made


def _fate(chance: random.Random, number: int, database: str, point: str, victims: tuple[tuple[str, ...], ...]) -> Fate:
    if point == ANY_MOMENT:
        return Fate(number, database, point, chance.choice(victims), after_s=chance.uniform(0, 1.0))
    if point in TROUBLES:
        whose = PEER if point in PEERS else SITES
        return Fate(number, database, point, chance.choice(whose), after_s=chance.uniform(0, 0.3))
    # A transaction makes many statements: a later pass is deeper inside.
    most = 12 if point.endswith("inside") else 1 if point.startswith("take over") else 3
    return Fate(number, database, point, (chance.choice(POINTS[point]),), nth=chance.randint(1, most))
