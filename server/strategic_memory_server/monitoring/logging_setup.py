"""Logging: one JSON object a line on standard output, or coloured lines for a person."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

import structlog

from strategic_memory_server.monitoring.log_lines import LogLines


def _event_first(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Put what happened before the details, for whoever reads the lines."""
    return {"event": line.pop("event"), **line}


def set_up_logging(level: str, log_format: str, further: Sequence[structlog.typing.Processor] = ()) -> LogLines:
    """Configure structlog once, at the edge; give what writes the lines, which knows whether it can.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        log_format: "json" or "console".
        further: what adds to each line.
    """
    # Where standard output was closed, its number may be given to a connection.
    lines = LogLines(sys.stdout.fileno() if sys.stdout else os.open(os.devnull, os.O_WRONLY))
    rendering: list[structlog.typing.Processor]
    if log_format == "json":
        rendering = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # By default it would show the local variables of each call, where a password or a token may be.
        plain = structlog.dev.plain_traceback
        rendering = [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *further,
            _event_first,
            *rendering,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    # Libraries that use the standard logging speak up only when something is wrong.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # gRPC writes a traceback for each client that goes away in the middle of an answer; faults of handlers are logged
    # at the boundary of the RPCs before gRPC sees them.
    logging.getLogger("grpc._cython.cygrpc").setLevel(logging.CRITICAL)
    return lines
