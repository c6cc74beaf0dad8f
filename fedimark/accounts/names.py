"""What a person of this server may be called."""

from __future__ import annotations

import re

from fedimark.addresses import RESERVED_NAMES
from fedimark.errors import Refused, Taken

_NAME = re.compile(r"[a-z0-9_]{1,30}", re.ASCII)


def check_name(name: str) -> None:
    """Refuse a name that cannot be somebody's; whether somebody has it, the database says."""
    if not _NAME.fullmatch(name):
        raise Refused("A name is 1 to 30 small letters, digits and underscores.", field="name")
    if name in RESERVED_NAMES:
        raise taken()


def taken() -> Taken:
    """The name is somebody's, was somebody's or is kept back: the same words, so it is not told which."""
    return Taken("That name is taken.", field="name")
