"""What a server counts of itself: which figures there are, how they add up, and Prometheus' way to write them.

No figure says a word about anybody: labels are routes, outcomes and names of software, out of short fixed lists.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

Series: TypeAlias = tuple[str, ...]
"""A figure's name and the values of its labels; of a histogram also `…_bucket` with a bound, `…_sum`, `…_count`."""
Tell: TypeAlias = Callable[..., None]
"""Tells more of a piece of work, by names."""
Span: TypeAlias = Callable[[str, Mapping[str, str]], AbstractContextManager[Tell]]
"""Follows a piece of work from its beginning to its end, by its name and words about it."""

_SHORT: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_LONG: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0, 86_400.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: `kind` is counter, gauge or histogram; `bounds` are a histogram's, in seconds."""

    kind: str
    words: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


REQUESTS: Final = "fedimark_requests_total"
REQUEST_S: Final = "fedimark_request_seconds"
INBOX: Final = "fedimark_inbox_total"
APPLIED: Final = "fedimark_inbox_applied_total"
TIMELINE_S: Final = "fedimark_timeline_seconds"
DELIVERIES: Final = "fedimark_deliveries_total"
DELIVERY_S: Final = "fedimark_delivery_seconds"
STATEMENTS: Final = "fedimark_database_statements_total"
STATEMENTS_S: Final = "fedimark_database_seconds_total"
CACHE: Final = "fedimark_cache_lookups_total"
STEPS: Final = "fedimark_worker_steps_total"
STEPS_S: Final = "fedimark_worker_seconds_total"

FIGURES: Final[Mapping[str, Figure]] = MappingProxyType(
    {
        REQUESTS: Figure("counter", "Requests answered.", ("route", "method", "status")),
        REQUEST_S: Figure("histogram", "Time from a request to its answer.", ("route",), _SHORT),
        INBOX: Figure("counter", "Activities other servers delivered here.", ("outcome", "software")),
        APPLIED: Figure("counter", "Received activities that were applied, or set aside.", ("outcome",)),
        TIMELINE_S: Figure("histogram", "Time from an activity's receipt to its place in timelines.", (), _LONG),
        DELIVERIES: Figure("counter", "Letters to other servers, each try.", ("outcome",)),
        DELIVERY_S: Figure("histogram", "Time from what was said to its arrival at another server.", (), _LONG),
        STATEMENTS: Figure("counter", "Statements run by the database.", ("kind",)),
        STATEMENTS_S: Figure("counter", "Time that statements took, waiting for their turn included.", ("kind",)),
        CACHE: Figure("counter", "Questions to what is kept in memory.", ("cache", "result")),
        STEPS: Figure("counter", "Steps the worker took that found something to do.", ("step",)),
        STEPS_S: Figure("counter", "Time the worker spent in steps.", ("step",)),
        "fedimark_deliveries_waiting": Figure("gauge", "Letters that wait, by how their host fares.", ("state",)),
        "fedimark_deliveries_oldest_seconds": Figure("gauge", "Age of the oldest of them.", ("state",)),
        "fedimark_hosts_waiting": Figure("gauge", "Hosts for which letters wait.", ("state",)),
        "fedimark_inbox_waiting": Figure("gauge", "Received activities that wait to be applied."),
        "fedimark_inbox_oldest_seconds": Figure("gauge", "Age of the oldest of them."),
        "fedimark_inbox_poison": Figure("gauge", "Received activities that could not be applied and are set aside."),
        "fedimark_tellings_waiting": Figure("gauge", "Bookmarks still to be told to others."),
        "fedimark_tellings_oldest_seconds": Figure("gauge", "Age of the oldest of them."),
        "fedimark_jobs": Figure("gauge", "Jobs that are not done, and those that failed.", ("state",)),
        "fedimark_muted": Figure("gauge", "1 while this server says nothing to others."),
        "fedimark_build_info": Figure("gauge", "Always 1.", ("version", "database")),
    }
)
"""Every figure there is."""

SOFTWARE: Final = frozenset(
    {
        *("akkoma", "betula", "bonfire", "bookwyrm", "bridgy-fed", "fedimark", "firefish", "friendica", "ghost"),
        *("gotosocial", "hubzilla", "iceshrimp", "kbin", "lemmy", "mastodon", "mbin", "misskey", "mitra", "nodebb"),
        *("peertube", "piefed", "pixelfed", "pleroma", "postmarks", "sharkey", "snac", "takahe", "wordpress"),
        *("writefreely", "linkding", "loops", "flipboard", "threads", "activity-relay", "aoderelay"),
    }
)
"""Software that has a label of its own; all other is `other`, so that no stranger can make labels up."""

_MOST_HOSTS = 1_000  # between two times that figures are written down


def _nothing(**_: str) -> None:
    """Nobody listens."""


_UNSEEN: Final = nullcontext(_nothing)


