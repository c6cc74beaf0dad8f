"""PURE. One file a format: `probe` knows it by its first bytes, `read` yields drafts, `write` yields bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from fedimark.importing.formats import pinboard_json
from fedimark.importing.rows import Broken, Draft


@dataclass(frozen=True, slots=True)
class Format:
    """A format we read: `name` as the command line and pages call it."""

    name: str
    probe: Callable[[bytes], bool]
    read: Callable[[BinaryIO], Iterator[Draft | Broken]]


READABLE = (Format("Pinboard JSON", pinboard_json.probe, pinboard_json.read),)
HEAD_BYTES = 4_096  # what `probe` is given
