"""What Mastodon's door answers: public things of people here, to anybody, from any page. Nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedimark import __version__
from fedimark.accounts import registration
from fedimark.addresses import absolute
from fedimark.api.mastodon import entities, queries
from fedimark.api.mastodon.queries import Between
from fedimark.database import Row
from fedimark.doorway.known import etag_of, is_known
from fedimark.errors import NotFound
from fedimark.here import here

# Clients look for a version of Mastodon that knows what they are about to ask.
VERSION = f"4.3.0 (compatible; fedimark {__version__})"
USUAL, MOST = 20, 40
_FROM_ANYWHERE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Expose-Headers": "Link, ETag",
    "Cache-Control": "no-cache",
}


async def get_instance_v1(request: Request) -> Response:
    """`GET /api/v1/instance`"""
    return _answer(request, entities.instance_v1(await queries.instance_counts(), VERSION, **await _registration()))


async def get_instance_v2(request: Request) -> Response:
    """`GET /api/v2/instance`"""
    return _answer(request, entities.instance_v2(await queries.instance_counts(), VERSION, **await _registration()))


async def get_public(request: Request) -> Response:
    """`GET /api/v1/timelines/public`: what people here saved publicly, whether `local` is asked for or not."""
    limit, between = _asked(request)
    return await _timeline(request, await queries.public_timeline(between, limit), limit)


async def get_tag(request: Request) -> Response:
    """`GET /api/v1/timelines/tag/{tag}`: the same with a tag; empty for one that nobody has."""
    limit, between = _asked(request)
    rows = await queries.tag_timeline(request.path_params["tag"], between, limit)
    return await _timeline(request, rows, limit)


async def get_lookup(request: Request) -> Response:
    """`GET /api/v1/accounts/lookup?acct=ana`, also `ana@` this server."""
    name, _, host = request.query_params.get("acct", "").removeprefix("@").partition("@")
    if host.lower() not in ("", here().settings.handles_at, here().settings.host):
        return _not_found()
    try:
        row = await queries.account_of(name)
    except NotFound:
        return _not_found()
    return _answer(request, entities.account(row, row))


async def get_status(request: Request) -> Response:
    """`GET /api/v1/statuses/{id}`"""
    try:
        row = await queries.one(request.path_params["id"])
        author = (await queries.accounts((row["actor_id"],)))[row["actor_id"]]
    except (NotFound, KeyError):
        return _not_found()
    return _answer(request, entities.status(row, entities.account(author, author)))


async def options(request: Request) -> Response:
    """What a browser asks before a page of somebody else's asks with headers of its own. (Fetch §4.8)"""
    asked = {"Access-Control-Allow-Headers": "Authorization, Content-Type", "Access-Control-Max-Age": "86400"}
    return Response(status_code=204, headers={**_FROM_ANYWHERE, **asked})


async def _timeline(request: Request, rows: Sequence[Row], limit: int) -> Response:
    authors = {
        actor_id: entities.account(row, row)
        for actor_id, row in (await queries.accounts([row["actor_id"] for row in rows])).items()
    }
    shown = [row for row in rows if row["actor_id"] in authors]
    answer = _answer(request, [entities.status(row, authors[row["actor_id"]]) for row in shown])
    if shown:
        answer.headers["Link"] = ", ".join(
            f'<{absolute(request.url.path)}?{urlencode({"limit": limit, name: row["public_id"]})}>; rel="{rel}"'
            for rel, name, row in (("next", "max_id", shown[-1]), ("prev", "min_id", shown[0]))
        )
    return answer


def _asked(request: Request) -> tuple[int, Between]:
    asked = request.query_params
    text = asked.get("limit", "")
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else USUAL
    between = Between(*(asked.get(name, "")[:40] for name in ("max_id", "since_id", "min_id")))
    return min(max(limit, 1), MOST), between


async def _registration() -> dict[str, bool]:
    mode = await registration.mode()
    return {"is_open": mode == "open", "by_invite": mode == "invite"}


def _answer(request: Request, entity: object) -> Response:
    headers = {**_FROM_ANYWHERE, "ETag": etag_of(entity)}
    if is_known(request, headers["ETag"], ""):
        return Response(status_code=304, headers=headers)
    return JSONResponse(entity, headers=headers)


def _not_found() -> Response:
    """What Mastodon's clients know."""
    return JSONResponse({"error": "Record not found"}, 404, headers=_FROM_ANYWHERE)
