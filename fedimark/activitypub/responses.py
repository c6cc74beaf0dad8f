"""Documents as answers."""

from __future__ import annotations

import json
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from fedimark.vocab.terms import ACTIVITY_JSON, Doc

# One address has a page too, and a signature may decide what is answered; so nobody in between may mix them up.
_HEADERS = {"Vary": "Accept, Signature, Signature-Input, User-Agent", "Cache-Control": "private, max-age=60"}


def document(request: Request, content: Doc, *, status: int = 200, media_type: str = ACTIVITY_JSON) -> Response:
    """A document with its ETag, or 304 for who has it already. (RFC 9110 §13.1.2)"""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {**_HEADERS, "ETag": etag}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if status == 200 and known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, media_type=media_type)
