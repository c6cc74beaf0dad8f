"""PURE. Figures of two revisions, read from the tables they print and paired by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

Key: TypeAlias = tuple[str, ...]
Figures: TypeAlias = dict[Key, float]
"""By section, row and column; of a cell with several numbers each has its place as a fourth."""

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure of both; `ratio` is after to before, None where before is nothing."""

    key: Key
    before: float
    after: float

    @property
    def ratio(self) -> float | None:
        """How many times as much it is now."""
        return self.after / self.before if self.before else None


def figures(text: str) -> Figures:
    """Every number that stands in a table of a page in Markdown, but for those in its row's name.

    A row is named by its cells up to the first that begins with a number. Words are passed over, so the table of goals
    gives the numbers found.
    """
    found: Figures = {}
    section, names = "", list[str]()
    for line in text.splitlines():
        if line.startswith("#"):
            section, names = line.lstrip("# ").partition(":")[0], []
        elif not line.startswith("|"):
            names = []
        elif not names:
            names = _cells(line)
        elif not _is_rule(line):
            found |= dict(_of_row(section, names, _cells(line)))
    return found


def medians(rounds: Sequence[Figures]) -> Figures:
    """The middle of each figure that every round has."""
    common = [key for key in rounds[0] if all(key in each for each in rounds)] if rounds else []
    return {key: median(each[key] for each in rounds) for key in common}


def paired(before: Mapping[Key, float], after: Mapping[Key, float]) -> list[Pair]:
    """The figures that both have, in the order of the first."""
    return [Pair(key, value, after[key]) for key, value in before.items() if key in after]


def _of_row(section: str, names: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[Key, float]]:
    first = next((place for place, cell in enumerate(cells) if _NUMBER.match(cell)), len(cells))
    row = ", ".join(cell for cell in cells[:first] if cell)
    for name, cell in zip(names[first:], cells[first:], strict=False):
        numbers = [float(each.replace(",", "")) for each in _NUMBER.findall(cell)]
        for place, number in enumerate(numbers, 1):
            key = (section, row, name) if len(numbers) == 1 else (section, row, name, str(place))
            yield key, number


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _is_rule(line: str) -> bool:
    return not line.strip("|-: ")
