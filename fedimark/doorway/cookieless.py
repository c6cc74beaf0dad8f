"""PURE. Which addresses are for programs: there nobody's cookie counts, so no form of another site can use them."""

from __future__ import annotations

from typing import Final

_BEGIN: Final = ("/v1/", "/api/", "/linkding/api/", "/secret:", "/rss/", "/json/", "/feeds/")
_ARE: Final = ("/v1", "/api", "/linkding/api", "/health", "/linkding/health")


def is_for_programs(path: str) -> bool:
    """Whether an address is for programs alone, which say who asks by a key."""
    return path.startswith(_BEGIN) or path in _ARE
