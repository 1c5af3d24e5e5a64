"""Trace contexts as text: `traceparent` of W3C Trace Context, https://www.w3.org/TR/trace-context/."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.typing import EventDict

from strategic_memory_server.tracing.tracing import Fields

FIELD = b"traceparent"
_LENGTH = 55
"""Of version 00; a later one is at least as long, and begins in the same way."""

_W3C = TraceContextTextMapPropagator()


def carried_in(fields: Fields) -> SpanContext | None:
    """Return the context that an entry carries; None where it carries none, or something else."""
    text = fields.get(FIELD, b"")
    if len(text) < _LENGTH or not text.isascii():
        return None
    found = trace.get_current_span(_W3C.extract({"traceparent": text[: 2 * _LENGTH].decode()}, Context()))
    context = found.get_span_context()
    return context if context.is_valid else None


def add_ids(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Add the ids of the trace in hand to a line of the log; a processor of structlog."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = trace.format_trace_id(context.trace_id)
        line["span_id"] = trace.format_span_id(context.span_id)
    return line


def carried_on() -> str:
    """Return the context of the work in hand as text; empty where there is none, or nobody records it."""
    if not trace.get_current_span().get_span_context().trace_flags.sampled:
        return ""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent", "")
