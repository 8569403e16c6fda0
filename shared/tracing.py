"""Traces over HTTP and events by OpenTelemetry: request, publish, hear, publish, in one trace.

Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set; then nothing of the library is even imported. Spans
are joined by the `traceparent` that requests and facts carry anyway: while a request or an event is
handled, what it leads to carries the handling's own.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from shared.events import Event

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

_provider: Any = None
_tracer: Any = None


def start(service: str) -> None:
    """Let this process trace, if the environment says where to."""
    global _provider, _tracer
    if not os.environ.get(ENDPOINT) or _tracer is not None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    _provider = TracerProvider(resource=Resource.create({"service.name": f"ukeoi-{service}"}))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("ukeoi")


def stop() -> None:
    """Send what is left, and trace no more."""
    global _provider, _tracer
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


def flush() -> None:
    """Send what has ended so far."""
    if _provider is not None:
        _provider.force_flush()


def begin(name: str, parent: str, kind: str, **about: Any) -> Any:
    """Return a span that has begun below a `traceparent`, or None when nothing is traced."""
    if _tracer is None:
        return None
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({"traceparent": parent})
    return _tracer.start_span(name, context=context, kind=SpanKind[kind], attributes=about)


def traceparent(span: Any) -> str:
    """Return by which others join a span."""
    at = span.get_span_context()
    return f"00-{at.trace_id:032x}-{at.span_id:016x}-{int(at.trace_flags):02x}"


def end(span: Any, why: BaseException | None = None, **about: Any) -> None:
    """End a span; `why` it failed, if it did."""
    for name, value in about.items():
        span.set_attribute(name.replace("__", "."), value)
    if why is not None:
        from opentelemetry.trace import StatusCode

        span.set_status(StatusCode.ERROR, f"{type(why).__name__}: {why}"[:300])
    span.end()


@contextmanager
def hearing(
    events: Sequence[Event], service: str
) -> Iterator[tuple[Sequence[Event], dict[str, BaseException | None]]]:
    """Trace the handling of events: give them as they are to be handled, and take the verdicts."""
    verdicts: dict[str, BaseException | None] = {}
    if _tracer is None:
        yield events, verdicts
        return
    spans = {
        e.id: begin(f"hear {e.type}", e.traceparent, "CONSUMER", **_about(e, service))
        for e in events
    }
    heard = [dataclasses.replace(e, traceparent=traceparent(spans[e.id])) for e in events]
    try:
        yield heard, verdicts
    finally:
        for id_, span in spans.items():
            end(span, verdicts.get(id_))


@contextmanager
def telling(events: Sequence[Event]) -> Iterator[None]:
    """Trace the publishing of events."""
    if _tracer is None:
        yield
        return
    spans = [
        begin(f"publish {e.type}", e.traceparent, "PRODUCER", **_about(e, e.source))
        for e in events
        if e.traceparent
    ]
    try:
        yield
    finally:
        for span in spans:
            end(span)


def _about(event: Event, service: str) -> Mapping[str, Any]:
    return {
        "ukeoi.service": service,
        "messaging.system": "rabbitmq",
        "messaging.message.id": event.id,
        "ukeoi.subject": event.subject,
        "ukeoi.correlation": event.correlation,
    }
