"""Parts of lists as answers: short ones whole, long ones written while they are read, so that memory stays flat."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from fedimark.api.linkding import queries, shapes
from fedimark.api.linkding.asked import Slice
from fedimark.api.linkding.queries import Listed
from fedimark.database import Row

Draw = Callable[[Row], shapes.Document]


async def answered(request: Request, found: Listed, viewer_id: int) -> Response:
    """The part of a list of bookmarks that is asked for."""
    part = Slice.of(request)
    count = await queries.amount(found)
    return await drawn(request, count, queries.parts(found, part), lambda row: shapes.bookmark(row, viewer_id))


async def drawn(request: Request, count: int, parts: AsyncIterator[list[Row]], draw: Draw) -> Response:
    """A part of any list, from its rows."""
    part = Slice.of(request)
    around = part.around(request, count)
    first: list[Row] = await anext(parts, [])
    if len(first) < queries.AT_ONCE:
        return JSONResponse(shapes.page(count, around, [draw(row) for row in first]))
    return StreamingResponse(
        _written(shapes.page(count, around, []), first, parts, draw), media_type="application/json"
    )


async def _written(
    head: shapes.Document, first: list[Row], parts: AsyncIterator[list[Row]], draw: Draw
) -> AsyncIterator[str]:
    yield _text(head).removesuffix("]}")
    yield ",".join(_text(draw(row)) for row in first)
    async for rows in parts:
        yield "".join(f",{_text(draw(row))}" for row in rows)
    yield "]}"


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
