"""PURE. What an import did or would do: counts, and the first rows that are broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from itertools import islice
from typing import Any

from fedimark.importing.rows import Broken
from fedimark.language.said import again, parts

SAMPLES = 10  # rows that a preview shows
SHOWN = 50  # broken rows that are kept with their reasons; the others are only counted


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A broken row with its number, counted from 1."""

    row: int
    reason: str
    excerpt: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON, in a job's row: with what the reason is made of, so that it can be told in another language."""
        kept = parts(self.reason)
        return {"row": self.row, "reason": self.reason, "excerpt": self.excerpt, **({"said": kept} if kept else {})}


@dataclass(frozen=True, slots=True)
class Sample:
    """A row as it would come in: its number, what it would do, and how far it would reach, in words."""

    row: int
    fate: str
    url: str
    title: str
    tags: str
    visibility: str


@dataclass(frozen=True, slots=True)
class Report:
    """`rows` is how far the file was read; known ones are here already, to the letter."""

    rows: int = 0
    new: int = 0
    known: int = 0
    changed: int = 0
    broken: int = 0
    errors: tuple[BrokenRow, ...] = ()
    failure: str = ""
    samples: tuple[Sample, ...] = ()

    def saw(self, rows: int, broken: Iterable[tuple[int, Broken]] = ()) -> Report:
        """As it is after reading on to row `rows`, with the broken ones among them."""
        more = tuple(BrokenRow(number, what.reason, what.excerpt) for number, what in broken)
        errors = (self.errors + more)[:SHOWN]
        return replace(self, rows=rows, broken=self.broken + len(more), errors=errors)

    def add(self, *, new: int = 0, known: int = 0, changed: int = 0) -> Report:
        """With more rows counted."""
        return replace(self, new=self.new + new, known=self.known + known, changed=self.changed + changed)

    def showing(self, samples: Iterable[Sample]) -> Report:
        """With more rows to look at, as many as are shown."""
        return replace(self, samples=(*self.samples, *islice(samples, SAMPLES - len(self.samples))))

    def document(self) -> dict[str, Any]:
        """As JSON, in a job's row."""
        return {
            "rows": self.rows,
            **self.summary(),
            "errors": [e.document() for e in self.errors],
            "failure": self.failure,
            "samples": [astuple(sample) for sample in self.samples],
        }

    def summary(self) -> dict[str, int]:
        """The four counts."""
        return {"new": self.new, "known": self.known, "changed": self.changed, "broken": self.broken}


def read_report(document: dict[str, Any]) -> Report:
    """A report as `document` wrote it; an empty one gives nothing done yet."""
    errors = tuple(
        BrokenRow(e["row"], again(e["said"]) if "said" in e else e["reason"], e["excerpt"])
        for e in document.get("errors", ())
    )
    counts = {name: int(document.get(name, 0)) for name in ("rows", "new", "known", "changed", "broken")}
    samples = tuple(Sample(*each) for each in document.get("samples", ()))
    return Report(**counts, errors=errors, failure=document.get("failure", ""), samples=samples)
