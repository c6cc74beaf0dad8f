"""`fedimark doctor`: a line for each thing, what to do, and never a secret."""

from __future__ import annotations

import asyncio
import fcntl
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fedimark.database import execute, migrate
from fedimark.database.whole import steps
from fedimark.here import entered, here
from fedimark.keeping import doctor, place
from fedimark.keeping.doctor import Finding, Verdict
from fedimark.policy import muted
from fedimark.settings import Settings
from tests.support.certificates import self_signed
from tests.support.processes import Process


async def said(findings: AsyncIterator[Finding]) -> dict[str, Finding]:
    """What was found, by what it is about."""
    return {each.about: each async for each in findings}


async def test_a_server_that_is_well_is_told_so(server):
    found = await said(doctor.of_machine(here().settings))
    found |= await said(doctor.of_database(here().settings))
    found |= await said(doctor.of_server(here().settings))

    # The clock of a test stands still, and PostgreSQL's goes on.
    assert {name for name, each in found.items() if each.verdict is Verdict.WRONG} <= {"clock"}
    assert found["schema"].words == "up to date"
    assert found["worker"].verdict is Verdict.LOOK
    assert found["speaking"].verdict is Verdict.OK


async def test_its_own_address_answers_and_keeps_what_is_escaped(server):
    found = [each async for each in doctor._proxy()]

    assert [(each.verdict, each.about) for each in found if each.about != "clock"] == [
        (Verdict.OK, "answers"),
        (Verdict.OK, "proxy"),
    ]


async def test_something_else_at_its_address_and_nobody_there_are_noticed(server, fleet):
    async def another(scope, receive, send):
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT")]}
        )
        await send({"type": "http.response.body", "body": b'"fedimark"' if scope["path"].startswith("/node") else b""})

    fleet.network.add("a.example", another)
    other = await said(doctor._proxy())
    fleet.network.down.add("a.example")
    nobody = await said(doctor._proxy())

    assert other["clock"].verdict is Verdict.WRONG
    assert other["proxy"].verdict is Verdict.WRONG
    assert nobody["answers"].verdict is Verdict.LOOK


async def test_a_clock_that_most_other_servers_contradict_is_named(server, fleet, clock):
    def says(date: bytes):
        async def another(scope, receive, send):
            await send({"type": "http.response.start", "status": 404, "headers": [(b"date", date)]})
            await send({"type": "http.response.body", "body": b""})

        return another

    clock.set("2026-03-01T12:00:00Z")
    met = "INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) VALUES (?, '', 0, '', 0, 1)"
    for host, date in (
        ("b.example", b"Sun, 01 Mar 2026 12:00:02 GMT"),
        ("c.example", b"Sun, 01 Mar 2026 11:59:58 GMT"),
        ("d.example", b"Thu, 01 Jan 2026 00:00:00 GMT"),
    ):
        fleet.network.add(host, says(date))
        await execute(met, host)

    one_is_wrong = await said(doctor.of_others())
    clock.set("2026-03-01T12:10:00Z")
    we_are = await said(doctor.of_others())
    fleet.network.down.update({"b.example", "c.example", "d.example"})

    assert one_is_wrong["clock elsewhere"].verdict is Verdict.OK
    assert we_are["clock elsewhere"].verdict is Verdict.WRONG
    assert await said(doctor.of_others()) == {}


