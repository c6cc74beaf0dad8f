"""schemathesis asks the API what its description allows and what it does not: nothing fails, and all of it is true."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fedimark.accounts.tokens import Scope
from fedimark.database import fetch
from fedimark.here import entered
from tests.support.programs import PATIENCE_S, program_of
from tests.support.storage import SqliteStorage

EXAMPLES = 6  # of what a call allows, and as many of what it does not
FEW = 2  # of the same, for who mostly may not
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_SETTINGS = settings(
    max_examples=EXAMPLES,
    derandomize=True,  # the same each time
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
async def database(sqlite_template) -> Any:
    """What a description allows is no question of SQL."""
    storage = SqliteStorage(sqlite_template)
    yield storage
    await storage.drop()


async def failures_of(server: Any, program: httpx.AsyncClient, examples: int = EXAMPLES) -> list[str]:
    """What is answered otherwise than described, where a program makes every call; it proves by itself who it is."""
    description = (await server.client.get("/api/openapi.json")).json()
    loop = asyncio.get_running_loop()
    failures: list[str] = []

    async def answered(asked: requests.PreparedRequest) -> httpx.Response:
        headers = {name: value for name, value in asked.headers.items() if name.lower() != "authorization"}
        return await program.request(asked.method or "", asked.url or "", headers=headers, content=asked.body)

    def asks(case: Case) -> None:
        asked = requests.Request(**case.as_transport_kwargs(base_url="https://a.example")).prepare()
        said = asyncio.run_coroutine_threadsafe(answered(asked), loop).result(PATIENCE_S)
        try:
            case.validate_response(said, checks=_CHECKS)
        except FailureGroup as error:
            what = "; ".join(str(one) for one in error.exceptions)
            failures.append(
                f"{case.method} {asked.url} {asked.body!r:.200}: {said.status_code} {said.text[:200]} {what}"
            )

    def asks_everything() -> None:
        rules = settings(_SETTINGS, max_examples=examples)
        for found in schemathesis.openapi.from_dict(description).get_all_operations():
            call = found.ok()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if mode is GenerationMode.NEGATIVE and not (call.query or call.path_parameters or call.body):
                    continue
                with suppress(Unsatisfiable):  # where every text is allowed, nothing is not
                    rules(given(case=call.as_strategy(generation_mode=mode))(asks))()

    await asyncio.to_thread(asks_everything)
    return failures


async def test_no_call_however_it_is_made_fails_or_answers_other_than_described(fleet):
    server = await fleet.server("a.example", api_calls="1000000/minute", read_pages=False)
    async with entered(server.here):
        ana = await server.sign_up("ana")
        await ana.save("https://sqlite.org/", title="SQLite", tags="sql .mine")
        program = await program_of(ana, Scope.READ | Scope.WRITE | Scope.VISIBILITY)

        failures = await failures_of(server, program)

    assert not failures, "\n\n".join(failures[:20])


@pytest.mark.parametrize("scopes", [None, Scope.SAVE], ids=["nobody", "save"])
async def test_no_call_of_who_may_little_fails_or_answers_other_than_described(fleet, scopes):
    server = await fleet.server("a.example", api_calls="1000000/minute", read_pages=False)
    async with entered(server.here):
        ana = await server.sign_up("ana")
        await ana.save("https://sqlite.org/", title="SQLite", tags="sql .mine", private_note="whisper")
        kept = await fetch("SELECT * FROM bookmark")

        failures = await failures_of(server, await program_of(ana, scopes) if scopes else server.browser(), FEW)

        # What was there stays as it was, and nobody at all adds anything
        now_there = await fetch("SELECT * FROM bookmark ORDER BY id")
    assert not failures, "\n\n".join(failures[:20])
    assert now_there[:1] == kept
    assert scopes or len(now_there) == 1
