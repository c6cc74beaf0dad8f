"""Parts of statements that are put together, each with its parameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sql:
    """A part of a statement with its parameters."""

    text: str
    values: tuple[object, ...] = ()

    def __and__(self, other: Sql) -> Sql:
        """Both conditions."""
        return Sql(f"{self.text} AND {other.text}", (*self.values, *other.values))
