"""The door other servers deliver to."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.activitypub.asker import headers_of
from fedimark.errors import Postponed, Unreachable
from fedimark.inbox.receive import receive
from fedimark.remote.known import local_person

RETRY_AFTER_S = 60


async def post_shared_inbox(request: Request) -> Response:
    """`POST /inbox`: 202 once it is stored."""
    return await _received(request)


async def post_inbox(request: Request) -> Response:
    """`POST /u/{user}/inbox`: the same, for somebody who is here."""
    await local_person(request.path_params["user"])
    return await _received(request)


async def _received(request: Request) -> Response:
    try:
        await receive(request.method, target_of(request), headers_of(request), request.stream())
    except Unreachable as error:
        # 503 and not 401: it is not the sender's fault that their key cannot be had just now.
        wait_s = error.retry_after_s if isinstance(error, Postponed) else RETRY_AFTER_S
        return Response(error.message, error.status, {"Retry-After": str(wait_s)}, media_type="text/plain")
    return Response(status_code=202)


def target_of(request: Request) -> str:
    """Path and query as they stood in the request line: what was signed."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    return (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")
