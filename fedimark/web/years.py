"""PURE. Saves over time as drawings: bars, a calendar, small lines; paths of SVG in units of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

WIDTH, HEIGHT = 720, 96  # of bars
SMALL_WIDTH, SMALL_HEIGHT = 240, 40  # of the line of one tag
WEEKS, CELL, GAP = 53, 10, 3  # of a calendar
LEVELS: Final = 4
_STEPS: Final = (1, 3, 12, 60, 120, 1200)  # months in a bar
_MOST_BARS: Final = 200
_EPOCH: Final = date(1970, 1, 1).toordinal()

Amounts = Mapping[int, int]  # day since 1970 → how many


@dataclass(frozen=True, slots=True)
class Scale:
    """Which months are drawn, numbered from January of the year 0, and how many stand in one bar."""

    first: int
    last: int
    step: int

    @property
    def bars(self) -> int:
        """How many there are."""
        return (self.last - self.first) // self.step + 1


@dataclass(frozen=True, slots=True)
class Year:
    """A year, how many were saved in it, and how that compares with the most: 0 to 100."""

    year: int
    amount: int
    share: int


def day_of(number: int) -> date:
    """The day so many days after 1970; what no calendar holds is its nearest end."""
    return date.fromordinal(min(max(number + _EPOCH, 1), date.max.toordinal()))


def scale_of(days: Iterable[int], until: int) -> Scale:
    """The scale from the first of some days to the last, or to `until`: as fine as there is room for."""
    months = [_month(day) for day in days] or [_month(until)]
    first, last = min(months), max(*months, _month(until))
    step = next((step for step in _STEPS if (last - first) // step < _MOST_BARS), _STEPS[-1])
    return Scale(first // step * step, last, step)


def bars(amounts: Amounts, scale: Scale) -> str:
    """Bars as one path within WIDTH × HEIGHT; a bar that stands for something can be seen."""
    sums = _sums(amounts, scale)
    top, wide = max(sums.values(), default=1), WIDTH / max(scale.bars, 24)
    drawn = []
    for place, amount in sorted(sums.items()):
        high = max(amount / top * HEIGHT, 1.5)
        drawn.append(f"M{place * wide:.1f} {HEIGHT}v-{high:.1f}h{max(wide - 1, wide * 0.7):.1f}v{high:.1f}z")
    return "".join(drawn)


def line(amounts: Amounts, scale: Scale) -> str:
    """The same as an area within SMALL_WIDTH × SMALL_HEIGHT, for a tag beside others."""
    coarse = Scale(scale.first, scale.last, scale.step * max(1, -(-scale.bars // 48)))
    sums, wide = _sums(amounts, coarse), SMALL_WIDTH / max(coarse.bars, 24)
    top = max(sums.values(), default=1)
    drawn = [f"M0 {SMALL_HEIGHT}"]
    for place in range(coarse.bars):
        high = SMALL_HEIGHT - sums.get(place, 0) / top * (SMALL_HEIGHT - 2)
        drawn.append(f"L{place * wide:.1f} {high:.1f}H{(place + 1) * wide:.1f}")
    return "".join(drawn) + f"V{SMALL_HEIGHT}z"


def calendar(amounts: Amounts, until: int) -> tuple[str, ...]:
    """The year up to a day, a column a week and Monday on top: a path for days without, then one a level."""
    end = day_of(until)
    monday = end - timedelta(days=end.weekday() + 7 * (WEEKS - 1))
    first = monday.toordinal() - _EPOCH
    top = max((amount for day, amount in amounts.items() if first <= day <= until), default=1)
    paths = [""] * (LEVELS + 1)
    for day in range(first, until + 1):
        week, weekday = divmod(day - first, 7)
        amount = amounts.get(day, 0)
        level = -(-amount * LEVELS // top) if amount else 0
        paths[level] += f"M{week * (CELL + GAP)} {weekday * (CELL + GAP)}h{CELL}v{CELL}h-{CELL}z"
    return tuple(paths)


def by_year(amounts: Amounts) -> tuple[Year, ...]:
    """Years in which something was saved, the first one first."""
    sums: dict[int, int] = {}
    for day, amount in amounts.items():
        sums[day_of(day).year] = sums.get(day_of(day).year, 0) + amount
    top = max(sums.values(), default=1)
    return tuple(Year(year, amount, max(round(amount / top * 100), 1)) for year, amount in sorted(sums.items()))


def _month(day: int) -> int:
    at = day_of(day)
    return at.year * 12 + at.month - 1


def _sums(amounts: Amounts, scale: Scale) -> dict[int, int]:
    sums: dict[int, int] = {}
    for day, amount in amounts.items():
        place = (_month(day) - scale.first) // scale.step
        sums[place] = sums.get(place, 0) + amount
    return sums
