"""What is left to chance in life, and is not in a test."""

from __future__ import annotations

from random import Random


class Chance:
    """Says one number for ever: 1 at first, so that chance falls on nothing; or those of a seed."""

    def __init__(self) -> None:
        self.number = 1.0
        self.random: Random | None = None

    def always(self) -> None:
        """From now on it falls on everything."""
        self.number = 0.0

    def seed(self, seed: int) -> None:
        """From now on it is as fickle as in life, in one and the same way."""
        self.random = Random(seed)

    def __call__(self) -> float:
        return self.number if self.random is None else self.random.random()


def never() -> float:
    """Chance falls on nothing."""
    return 1.0
