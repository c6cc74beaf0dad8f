"""`/api/openapi.json`: it names every call that programs can make, and nothing that is not there."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from starlette.routing import Route

from fedimark.api.pinboard.methods import METHODS
from fedimark.routes import routes

_DOORS = ("/v1/", "/api/", "/health")


@pytest.fixture
async def description(server) -> dict[str, Any]:
    """The description as a program of anybody's gets it."""
    answer = await server.client.get("/api/openapi.json", headers={"accept": "*/*"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["access-control-allow-origin"] == "*"
    known = await server.client.get("/api/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert known.status_code == 304
    return dict(answer.json())


async def test_every_route_of_programs_is_described_and_no_other(description):
    routed = set()
    for route in routes():
        if isinstance(route, Route) and route.path.startswith(_DOORS):
            path = re.sub(r":\w+\}", "}", route.path)
            routed |= {(path, method) for method in route.methods or () if method not in ("HEAD", "OPTIONS")}
    routed -= {("/api/openapi.json", "GET")}
    routed = {line for line in routed if not line[0].startswith("/api/pinboard/")}
    methods = {f"/v1/{name}" for name in (*METHODS, "notes/{id}")}

    described = {(path, verb.upper()) for path, verbs in description["paths"].items() for verb in verbs}

    below = {("/v1/{room}/{method}", verb) for verb in ("GET", "POST")}
    assert described == (routed - below) | {(path, verb) for path in methods for verb in ("GET", "POST")}


async def test_a_call_says_what_it_takes_who_may_make_it_and_what_comes(description):
    saving = description["paths"]["/v1/posts/add"]["get"]
    patched = description["paths"]["/api/bookmarks/{id}/"]["patch"]
    public = description["paths"]["/api/v1/timelines/tag/{tag}"]["get"]

    assert [one["name"] for one in saving["parameters"] if one["required"]] == ["url", "description"]
    assert saving["x-scopes"] == ["write", "save"]
    assert saving["security"] == [{"auth_token": []}, {"key": []}, {"password": []}]
    assert list(saving["responses"]["200"]["content"]) == ["text/json", "text/xml"]
    fields = patched["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert fields["tag_names"] == {"type": "array", "items": {"type": "string"}}
    assert (patched["x-scopes"], patched["security"]) == (["write"], [{"key": []}])
    assert public["security"] == []
    assert [one["name"] for one in public["parameters"]] == ["tag", "limit", "max_id", "since_id", "min_id"]
    assert description["paths"]["/api/bookmarks/shared/"]["get"]["security"] == [{}, {"key": []}]
    assert description["servers"] == [{"url": "https://a.example"}]


def test_a_method_of_pinboards_reads_no_argument_that_is_not_described():
    read = re.compile(r"""(?:asked|arguments)\.(?:text|flag|moment|day|number)\("(\w+)\"""")
    for name, method in METHODS.items():
        taken = {argument.rstrip("!") for argument in method.takes.split()}
        assert set(read.findall(inspect.getsource(method.answer))) <= taken, name
