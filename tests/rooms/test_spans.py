"""What OpenTelemetry is told, where somebody asked for that."""

from __future__ import annotations

import pytest

from fedimark import spans, worker
from fedimark.database import fetch
from fedimark.delivery.send import drain
from tests.rooms.peers import local_person
from tests.rooms.test_delivery import speak, stand

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="the extra otel is not installed")


@pytest.fixture
def told(server):
    """The spans that end while a test runs."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    server.here.metrics.span = spans.following(provider)
    yield exporter.get_finished_spans
    provider.shutdown()


async def test_a_request_is_followed_with_its_statements_below_it(server, told):
    ana = await server.sign_up("ana")
    await ana.browser.get("/u/ana?q=secret")

    found = told()

    request = next(span for span in found if span.name == "request")
    below = [span for span in found if span.parent and span.parent.span_id == request.context.span_id]
    assert request.attributes["route"] == "/u/{user}"
    assert request.attributes["status"] == "200"
    assert {span.name for span in below} == {"statement"}
    assert "secret" not in str([dict(span.attributes) for span in found])


async def test_a_statement_is_told_without_its_values(server, told):
    await fetch("SELECT id FROM actor WHERE username = ?", "a-private-name")

    [span] = told()

    assert span.attributes["sql"] == "SELECT id FROM actor WHERE username = ?"
    assert "a-private-name" not in str(dict(span.attributes))


async def test_what_raises_is_marked_without_what_it_said(server, told):
    async def step() -> int:
        raise RuntimeError("a secret")

    with pytest.raises(RuntimeError):
        await worker.watched("inbox", step)

    [span] = [span for span in told() if span.name == "step inbox"]
    assert not span.status.is_ok
    assert (span.events, span.status.description) == ((), "RuntimeError")


async def test_a_letter_to_another_server_is_followed(server, fleet, told):
    stand(fleet, "b.example", 202)
    ana = await local_person()
    await speak(ana, 1)

    await drain()

    assert [span.attributes["host"] for span in told() if span.name == "ask"] == ["b.example"]


async def test_nobody_is_told_anything_unless_somebody_asked(server):
    assert server.here.metrics.span is None
