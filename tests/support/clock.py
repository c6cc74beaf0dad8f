"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime

from fedimark.here import MICROS

START = int(datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()) * MICROS


class Clock:
    """Microseconds since 1970; each reading is one later than the last, so that no two rows share a moment."""

    def __init__(self, start: int = START) -> None:
        self.micros = start

    def __call__(self) -> int:
        self.micros += 1
        return self.micros

    def forward(self, *, seconds: float = 0, days: float = 0) -> None:
        """Let time pass."""
        self.micros += int((seconds + days * 86_400) * MICROS)

    def set(self, when: str) -> None:
        """Set it to a moment written as RFC 3339 (`2026-03-01T12:00:00Z`)."""
        self.micros = int(datetime.fromisoformat(when).timestamp() * MICROS)
