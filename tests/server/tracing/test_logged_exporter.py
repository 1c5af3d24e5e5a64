"""That traces cannot be sent is told once, without a password, and so is that they are sent again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs

from strategic_memory_server.tracing.logged_exporter import LoggedExporter

NAMES = ("opentelemetry", "opentelemetry.exporter", "opentelemetry.util.re")


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    found = {name: logging.getLogger(name) for name in NAMES}
    before = {name: (each.level, each.propagate, list(each.handlers)) for name, each in found.items()}
    yield
    for name, each in found.items():
        each.level, each.propagate, each.handlers[:] = before[name]


class Exporter(SpanExporter):
    """Gives the results that it was given, and says why where it fails."""

    def __init__(self, *results: bool) -> None:
        self._results = list(results)
        logging.getLogger("opentelemetry.exporter.made").error("No file of %s", "user:hidden@host")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._results.pop(0):
            return SpanExportResult.SUCCESS
        logging.getLogger("opentelemetry.exporter.here").error("Failed to export to %s", "user:hidden@host:4317")
        return SpanExportResult.FAILURE


def test_a_failure_is_told_once_and_so_is_its_end() -> None:
    with capture_logs() as lines:
        exporter = LoggedExporter(lambda: Exporter(True, False, False, True, False))
        results = [exporter.export(()) for _ in range(5)]
    assert [result is SpanExportResult.SUCCESS for result in results] == [True, False, False, True, False]
    why = {"error": "Failed to export to host:4317", "log_level": "warning"}
    assert lines == [
        {"event": "OpenTelemetry has something to say", "said": "No file of host", "log_level": "warning"},
        {"event": "Traces cannot be sent; they are dropped", **why},
        {"event": "Traces are sent again", "log_level": "info"},
        {"event": "Traces cannot be sent; they are dropped", **why},
    ]
