"""Work that takes a processor for tens of milliseconds, kept off the event loop and at most two at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from fedimark.here import here

# Each Argon2id takes 19 MiB: a crowd at the sign-in door must not take the machine's memory.
AT_ONCE: Final = 2

P = ParamSpec("P")
T = TypeVar("T")


async def run_heavy(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a thread when one of the two places is free. Never call it inside a transaction."""
    gate: asyncio.Semaphore = here().caches.setdefault("accounts.heavy", asyncio.Semaphore(AT_ONCE))
    async with gate:
        return await asyncio.to_thread(work, *args, **kwargs)
