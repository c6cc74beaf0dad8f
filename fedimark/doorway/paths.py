"""Routing on the raw path: each segment decoded once, strictly.

Starlette routes on a decoded path, in which `a%2Fb` and `a/b` are one; a tag may hold a slash. So a segment is decoded
here, and only its `/` and `%` are written again as escapes, which the `segment` convertor reads back.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope

from fedimark.errors import Malformed
from fedimark.text import segments

_WITH_SLASH = tuple(f"/api/{what}" for what in ("bookmarks", "tags", "bundles", "user"))


class SegmentConvertor(Convertor[str]):
    """One path segment holding any character at all."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """The segment as its writer meant it."""
        return value.replace("%2F", "/").replace("%25", "%")

    def to_string(self, value: str) -> str:
        """The segment as `routed_path` writes it."""
        return value.replace("%", "%25").replace("/", "%2F")


def register() -> None:
    """Make `{name:segment}` known to routes."""
    register_url_convertor("segment", SegmentConvertor())


def routed_path(raw_path: bytes) -> str:
    """The path routes are matched against. Raises Malformed for broken percent-escapes and bad UTF-8."""
    convertor = SegmentConvertor()
    raw = raw_path.partition(b"?")[0]
    try:
        return _for_apps("/".join(convertor.to_string(segments.decode(part)) for part in raw.split(b"/")))
    except ValueError as error:
        raise Malformed("This address is not well formed: its percent-escapes are broken or not UTF-8.") from error


def _for_apps(path: str) -> str:
    """One spelling of what apps made for linkding ask: they take any address before `/api/`, and some leave its last
    slash out.
    """
    if path.startswith("/linkding/"):
        path = path.removeprefix("/linkding")
    if path == "/api" or path.startswith(_WITH_SLASH):
        return path if path.endswith("/") else f"{path}/"
    return path


def check_query(query: bytes) -> None:
    """Refuse a query that holds NUL, as paths and forms do: no table can hold it. Raises Malformed."""
    if b"%00" in query or b"\0" in query:
        raise Malformed("This address is not well formed: it holds the character NUL.")


def asked_for(scope: Scope) -> str:
    """Path and query as they were asked for, still encoded: a `#` of a tag must not become a fragment.

    Never what the Host header says: that is the asker's to choose.
    """
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
    query: bytes = scope.get("query_string", b"")
    return (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")
