"""Who asks for a document, as far as the request claims it. Nothing is proven, and nothing hangs on it that would need
a proof: a liar gets another shape of what everybody may read, or a refusal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from fedimark.errors import Forbidden
from fedimark.outbox.profiles import profile_for
from fedimark.policy.blocks import is_blocked
from fedimark.signatures.message import BadSignature, Message
from fedimark.signatures.verify import read_claims
from fedimark.vocab.reading import is_web_url

Handler = Callable[[Request], Awaitable[Response]]


def unless_blocked(handler: Handler) -> Handler:
    """The same handler, which answers 403 to whoever claims a key of a blocked domain.

    The documents that tell what this server is stay open to all: a server that may not know who asks could not let
    us in again either.
    """

    async def answer(request: Request) -> Response:
        if await is_blocked(*_claimed_keys(request)):
            raise Forbidden("This server has nothing to do with that one.")
        return await handler(request)

    return answer


async def shape_for(request: Request) -> str:
    """The shape of a Note that whoever asks needs; see `outbox.profiles`. Asks no other server."""
    return await profile_for(_claimed_keys(request), request.headers.get("user-agent", ""))


def headers_of(request: Request) -> dict[str, tuple[str, ...]]:
    """Lower-case names to all their values, as signatures are read."""
    headers: dict[str, tuple[str, ...]] = {}
    for raw_name, raw_value in request.headers.raw:
        name = raw_name.decode("latin-1").lower()
        headers[name] = (*headers.get(name, ()), raw_value.decode("latin-1"))
    return headers


def _claimed_keys(request: Request) -> tuple[str, ...]:
    """The ids of the keys a request says it was signed with; none where it says nothing that can be read."""
    if "signature" not in request.headers:
        return ()
    try:
        claims = read_claims(Message(request.method, request.url.path, headers_of(request), b""))
    except BadSignature:
        return ()
    return tuple(claim.key_id for claim in claims if is_web_url(claim.key_id))
