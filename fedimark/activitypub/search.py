"""Questions of other servers for bookmarks, as Betula asks them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedimark.activitypub.asker import headers_of
from fedimark.activitypub.inbox import target_of
from fedimark.doorway.throttle import take
from fedimark.errors import Malformed, TooLarge
from fedimark.inbox.prove import signer
from fedimark.remote.peers import host_of
from fedimark.search.answering import answer, read_question
from fedimark.signatures.message import Message
from fedimark.vocab.reading import Unreadable, loads
from fedimark.vocab.terms import Doc

LARGEST = 8_192  # bytes of a question
RATE = "60/minute"  # of one host


async def post_search(request: Request) -> Response:
    """`POST /.well-known/betula-federated-search`: signed; 401, 403 for who may not ask, 404 for who is not found."""
    body = await _read(request)
    asker = await signer(Message(request.method, target_of(request), headers_of(request), body))
    await take("federated-search", RATE, host_of(asker["uri"]))
    return JSONResponse(await answer(read_question(_document(body)), asker))


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge
    return bytes(body)


def _document(body: bytes) -> Doc:
    try:
        return loads(body)
    except Unreadable as error:
        raise Malformed("This question can’t be read.") from error