class Metrics:
    """What one process counted since that was last written down. For one event loop's thread alone."""

    def __init__(self, span: Span | None = None) -> None:
        self.span = span  # follows work elsewhere, where somebody asked for that
        self._sums: defaultdict[Series, float] = defaultdict(float)
        self._heard: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._times: dict[Series, list[float]] = {}  # of histograms: sum, then how many fell under each bound
        self._statements: dict[str, list[float]] = {}  # by kind: how many, how long

    def following(self, name: str, **words: str) -> AbstractContextManager[Tell]:
        """Follow a piece of work, where somebody asked for that."""
        return self.span(name, words) if self.span else _UNSEEN

    def count(self, name: str, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        self._sums[(name, *labels)] += by

    def spent(self, name: str, seconds: float, *labels: str) -> None:
        """Add a time to a histogram."""
        bounds = FIGURES[name].bounds
        times = self._times.get((name, *labels))
        if times is None:
            times = self._times[(name, *labels)] = [0.0] * (len(bounds) + 2)
        times[0] += seconds
        times[bisect_left(bounds, seconds) + 1] += 1

    def statement(self, kind: str, seconds: float) -> None:
        """Count a statement, `read` or `write`, and how long it took."""
        known = self._statements.get(kind)
        if known is None:
            known = self._statements[kind] = [0.0, 0.0]
        known[0] += 1
        known[1] += seconds

    def heard(self, outcome: str, host: str) -> None:
        """Count what a server delivered; which software that runs is asked when figures are written down."""
        if len(self._heard) >= _MOST_HOSTS:
            host = ""
        self._heard[(outcome, host)] += 1

    def hosts(self) -> set[str]:
        """Who was heard since the last `take`."""
        return {host for _, host in self._heard}

    def take(self, software: Mapping[str, str]) -> dict[Series, float]:
        """What was counted since this was last asked; `software` says what some hosts run."""
        for (outcome, host), heard in self._heard.items():
            name = software.get(host, "")
            self._sums[(INBOX, outcome, name if name in SOFTWARE else "other" if name else "unknown")] += heard
        for kind, (times, seconds) in self._statements.items():
            self._sums[(STATEMENTS, kind)] += times
            self._sums[(STATEMENTS_S, kind)] += seconds
        for (name, *labels), (seconds, *amounts) in self._times.items():
            self._sums[(f"{name}_sum", *labels)] += seconds
            self._sums[(f"{name}_count", *labels)] += sum(amounts)
            for bound, amount in zip((*map(str, FIGURES[name].bounds), "+Inf"), amounts, strict=True):
                self._sums[(f"{name}_bucket", *labels, bound)] += amount
        taken = {series: amount for series, amount in self._sums.items() if amount}
        for each in (self._sums, self._heard, self._statements, self._times):
            each.clear()
        return taken

    def put_back(self, taken: Mapping[Series, float]) -> None:
        """What was taken could not be written down: it is still to be."""
        for series, amount in taken.items():
            self._sums[series] += amount


def written(values: Mapping[Series, float]) -> str:
    """Figures as Prometheus reads them (text format 0.0.4); what is unknown here is left out."""
    lines: list[str] = []
    by_name: defaultdict[str, list[tuple[Series, float]]] = defaultdict(list)
    for series, value in sorted(values.items()):
        by_name[series[0]].append((series[1:], value))
    for name, figure in FIGURES.items():
        own = _histogram(name, figure, by_name) if figure.kind == "histogram" else _plain(name, figure, by_name[name])
        if own:
            lines += [f"# HELP {name} {figure.words}", f"# TYPE {name} {figure.kind}", *own]
    return "\n".join([*lines, ""])


def _plain(name: str, figure: Figure, found: Iterable[tuple[Series, float]]) -> list[str]:
    return [_line(name, figure.labels, labels, value) for labels, value in found]


def _histogram(name: str, figure: Figure, by_name: Mapping[str, list[tuple[Series, float]]]) -> list[str]:
    """A histogram's lines: of buckets each holds those below it too, and none is left out."""
    buckets = dict(by_name.get(f"{name}_bucket", ()))
    sums = dict(by_name.get(f"{name}_sum", ()))
    lines = []
    for labels, amount in by_name.get(f"{name}_count", ()):
        below = 0.0
        for bound in (*map(str, figure.bounds), "+Inf"):
            below += buckets.get((*labels, bound), 0.0)
            lines.append(_line(f"{name}_bucket", (*figure.labels, "le"), (*labels, bound), below))
        lines.append(_line(f"{name}_sum", figure.labels, labels, sums.get(labels, 0.0)))
        lines.append(_line(f"{name}_count", figure.labels, labels, amount))
    return lines


def _line(name: str, names: Iterable[str], labels: Iterable[str], value: float) -> str:
    said = ",".join(f'{key}="{_quoted(text)}"' for key, text in zip(names, labels, strict=False))
    return f"{name}{{{said}}} {value:.15g}" if said else f"{name} {value:.15g}"


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
