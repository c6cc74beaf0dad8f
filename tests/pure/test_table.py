"""The table of addresses finds what trying every route in turn would find."""

from __future__ import annotations

import pytest
from starlette.routing import Match

from fedimark.doorway.table import Table, shape_of
from fedimark.routes import routes

PATHS = (
    *(
        "/",
        "/recent",
        "/recent/",
        "/recent/feed.rss",
        "/u/ana",
        "/u/ana/",
        "/u/ana.json",
        "/u/ana/inbox",
        "/u/ana/public",
    ),
    *(
        "/u/ana/t/sql",
        "/u/ana/t/a%2Fb",
        "/u/ana/t/sql/feed.atom",
        "/u/ana/b/abc",
        "/u/ana/b/abc/undo",
        "/u:ana",
        "/u:ana/",
    ),
    *(
        "/u:ana/t:sql",
        "/t:sql",
        "/t/sql",
        "/t//sql",
        "//",
        "/static/fedimark.css",
        "/rss/u:ana",
        "/nowhere",
        "/x/y/z",
        "",
    ),
    *("/secret:key/feed.rss", "/v1/posts/all", "/api/bookmarks/", "/.well-known/webfinger", "/url:abc/"),
)


def matching(some: object, path: str, method: str) -> list[tuple[str, Match]]:
    scope = {"type": "http", "path": path, "method": method, "headers": [], "root_path": ""}
    found = [(getattr(route, "path", ""), route.matches(scope)[0]) for route in some]
    return [(name, match) for name, match in found if match is not Match.NONE]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", PATHS)
def test_a_path_meets_the_same_routes_in_the_same_order(path, method):
    every = routes()

    few = Table(every).candidates(path)

    assert matching(few, path, method) == matching(every, path, method)
    assert len(few) < len(every) / 2


def test_most_routes_have_a_shape():
    every = routes()

    shaped = [route for route in every if shape_of(route)]

    assert len(shaped) > 0.8 * len(every)
