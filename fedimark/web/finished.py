"""Finished pages: kept for whoever asks for the same, told by an ETag to who has them, compressed once."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from fedimark.doorway.kept import held
from fedimark.doorway.known import is_known
from fedimark.doorway.languages import language_of
from fedimark.doorway.ready import HELD
from fedimark.timelines.queries import together
from fedimark.web.respond import viewer_of

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

MOST: Final = 200  # pages, of some 60 KB
LEVEL: Final = 1  # higher ones cost twice the time and save a tenth of the bytes
_VARY: Final = "Accept, Accept-Language, Cookie, Accept-Encoding"


@dataclass(frozen=True)
class Finished:
    """An answer as it goes out, to a stranger or to whom it was drawn for."""

    status: int
    headers: dict[str, str]
    body: bytes

    @cached_property
    def etag(self) -> str:
        """What changes when the page does."""
        return f'"{sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def gzipped(self) -> bytes:
        """The body as nearly every browser takes it."""
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
        return packer.compress(self.body) + packer.flush()


def finished(handler: Handler) -> Handler:
    """The same handler, whose answers are kept as `doorway.kept` does, made in one visit; for what only reads."""

    async def answer(request: Request) -> Response:
        scope, viewer = request.scope, viewer_of(request)
        key = (scope["raw_path"], scope["query_string"], viewer, language_of(request))

        async def drawn() -> Finished:
            made = await together(lambda: handler(request))
            headers = {name: value for name, value in made.headers.items() if name != "content-length"}
            return Finished(made.status_code, headers, bytes(made.body))

        page = scope[HELD] = await held("pages", key, drawn, MOST)
        return _answer(request, page.value, is_signed_in=viewer is not None)

    return answer


def _answer(request: Request, page: Finished, *, is_signed_in: bool) -> Response:
    headers = dict(page.headers)
    if page.status == 200 and not is_signed_in:  # what is for one person is stored nowhere
        # Weak: the same words, compressed or not.
        headers |= {"etag": f"W/{page.etag}", "cache-control": "no-cache"}
        if is_known(request, page.etag, ""):
            return Response(None, 304, headers | {"vary": _VARY})
    headers["vary"] = "Accept-Encoding"
    if len(page.body) > 1_000 and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(page.gzipped, page.status, headers | {"content-encoding": "gzip"})
    return Response(page.body, page.status, headers)
