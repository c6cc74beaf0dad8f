"""Whether who asks has the answer already."""

from __future__ import annotations

from email.utils import formatdate
from hashlib import sha256

from starlette.requests import Request


def etag_of(value: object) -> str:
    """A strong ETag of what an answer is made from: the same for equal values."""
    return f'"{sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'


def http_date(at: int) -> str:
    """A moment in microseconds as HTTP writes it. (RFC 9110 §5.6.7)"""
    return formatdate(at // 1_000_000, usegmt=True)


def is_known(request: Request, etag: str, last_modified: str) -> bool:
    """Whether a 304 will do. (RFC 9110 §13.2.2)

    The ETag decides where one is brought. A moment must be the very one we told: what was taken out of a list leaves an
    earlier one; `last_modified` is empty where none was told.
    """
    brought = request.headers.get("if-none-match")
    if brought is not None:
        return not {tag.strip().removeprefix("W/") for tag in brought.split(",")}.isdisjoint({etag, "*"})
    return bool(last_modified) and request.headers.get("if-modified-since") == last_modified
