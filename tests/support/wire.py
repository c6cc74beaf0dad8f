"""Documents in the shape that each server sends, from tests/wire/<software>/<name>.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "wire"


def wire(name: str, **replaced: str) -> dict[str, Any]:
    """The document `mastodon/create_note` (with or without `.json`); `replaced` exchanges words in its text.

    `wire("mastodon/follow", **{"mastodon.example": "b.example"})`
    """
    text = (FOLDER / f"{name.removesuffix('.json')}.json").read_text("utf-8")
    for old, new in replaced.items():
        text = text.replace(old, new)
    document: dict[str, Any] = json.loads(text)
    return document
