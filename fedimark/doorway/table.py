"""Which route answers, found without trying all of them: by a path's first segment and how many it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

Shape: TypeAlias = tuple[str, int]


class Table:
    """Routes in their order, of each request only those whose paths have its shape."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        shapes = {shape for route in routes if (shape := shape_of(route))}
        some: defaultdict[Shape, list[BaseRoute]] = defaultdict(list)
        for route in routes:
            known = shape_of(route)
            for shape in (known,) if known else shapes:
                some[shape].append(route)
        self._by_shape = {shape: Router(few, redirect_slashes=False) for shape, few in some.items()}
        self._others = Router([route for route in routes if not shape_of(route)], redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the first route that matches does."""
        await self._router(scope["path"])(scope, receive, send)

    def candidates(self, path: str) -> list[BaseRoute]:
        """The routes that are tried for a path, in their order."""
        return self._router(path).routes

    def _router(self, path: str) -> Router:
        first = path.split("/", 2)[1] if path.startswith("/") else ""
        return self._by_shape.get((first, path.count("/")), self._others)


def shape_of(route: BaseRoute) -> Shape | None:
    """The first segment of a route's paths and how many slashes they have; None where either may be anything."""
    if not isinstance(route, Route) or ":path}" in route.path:
        return None
    first = route.path.split("/", 2)[1]
    return None if "{" in first else (first, route.path.count("/"))
