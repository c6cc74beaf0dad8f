"""Spans for OpenTelemetry: what a request, a statement, a question to others or a step took, told to a collector.

Needs the extra `otel`, which is imported only where a collector is set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fedimark import __version__
from fedimark.metrics import Span, Tell
from fedimark.settings import BadSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


def exported(endpoint: str) -> tuple[Span, Callable[[], None]]:
    """What follows work and tells a collector (OTLP over HTTP), and what ends it; BadSettings without the extra."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - optional
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise BadSettings("otel_endpoint needs the extra: pip install 'fedimark[otel]'") from error
    about = {"service.name": "fedimark", "service.version": __version__}
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return following(provider), provider.shutdown


def following(provider: TracerProvider) -> Span:
    """What follows work by a provider of OpenTelemetry; what raises is marked, without what it said."""
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - optional

    tracer = provider.get_tracer("fedimark", __version__)

    @contextmanager
    def follow(name: str, words: Mapping[str, str]) -> Iterator[Tell]:
        with tracer.start_as_current_span(
            name, attributes=dict(words), record_exception=False, set_status_on_exception=False
        ) as span:

            def tell(**more: str) -> None:
                span.set_attributes(more)

            try:
                yield tell
            except BaseException as error:
                span.set_status(StatusCode.ERROR, type(error).__name__)
                raise

    return follow
