"""RecordedCycle: one cycle of the sync as a span, and a span in it for each stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import Token

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, Tracer

from strategic_memory_server.tracing.trace_context import FIELD, carried_in
from strategic_memory_server.tracing.tracing import Cycle, Fields

MOST_LINKS = 16
"""Further entries of a cycle that carry a context, and are linked to."""

_WRITING = "write"


class RecordedCycle(Cycle):
    """A cycle, in force until the context is left.

    Whether an entry gives it a parent is known once the memory has been read, so that its span is begun then, with the
    time at which the cycle began.

    Args:
        tracer: makes the spans.
        portfolio: what the cycle is of; empty: the default one.
    """

    def __init__(self, tracer: Tracer, portfolio: str = "") -> None:
        self._tracer = tracer
        self._portfolio = portfolio
        self._began_ns = time.time_ns()
        self._whole: Span | None = None
        self._stage: Span | None = None
        self._tokens: list[Token[Context]] = []

    def __exit__(self, *_raised: object) -> None:
        self._end_stage()
        if self._whole is not None:
            self._whole.end()
            detach(self._tokens.pop())

    def found(self, newest: Callable[[], Iterable[tuple[bytes, Fields]]]) -> None:
        """Begin the span of the cycle, as a part of the trace of the newest entry that carries one."""
        entries = list(newest())
        whole = self._begin([context for _, context in sorted(_carried(entries), key=_by_id)])
        whole.set_attribute("strategic_memory.new_entries", len(entries))
        self._tracer.start_span("read", start_time=self._began_ns).end()

    def begins(self, stage: str) -> None:
        """End the stage in hand and begin another one; the log entry carries the context of the last."""
        self._end_stage()
        kind = SpanKind.PRODUCER if stage == _WRITING else SpanKind.INTERNAL
        self._stage = self._tracer.start_span(stage, kind=kind)
        self._tokens.append(attach(trace.set_span_in_context(self._stage)))

    def finished(self, outcome: str, failure: str | None) -> None:
        """End the stage in hand, and tell what came of the cycle."""
        self._end_stage()
        whole = self._whole or self._begin([])
        whole.set_attribute("strategic_memory.outcome", "failed" if failure else outcome)
        if failure:
            # The log line beside it says why.
            whole.set_status(Status(StatusCode.ERROR))

    def _begin(self, carried: list[SpanContext]) -> Span:
        parent = trace.set_span_in_context(trace.NonRecordingSpan(carried[-1]), Context()) if carried else Context()
        links = [Link(context) for context in carried[-1 - MOST_LINKS : -1]]
        self._whole = self._tracer.start_span("sync", parent, SpanKind.CONSUMER, links=links, start_time=self._began_ns)
        if self._portfolio:
            self._whole.set_attribute("strategic_memory.portfolio", self._portfolio)
        self._tokens.append(attach(trace.set_span_in_context(self._whole)))
        return self._whole

    def _end_stage(self) -> None:
        if self._stage is not None:
            self._stage.end()
            self._stage = None
            detach(self._tokens.pop())


def _carried(entries: Iterable[tuple[bytes, Fields]]) -> Iterator[tuple[bytes, SpanContext]]:
    for entry_id, fields in entries:
        if FIELD in fields and (context := carried_in(fields)) is not None:
            yield entry_id, context


def _by_id(carried: tuple[bytes, SpanContext]) -> tuple[int, int]:
    milliseconds, _, number = carried[0].partition(b"-")
    return int(milliseconds), int(number)
