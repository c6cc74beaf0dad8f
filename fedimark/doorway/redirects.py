"""PURE. Where a form may send somebody afterwards."""

from __future__ import annotations

import re

# One slash and no second one, no backslash (browsers read it as a slash), nothing a header cannot hold.
_OWN = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def own_path(wanted: str, otherwise: str = "/") -> str:
    """A path of this server to go on to: the wanted one, or `otherwise` when it leads, or could lead, elsewhere."""
    return wanted if len(wanted) <= 8_000 and _OWN.fullmatch(wanted) else otherwise
