"""One JSON object a line on stdout; people at a terminal see it coloured.

Values are JSON-escaped, so that no input can forge a line. What is bound with `bound` stands in
every line, and in every fact, of that unit of work.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import structlog

QUIET = ("pika", "pymongo", "werkzeug", "urllib3", "docker")


def configure(service: str, level: str = "info") -> None:
    """Route structlog and the standard library's loggers to stdout."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Without the frames' variables: they hold passwords and tokens.
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
        ),
        _named(service),
    ]
    pretty = sys.stdout.isatty()
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if pretty
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[*(shared[:3] if pretty else shared), last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory() if pretty else structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _route_stdlib(shared, level, pretty=pretty)


def _route_stdlib(shared: list[structlog.typing.Processor], level: str, *, pretty: bool) -> None:
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if pretty
        else structlog.processors.JSONRenderer(serializer=lambda o, **_: _json(o).decode())
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _json(words: Any, **_: Any) -> bytes:
    return orjson.dumps(words, default=str, option=orjson.OPT_NON_STR_KEYS)


def _named(service: str) -> structlog.typing.Processor:
    def name(_logger: Any, _method: str, words: structlog.typing.EventDict) -> Any:
        words["service"] = service
        return words

    return name


@contextmanager
def bound(**words: Any) -> Iterator[None]:
    """Bind words for one unit of work; what was bound before comes back after it."""
    tokens = structlog.contextvars.bind_contextvars(**words)
    try:
        yield
    finally:
        structlog.contextvars.reset_contextvars(**tokens)
