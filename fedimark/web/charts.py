"""PURE. Small charts of how figures went: lines as SVG paths, and beside each its numbers in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fedimark.language.said import _

WIDTH, HEIGHT = 300.0, 56.0  # of a drawing, in its own units

Sums = Mapping[str, float]
Reading = tuple[int, Sums]  # a minute, and how sums stood then
Value = Callable[[Sums, Sums, float], float | None]
"""What a chart shows between two readings so many minutes apart; None where nothing is to be said."""


@dataclass(frozen=True, slots=True)
class Span:
    """The minutes a chart is about, and how far apart its readings are."""

    since: int
    until: int
    step: int


@dataclass(frozen=True, slots=True)
class Chart:
    """One line over time: `line` and `area` are SVG paths, `told` says what they show to who does not see them."""

    title: str
    unit: str
    line: str
    area: str
    latest: str
    mean: str
    most: str

    @property
    def told(self) -> str:
        """The drawing in a sentence."""
        return _(
            "%(title)s: now %(latest)s, %(mean)s on average, %(most)s at most.",
            title=self.title,
            latest=self.latest,
            mean=self.mean,
            most=self.most,
        )


def per_minute(name: str) -> Value:
    """How much a sum grew a minute; one that fell began anew."""

    def value(before: Sums, after: Sums, minutes: float) -> float | None:
        return _growth(before, after, name) / minutes

    return value


def mean_of(seconds: str, amount: str) -> Value:
    """How long one of them took on average; nothing where there was none."""

    def value(before: Sums, after: Sums, minutes: float) -> float | None:
        count = _growth(before, after, amount)
        return _growth(before, after, seconds) / count if count else None

    return value


def stood(name: str) -> Value:
    """How much there was just then."""

    def value(before: Sums, after: Sums, minutes: float) -> float | None:
        return after.get(name, 0.0)

    return value


def chart(title: str, unit: str, value: Value, readings: Sequence[Reading], span: Span) -> Chart:
    """A chart over a span; where readings are missing its line is broken."""
    pieces: list[list[tuple[float, float]]] = [[]]
    found: list[float] = []
    for (before_at, before), (at, after) in pairwise(readings):
        amount = value(before, after, at - before_at) if at - before_at <= 2 * span.step else None
        if amount is None:
            pieces.append([])
            continue
        found.append(amount)
        pieces[-1].append(((at - span.since) / (span.until - span.since) * WIDTH, amount))
    top = max(found, default=0.0) or 1.0
    drawn = [[(x, HEIGHT - y / top * (HEIGHT - 2)) for x, y in piece] for piece in pieces if piece]
    words = [_words(each, unit) for each in (found[-1], sum(found) / len(found), max(found))] if found else ["–"] * 3
    return Chart(title, unit, _line(drawn), _area(drawn), *words)


def _growth(before: Sums, after: Sums, name: str) -> float:
    grown = after.get(name, 0.0) - before.get(name, 0.0)
    return after.get(name, 0.0) if grown < 0 else grown


def _line(pieces: Sequence[Sequence[tuple[float, float]]]) -> str:
    return " ".join(_path(piece) for piece in pieces)


def _area(pieces: Sequence[Sequence[tuple[float, float]]]) -> str:
    return " ".join(
        f"{_path(each)} L{each[-1][0]:.1f} {HEIGHT:.0f} L{each[0][0]:.1f} {HEIGHT:.0f} Z" for each in pieces
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A line through points; a single one is a stroke wide enough to be seen."""
    if len(points) == 1:
        points = [points[0], (min(points[0][0] + 1, WIDTH), points[0][1])]
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _words(amount: float, unit: str) -> str:
    if unit == "s" and amount < 1:
        return f"{amount * 1000:.0f} ms" if amount >= 0.001 or not amount else f"{amount * 1000:.1g} ms"
    number = f"{amount:,.0f}" if amount >= 100 or amount == int(amount) else f"{amount:.1f}"
    return f"{number} {unit}".rstrip()
