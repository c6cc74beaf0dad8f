"""PURE. The description of the API in OpenAPI's words, made from the calls there are. (OpenAPI 3.1.0)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

Schema = Mapping[str, Any]
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
TEXT: Final[Schema] = MappingProxyType({"type": "string"})
NUMBER: Final[Schema] = MappingProxyType({"type": "integer", "minimum": 0})
FLAG: Final[Schema] = MappingProxyType({"type": "boolean"})
MOMENT: Final[Schema] = MappingProxyType({"type": "string", "format": "date-time"})
_SAID_FIRST: Final = re.compile(r"^`[^`]*`[^\w`]*")
_VERBS: Final = {"GET": "get", "POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call takes and answers, beside what its address says.

    `query` and `body` are schemas by name, of which those in `needs` must be there; `kinds` are the media types that a
    body may have. `answer` is the schema of what `status` comes with, None: nothing; `answered` its media types.
    """

    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Mapping[str, Schema] | None = None
    needs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = (JSON, FORM, MULTIPART)
    status: int = 200
    answer: Schema | None = None
    answered: tuple[str, ...] = (JSON,)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `door` is the API it belongs to, `said` what it does, `opened_by` the ways to prove who asks.

    An empty `opened_by` says that nobody needs to prove anything; an empty word in it, that nobody must. `scopes` are
    words of those of which a key needs one.
    """

    method: str
    path: str
    door: str
    said: str
    asked: Asked
    refused: tuple[str, ...] = (JSON,)
    opened_by: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


WAYS: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "key": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token KEY` or `Bearer KEY`, with or without `NAME:` before the hexadecimal part",
        },
        "auth_token": {"type": "apiKey", "in": "query", "name": "auth_token", "description": "`NAME:HEX`"},
        "password": {"type": "http", "scheme": "basic"},
    }
)
"""The ways to prove who asks."""


def document(calls: Iterable[Call], schemas: Mapping[str, Schema], version: str, address: str) -> dict[str, Any]:
    """The whole description. `schemas` are those that calls name by `named`."""
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        paths.setdefault(_plain(call.path), {})[_VERBS[call.method]] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fedimark",
            "version": version,
            "description": "Pinboard's API v1, linkding's REST API, and what programs that know Mastodon may read. "
            "The first stands at /api/pinboard/v1 too, the second at /linkding/api.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": address}],
        "paths": paths,
        "components": {
            "schemas": {name: dict(schema) for name, schema in schemas.items()},
            "securitySchemes": {name: dict(way) for name, way in WAYS.items()},
        },
    }


def named(name: str) -> Schema:
    """The schema of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(schema: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": dict(schema)}


def thing(**fields: Schema) -> Schema:
    """An object that has every one of these fields."""
    return {"type": "object", "properties": {name: dict(one) for name, one in fields.items()}, "required": [*fields]}


def or_none(schema: Schema) -> Schema:
    """This or null."""
    return {"anyOf": [dict(schema), {"type": "null"}]}


def one_of(*words: str) -> Schema:
    """One of some words."""
    return {"type": "string", "enum": list(words)}


def words_of(docstring: str | None) -> str:
    """What a handler's docstring says in its first sentence, without the call it begins with."""
    first = (docstring or "").strip().partition("\n")[0]
    return _SAID_FIRST.sub("", first).rstrip(".")


def _operation(call: Call) -> dict[str, Any]:
    asked, refusal = call.asked, {"description": "Refused"}
    answer: dict[str, Any] = {"description": "Done"}
    if asked.answer is not None:
        answer["content"] = {kind: {"schema": dict(asked.answer)} for kind in asked.answered}
    told: dict[str, Any] = {
        "operationId": f"{call.method.lower()} {_plain(call.path)}",
        "tags": [call.door],
        "summary": call.said or f"{call.method} {_plain(call.path)}",
        "parameters": [*_in_path(call.path), *_in_query(asked)],
        "responses": {
            str(asked.status): answer,
            "4XX": {**refusal, "content": {kind: {} for kind in call.refused}},
        },
        "security": [{way: []} if way else {} for way in call.opened_by],
    }
    if asked.body is not None:
        fields = {"type": "object", "properties": {name: dict(one) for name, one in asked.body.items()}}
        schema = {**fields, "required": list(asked.needs)} if asked.needs else fields
        told["requestBody"] = {
            "required": bool(asked.needs),
            "content": {kind: {"schema": schema} for kind in asked.kinds},
        }
    if call.scopes:
        told["x-scopes"] = list(call.scopes)
    return told


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": dict(NUMBER if kind == ":number" else TEXT)}
        for name, kind in re.findall(r"\{(\w+)(:\w+)?\}", path)
    ]


def _in_query(asked: Asked) -> list[dict[str, Any]]:
    needed = asked.needs if asked.body is None else ()
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": dict(schema)}
        for name, schema in asked.query.items()
    ]


def _plain(path: str) -> str:
    return re.sub(r":\w+\}", "}", path)
