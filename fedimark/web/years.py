"""PURE. Saves over time as drawings: bars, a calendar, small lines; paths of SVG in units of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fedimark.text.calendar import day_of, month_of_day

WIDTH, HEIGHT = 720, 96  # of bars
SMALL_WIDTH, SMALL_HEIGHT = 240, 40  # of the line of one tag
WEEKS, CELL, GAP = 53, 10, 3  # of a calendar
LEVELS: Final = 4
_STEPS: Final = (1, 3, 12, 60, 120, 1200)  # months in a bar
_MOST_BARS: Final = 200
SIDE_WIDTH, SIDE_HEIGHT = 240, 40  # of bars at the side of a list
_SIDE_STEPS: Final = (1, 3, 6, 12, 24, 60, 120, 1200, 4800)  # months in a bar there
_MOST_AT_SIDE: Final = 28  # as many as can be hit
_FEWEST_AT_SIDE: Final = 12  # so that a few do not stand there as walls

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


def scale_of(days: Iterable[int], until: int) -> Scale:
    """The scale from the first of some days to the last, or to `until`: a year at least, as fine as fits."""
    months = [month_of_day(day) for day in days] or [month_of_day(until)]
    last = max(*months, month_of_day(until))
    first = min(*months, last - 11)
    step = next((step for step in _STEPS if (last - first) // step < _MOST_BARS), _STEPS[-1])
    return Scale(first // step * step, last, step)


def bars(amounts: Amounts, scale: Scale) -> str:
    """Bars as one path within WIDTH × HEIGHT; a bar that stands for something can be seen."""
    sums = _sums(amounts, scale)
    top, wide = max(sums.values(), default=1), WIDTH / scale.bars
    drawn = []
    for place, amount in sorted(sums.items()):
        high = max(amount / top * HEIGHT, 1.5)
        drawn.append(f"M{place * wide:.1f} {HEIGHT}v-{high:.1f}h{max(wide - 1, wide * 0.7):.1f}v{high:.1f}z")
    return "".join(drawn)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar at the side: its first and its last month, what was saved in them, and where it stands.

    `path` draws it, and over the whole height, as `whole` says, it can be pressed.
    """

    since: int
    until: int
    amount: int
    path: str
    whole: str


def side_scale(months: Amounts) -> Scale:
    """The scale of what was saved in each month; a single bar stands alone, others have room before them."""
    first, last = min(months, default=0), max(months, default=0)
    step = next((step for step in _SIDE_STEPS if last // step - first // step < _MOST_AT_SIDE), _SIDE_STEPS[-1])
    scale = Scale(first // step * step, last, step)
    if scale.bars < 2:
        return scale
    return Scale(scale.first - max(_FEWEST_AT_SIDE - scale.bars, 0) * step, last, step)


def at_side(months: Amounts) -> tuple[Bar, ...]:
    """Bars for what was saved in each month, the last at the right edge; none where one bar would hold all of it."""
    scale = side_scale(months)
    step = scale.step
    if scale.bars < 2:
        return ()
    sums: dict[int, int] = {}
    for month, amount in months.items():
        place = (month - scale.first) // step
        sums[place] = sums.get(place, 0) + amount
    top, wide = max(sums.values()), SIDE_WIDTH / scale.bars
    bars = []
    for place, amount in sorted(sums.items()):
        high, since = max(amount / top * SIDE_HEIGHT, 1.5), scale.first + place * step
        left, right = _tenths(place * wide), _tenths(wide)
        path = f"M{left} {SIDE_HEIGHT}v-{_tenths(high)}h{_tenths(wide * 0.8)}v{_tenths(high)}z"
        whole = f"M{left} 0h{right}v{SIDE_HEIGHT}H{left}z"
        bars.append(Bar(since, since + step - 1, amount, path, whole))
    return tuple(bars)


def _tenths(length: float) -> str:
    return f"{length:.1f}".removesuffix(".0")


def line(amounts: Amounts, scale: Scale) -> str:
    """The same as an area within SMALL_WIDTH × SMALL_HEIGHT, for a tag beside others."""
    coarse = Scale(scale.first, scale.last, scale.step * max(1, -(-scale.bars // 48)))
    sums, wide = _sums(amounts, coarse), SMALL_WIDTH / coarse.bars
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
    first = until - (end - monday).days
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


def _sums(amounts: Amounts, scale: Scale) -> dict[int, int]:
    sums: dict[int, int] = {}
    for day, amount in amounts.items():
        place = (month_of_day(day) - scale.first) // scale.step
        sums[place] = sums.get(place, 0) + amount
    return sums
