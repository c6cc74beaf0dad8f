"""PURE. Saves over time beside a list: a bar for some months, which leads to where they begin in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from fedimark.language.catalogue import Catalogue
from fedimark.text.calendar import beginning_of
from fedimark.web import times, years


@dataclass(frozen=True, slots=True)
class Column:
    """A bar, its months in words, and the moment after them: where a list that begins there begins with the last."""

    bar: years.Bar
    span: str
    before: int


@dataclass(frozen=True, slots=True)
class Columns:
    """All bars of a list, and its first and its last year."""

    bars: tuple[Column, ...]
    since: int
    until: int


def columns_of(months: str, catalogue: Catalogue) -> Columns | None:
    """The bars of what `timelines.amounts` counted; None where they would say nothing."""
    amounts: Counter[int] = Counter()
    for pair in months.split():
        month, _, amount = pair.partition(":")
        amounts[int(month)] += int(amount)
    standing = years.at_side(+amounts)
    if not standing:
        return None
    made = tuple(Column(bar, _span(bar, catalogue), beginning_of(bar.until + 1)) for bar in standing)
    scale = years.side_scale(+amounts)
    return Columns(made, min(*+amounts, scale.first + scale.step - 1) // 12, scale.last // 12)


def _span(bar: years.Bar, catalogue: Catalogue) -> str:
    first, last = (times.month(beginning_of(month), "UTC", catalogue) for month in (bar.since, bar.until))
    return first if first == last else f"{first} – {last}"
