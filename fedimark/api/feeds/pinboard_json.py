"""PURE. A feed as Pinboard's JSON: an array of objects with one letter for each field, and its JSONP."""

from __future__ import annotations

import json
import re

from fedimark.api.feeds.feed import Feed, moment

LONGEST_CALLBACK = 64
# A name a script could have written, and nothing that runs by itself.
_CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*(?:\.[A-Za-z_$][A-Za-z0-9_$]*)*", re.ASCII)


def pinboard_json(feed: Feed) -> str:
    """The array: `u` address, `d` title, `n` description, `dt` moment, `a` who saved it, `t` tags."""
    return json.dumps(
        [
            {
                "u": entry.address,
                "d": entry.title,
                "n": entry.description,
                "dt": moment(entry.published),
                "a": entry.authors[0].name,
                "t": list(entry.tags),
            }
            for entry in feed.entries
        ],
        separators=(",", ":"),
    )


def is_callback(name: str) -> bool:
    """Whether a name may be called with the array."""
    return len(name) <= LONGEST_CALLBACK and _CALLBACK.fullmatch(name) is not None


def called(name: str, array: str) -> str:
    """The array as a script that calls a function; what it begins with keeps it from being anything else."""
    return f"/**/{name}({array});"
