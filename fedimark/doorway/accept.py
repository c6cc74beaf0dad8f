"""PURE but for the request: which face of an address is asked for."""

from __future__ import annotations

from starlette.requests import Request

ACTIVITY = "application/activity+json"
_ACTIVITY = {ACTIVITY, "application/ld+json"}
_HTML = {"text/html", "application/xhtml+xml", "text/*", "*/*"}
_JSON = {"application/json"}


def wants_activity(request: Request) -> bool:
    """Whether ActivityStreams is asked for rather than a page; `*/*`, or nothing said, means a page.

    Of two equally wanted types the one named first wins. (ActivityPub §3.2, RFC 9110 §12.5.1)
    """
    return _before_html(_accept(request), _ACTIVITY)


def wants_json(request: Request) -> bool:
    """Whether plain JSON is asked for rather than a page."""
    return _before_html(_accept(request), _JSON)


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks."""
    return not wants_activity(request) and not wants_json(request)


def _accept(request: Request) -> str:
    return ",".join(request.headers.getlist("accept"))


def _before_html(accept: str, wanted: set[str]) -> bool:
    """Whether one of the wanted types stands before every HTML type, by weight and then by place."""
    best = _best(accept, wanted)
    return best is not None and best > (_best(accept, _HTML) or (0.0, 0))


def _best(accept: str, wanted: set[str]) -> tuple[float, int] | None:
    """The greatest (weight, minus place) among the wanted types, or None when none is acceptable."""
    found = [
        (weight, -place)
        for place, part in enumerate(accept.split(","))
        for kind, weight in [_range(part)]
        if kind in wanted and weight > 0
    ]
    return max(found, default=None)


def _range(part: str) -> tuple[str, float]:
    kind, *parameters = part.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return kind.strip().lower(), float(value)
            except ValueError:
                return kind.strip().lower(), 0.0
    return kind.strip().lower(), 1.0
