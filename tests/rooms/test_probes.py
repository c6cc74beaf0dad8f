"""What machines ask that look after a server."""

from __future__ import annotations

from fedimark.database import execute
from tests.support.counting import statements


async def test_a_process_that_lives_says_so_without_its_database(server):
    with statements() as ran:
        answer = await server.client.get("/healthz")

    assert (answer.status_code, answer.text) == (200, "alive\n")
    assert len(ran) == 0


async def test_a_server_is_ready_when_its_database_answers_and_is_up_to_date(server):
    answer = await server.client.get("/readyz")
    with statements() as ran:
        again = await server.client.get("/readyz")

    assert (answer.status_code, answer.text) == (again.status_code, again.text) == (200, "ready\n")
    assert len(ran) == 1


async def test_a_server_whose_database_is_older_is_not_ready(server):
    await execute("DELETE FROM tortoise_migrations WHERE name = '0001_tables'")

    answer = await server.client.get("/readyz")

    assert (answer.status_code, answer.text) == (503, "The database is not up to date.\n")


async def test_a_server_that_ends_is_not_ready_and_lives(server):
    server.here.ending.set()

    answer, alive = await server.client.get("/readyz"), await server.client.get("/healthz")

    assert (answer.status_code, answer.text) == (503, "This server is ending.\n")
    assert alive.status_code == 200


async def test_a_server_whose_database_is_gone_is_not_ready_and_lives(server):
    await server.client.get("/readyz")
    for name in server.here.database.context.connections.db_config:
        connection = server.here.database.context.connections.get(name)
        await connection.close()
        connection.create_connection = broken

    answer, alive = await server.client.get("/readyz"), await server.client.get("/healthz")

    assert (answer.status_code, answer.text) == (503, "The database does not answer.\n")
    assert alive.status_code == 200


async def broken(*_, **__):
    """What connecting does where nobody listens any more."""
    raise OSError("nobody is there")


async def test_nobody_sends_anything_to_a_probe(server):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await server.client.post(path)).status_code == 404
