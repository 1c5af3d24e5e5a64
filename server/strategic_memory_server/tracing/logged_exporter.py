"""LoggedExporter: tells in the log when traces cannot be sent, and when they are sent again; once each."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_USER_AND_PASSWORD = re.compile(r"[^\s/@]+@")

logger = structlog.get_logger(__name__)


class _LastWords(logging.Handler):
    """Keeps the last that an exporter has said, which says so with every batch."""

    said = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.said = _without_password(record)


class _IntoTheLog(logging.Handler):
    """Takes what OpenTelemetry has to say into the log of the service."""

    def emit(self, record: logging.LogRecord) -> None:
        logger.warning("OpenTelemetry has something to say", said=_without_password(record))


class LoggedExporter(SpanExporter):
    """Sends by an exporter, in the thread of the span processor.

    Args:
        make_exporter: makes what sends.
    """

    def __init__(self, make_exporter: Callable[[], SpanExporter]) -> None:
        _listen("opentelemetry", logging.WARNING, _IntoTheLog())
        # It would show headers, which hold tokens.
        _listen("opentelemetry.util.re", logging.WARNING, logging.NullHandler())
        self._exporter = make_exporter()
        self._fails = False
        self._last = _LastWords()
        _listen("opentelemetry.exporter", logging.ERROR, self._last)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; those that cannot be sent are dropped."""
        result = self._exporter.export(spans)
        fails = result is not SpanExportResult.SUCCESS
        if fails and not self._fails:
            logger.warning("Traces cannot be sent; they are dropped", error=self._last.said)
        elif self._fails and not fails:
            logger.info("Traces are sent again")
        self._fails = fails
        return result

    def shutdown(self) -> None:
        """End; what is under way is given up."""
        self._exporter.shutdown()


def _without_password(record: logging.LogRecord) -> str:
    return _USER_AND_PASSWORD.sub("", record.getMessage())


def _listen(name: str, level: int, handler: logging.Handler) -> None:
    listened = logging.getLogger(name)
    listened.setLevel(level)
    listened.handlers[:] = [handler]
    listened.propagate = False
