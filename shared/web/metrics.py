"""Requests counted and timed by route, for Prometheus; processes may share a directory."""

import functools
import os

from flask import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter(
    "http_requests_total", "Requests answered.", ["service", "method", "route", "status"]
)
SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time from the first byte read to the answer made.",
    ["service", "method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 6),
)


@functools.lru_cache(maxsize=2048)
def _series(service: str, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return (
        REQUESTS.labels(service, method, route, str(status)),
        SECONDS.labels(service, method, route),
    )


def count(service: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count one request."""
    counter, histogram = _series(service, method, route, status)
    counter.inc()
    histogram.observe(seconds)


def page() -> Response:
    """Answer `/metrics`."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
