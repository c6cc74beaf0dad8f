"""What an admin decided that every process must know soon: facts, read together, at most once a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fedimark.database import fetch
from fedimark.here import MICROS, here, now

BLOCKED_DOMAINS: Final = "blocked_domains"
"""Changes whenever one of them does."""
PASSES_ON: Final = "passes_on"
"""Whether tags pass on what people elsewhere save, as `outbox.passed_on` writes it."""

_LOOK_EVERY = 1 * MICROS
_CACHE = "policy.chosen"
_FACTS = "SELECT name, value FROM fact WHERE name IN (?, ?)"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The facts by name, as this process knows them; `look_at` is when to ask again."""

    facts: Mapping[str, str]
    look_at: int

    def of(self, name: str) -> str:
        """One of them; empty where nothing stands."""
        return self.facts.get(name, "")


async def chosen() -> Chosen:
    """What holds now: at most one statement a second."""
    known = as_known()
    if known is None:
        rows = await fetch(_FACTS, BLOCKED_DOMAINS, PASSES_ON)
        known = Chosen({row["name"]: str(row["value"]) for row in rows}, now() + _LOOK_EVERY)
        here().caches[_CACHE] = known
    return known


def as_known() -> Chosen | None:
    """The same without asking; None where this process has not looked within a second."""
    known: Chosen | None = here().caches.get(_CACHE)
    return known if known is not None and now() < known.look_at else None


def forget() -> None:
    """Let this process look again at once; for who just decided something."""
    here().caches.pop(_CACHE, None)
