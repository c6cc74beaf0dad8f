"""What a page says of itself, asked for while somebody waits: for three seconds at most, and of no secret address."""

from __future__ import annotations

import asyncio
from typing import Final

from fedimark.doorway.throttle import take
from fedimark.errors import FedimarkError
from fedimark.here import here
from fedimark.policy.visibility import Viewer
from fedimark.remote.pages import PageRead, read_page
from fedimark.text.urls import canonical, federable, is_secret_looking

PATIENCE_S: Final = 3.0
RATE: Final = "30/minute"  # a person, lest their key makes us ask others without end


async def words_of(viewer: Viewer, url: str) -> PageRead | None:
    """What a page calls itself and says it is about; None where it does not answer in time, or should not be asked."""
    if not here().settings.read_pages or not federable(url) or is_secret_looking(url):
        return None
    try:
        await take("look", RATE, viewer.username)
        async with asyncio.timeout(PATIENCE_S):
            return await read_page(canonical(url), _nobody_counts)
    except (FedimarkError, TimeoutError):
        return None


def _nobody_counts(url: str) -> None:
    """Whom it leads to is few: redirects are bounded."""
