"""Static files, kept by browsers for a year under the address that names their version."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from fedimark import resources

_FOR_EVER: Final = "public, max-age=31536000, immutable"  # another version has another address
_A_WHILE: Final = "public, max-age=3600"


@lru_cache(maxsize=1)
def static_versions() -> dict[str, str]:
    """Each static file with the head of its hash: the address changes when the file does."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        for path in sorted(resources.STATIC.iterdir())
        if path.is_file()
    }


class Fingerprinted(StaticFiles):
    """Answers with the files of a folder, and how long each may be kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file; raises HTTPException where there is none."""
        answer = await super().get_response(path, scope)
        # While servers are exchanged an old one may be asked for the new version: that answer is not for ever.
        is_its_own = scope["query_string"] == f"v={static_versions().get(path)}".encode()
        answer.headers["cache-control"] = _FOR_EVER if is_its_own else _A_WHILE
        return answer