async def test_what_waits_too_long_and_what_was_set_aside_is_named(server, clock):
    await execute(
        "INSERT INTO received_activity (uri_hash, actor_id, kind, body, received_at, tries, next_at, outcome) "
        "VALUES ('a', 1, 'Create', '{}', ?, 0, 0, '')",
        clock.micros,
    )
    await execute(
        "INSERT INTO received_activity "
        "(uri_hash, actor_id, kind, body, received_at, tries, next_at, outcome, applied_at) "
        "VALUES ('b', 1, 'Create', '{}', 0, 5, 0, 'poison: broken', 1)"
    )
    await execute("INSERT INTO fact (name, value) VALUES ('moved_to', 'postgres://db.example/x')")
    await muted.mute(muted.COPIED)
    clock.forward(seconds=7_200)

    found = await said(doctor.of_server(replace(here().settings, base_url="https://other.example")))

    assert found["received"].verdict is Verdict.LOOK
    assert found["set aside"].words.startswith("1 could not be applied")
    assert found["database"].verdict is Verdict.WRONG
    assert found["base URL"].words == "it was first started as https://a.example: set FEDIMARK_BASE_URL to that"
    assert found["speaking"].words.startswith("muted: ")
    await execute("DELETE FROM fact WHERE name = ?", place.MOVED_TO)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL knows its workers itself
async def test_a_worker_is_seen_by_its_lock(server):
    with (Path(here().settings.data_dir) / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = await said(doctor.of_server(here().settings))

    assert found["worker"].verdict is Verdict.OK


async def test_a_fresh_installation_makes_nothing(tmp_path):
    settings = Settings(data_dir=str(tmp_path / "new"))

    found = await said(doctor.of_machine(settings)) | await said(doctor.of_database(settings))

    assert found["database"].verdict is Verdict.LOOK
    assert not (tmp_path / "new").exists()


async def test_a_database_that_is_none_or_old_or_away_is_told_without_a_secret(tmp_path, fleet):
    broken = Settings(data_dir=str(tmp_path / "broken"))
    broken.sqlite_path.parent.mkdir()
    broken.sqlite_path.write_bytes(b"no database" * 500)
    older = Settings(data_dir=str(tmp_path / "older"))
    await migrate(older, steps()[-2])
    away = Settings(database_url="postgres://ana:secret@127.0.0.1:1/x")
    here_now = await fleet.server("a.example")

    async with entered(here_now.here):
        found = [await said(doctor.of_database(each)) for each in (broken, older, away)]

    assert found[0]["database"].verdict is Verdict.WRONG
    assert found[1]["schema"].words.startswith("1 steps are to be made")
    assert found[2]["database"].verdict is Verdict.WRONG
    assert "secret" not in str(found)


@pytest.mark.parametrize(("days", "verdict"), [(90, Verdict.OK), (3, Verdict.LOOK), (-1, Verdict.WRONG)])
async def test_a_certificate_that_ends_soon_or_does_not_hold_is_named(monkeypatch, tmp_path, days, verdict):
    certificate, key = self_signed(tmp_path, datetime.now(UTC) + timedelta(days=days, hours=1))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(certificate, key)

    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=shown) as proxy:
        found = await doctor._certificate("localhost", proxy.sockets[0].getsockname()[1])

    assert found.verdict is verdict


def test_the_command_works_while_nothing_runs_and_its_exit_code_says_whether_something_is_wrong(tmp_path):
    process = Process(tmp_path)

    fresh = process.run("doctor", "--json")
    process.environ["FEDIMARK_BASE_URL"] = "https://nobody.invalid"
    nowhere = process.run("doctor")

    assert fresh.returncode == 0, fresh.stderr
    assert {each["verdict"] for each in json.loads(fresh.stdout)} == {"ok", "look"}
    assert nowhere.returncode == 1
    assert "wrong  DNS: nobody.invalid leads nowhere" in nowhere.stdout


async def test_what_a_proxy_makes_of_a_request_is_named(server, fleet):
    behind = server.asgi
    said_well = [each async for each in doctor._passed_on()]

    async def careless(scope, receive, send):
        headers = [(name, b"127.0.0.1:8000" if name == b"host" else value) for name, value in scope["headers"]]
        await behind({**scope, "scheme": "http", "headers": headers, "client": ("127.0.0.1", 5)}, receive, send)

    fleet.network.add("a.example", careless)
    found = [each.words async for each in doctor._passed_on()]

    assert said_well == []
    assert found[0].startswith("http arrives for https")
    assert found[1].startswith("Host arrives as 127.0.0.1:8000")
    assert found[2].startswith("a request from here arrives as one of 127.0.0.1")
