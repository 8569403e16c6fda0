"""One trace across the services: a request, what it says, who hears it, what they say next."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from shared import tracing
from tests.flows.marketplace import Marketplace, eventually
from tests.flows.stories import formed, offered, two_people


def test_a_request_and_all_that_follows_from_it_are_one_trace(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as (url, spans):
        monkeypatch.setenv(tracing.ENDPOINT, url)
        tracing.start("flows")
        try:
            hire = formed(offered(two_people(market)))
            accept = eventually(lambda: one(spans, "POST /v1/offers/<id_>/accept"), "it was traced")
            heard = "hear hold.opened"
            eventually(lambda: one(spans, heard, accept.trace_id), "it is one trace to the end")
        finally:
            tracing.stop()
    assert hire.contract
    names = {span.span_id: span.name for span in spans}
    chain = [one(spans, "hear contract.formed", accept.trace_id)]
    chain += [one(spans, "publish hold.opened", accept.trace_id)]
    assert names[chain[0].parent_span_id] == accept.name
    assert names[chain[1].parent_span_id] == "hear contract.formed"
    services = {about(span)["ukeoi.service"] for span in spans if span.trace_id == accept.trace_id}
    assert {"contracts", "escrow", "notify"} <= services
    assert about(accept)["http.response.status_code"] == "201"


def test_without_an_endpoint_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    tracing.start("flows")
    assert tracing.begin("GET /", "", "SERVER") is None


def one(spans: list[Span], name: str, trace: bytes = b"") -> Any:
    tracing.flush()
    of = [span for span in spans if span.name == name and trace in (b"", span.trace_id)]
    return of[0] if of else None


def about(span: Span) -> dict[str, str]:
    """Return a span's attributes as texts."""
    return {a.key: a.value.string_value or str(a.value.int_value) for a in span.attributes}


@contextmanager
def receiving() -> Iterator[tuple[str, list[Span]]]:
    """Receive spans as a collector does: OTLP over HTTP on a port of its own."""
    spans: list[Span] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            said = ExportTraceServiceRequest.FromString(body)
            for resource in said.resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not worth a line."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
