"""Documents as answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from fedimark.activitypub.asker import shape_for
from fedimark.doorway.kept import held
from fedimark.doorway.known import is_known
from fedimark.doorway.ready import HELD
from fedimark.outbox.profiles import instance_kind
from fedimark.vocab.terms import ACTIVITY_JSON, Doc

# One address has a page too, and a signature may decide what is answered; so nobody in between may mix them up.
_HEADERS = {"Vary": "Accept, Signature, Signature-Input, User-Agent", "Cache-Control": "private, max-age=60"}


@dataclass(frozen=True, slots=True)
class Written:
    """A document as its bytes, with their ETag."""

    body: bytes
    etag: str
    status: int = 200
    media_type: str = ACTIVITY_JSON


def written(content: Doc, *, status: int = 200, media_type: str = ACTIVITY_JSON) -> Written:
    """A document ready to be sent."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Written(body, f'"{sha256(body).hexdigest()[:32]}"', status, media_type)


def document(request: Request, content: Doc, *, status: int = 200, media_type: str = ACTIVITY_JSON) -> Response:
    """A document with its ETag, or 304 for who has it already. (RFC 9110 §13.1.2)"""
    return sent(request, written(content, status=status, media_type=media_type))


def sent(request: Request, ready: Written) -> Response:
    """The same for what is ready."""
    headers = {**_HEADERS, "ETag": ready.etag}
    if ready.status == 200 and is_known(request, ready.etag, ""):
        return Response(status_code=304, headers=headers)
    return Response(ready.body, ready.status, headers, media_type=ready.media_type)


def prepared(write: Callable[[Request], Awaitable[Written]]) -> Callable[[Request], Awaitable[Response]]:
    """A handler of documents that are asked for again and again: as bytes they are kept as `doorway.kept` keeps them.

    `write` may look at the address, and at who asks only as far as `shape_for` and `instance_kind` tell.
    """

    async def answer(request: Request) -> Response:
        kind = instance_kind(request.headers.get("user-agent", ""))
        key = (request.scope["raw_path"], request.scope["query_string"], await shape_for(request), kind)
        made = request.scope[HELD] = await held("documents", key, lambda: write(request))
        return sent(request, made.value)

    return answer
