"""RecordedTracing: tells OpenTelemetry of the work. Imported only where traces are asked for.

Spans are handed to a thread that sends them in batches; whatever becomes of them there, nobody here waits for it.
Nothing is told but names, counts, revisions and status codes: no metadata of a call, no address, no text of an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import structlog
from opentelemetry import propagate, trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from strategic_memory_server.tracing.logged_exporter import LoggedExporter
from strategic_memory_server.tracing.recorded_cycle import RecordedCycle
from strategic_memory_server.tracing.trace_context import FIELD, carried_in, carried_on
from strategic_memory_server.tracing.tracing import NO_SPAN, Cycle, Fields, Span, Tracing

FLUSH_S = 2.0
"""Longest wait at the end for what is still to be sent, seconds."""

NEW_FOR_S = 60.0
"""So long the writing of a revision to streams is a part of its trace, seconds; who subscribes later is not."""

MOST_REMEMBERED = 256
"""Revisions whose traces are known."""

FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""Codes that are errors of a server, as the conventions for spans of RPCs have it."""

_SERVICE_NAME = "service.name"

logger = structlog.get_logger(__name__)


def tracing_to(make_exporter: Callable[[], SpanExporter], version: str) -> RecordedTracing:
    """Trace to an exporter; everything is set by OpenTelemetry's own variables."""
    exporter = LoggedExporter(make_exporter)
    provider = TracerProvider(resource=_resource(version), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return RecordedTracing(provider)


def _resource(version: str) -> Resource:
    """Say what is traced, where the variables do not."""
    found = Resource.create()
    told = dict(found.attributes)
    if str(told[_SERVICE_NAME]).startswith("unknown_service"):
        del told[_SERVICE_NAME]
    return Resource({_SERVICE_NAME: "strategic-memory-server", "service.version": version, **told}, found.schema_url)


class RecordedDelivery(Span):
    """A span that ends when the context is left."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def __exit__(self, *_raised: object) -> None:
        self._span.end()


class RecordedCall(Span):
    """A span that is in force until the context is left."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token = attach(trace.set_span_in_context(span))

    def __exit__(self, *_raised: object) -> None:
        detach(self._token)
        self._span.end()

    def ended_with(self, code: str) -> None:
        """Tell the status code, by its name."""
        self._span.set_attribute("rpc.response.status_code", code)
        if code in FAULTS:
            self._span.set_status(Status(StatusCode.ERROR))


class Apart(Span):
    """No span is in force until the context is left."""

    def __init__(self) -> None:
        self._token = attach(Context())

    def __exit__(self, *_raised: object) -> None:
        detach(self._token)


class RecordedTracing(Tracing):
    """Tells OpenTelemetry.

    Args:
        provider: makes the spans.
        clock_s: gives seconds of a clock that nobody sets.
    """

    is_on = True

    def __init__(self, provider: TracerProvider, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("strategic_memory_server")
        self._clock_s = clock_s
        self._received: dict[tuple[bytes, bytes], tuple[SpanContext, float]] = {}

    def cycle(self, portfolio: str = "") -> Cycle:
        """Begin a cycle of a portfolio."""
        return RecordedCycle(self._tracer, portfolio)

    def carried(self) -> str:
        """Return the `traceparent` of the work in hand; empty where nobody records it."""
        return carried_on()

    def written(self, epoch: str, revision: int, traceparent: str) -> None:
        """Tell that a revision is in the log."""
        trace.get_current_span().set_attributes(_names_of(epoch, revision))
        self._remember(epoch.encode(), b"%d" % revision, {FIELD: traceparent.encode()})

    def received(self, entries: Sequence[tuple[bytes, Fields]]) -> None:
        """Learn of which traces the new entries of the log are."""
        for _, fields in entries:
            self._remember(fields.get(b"epoch", b""), fields.get(b"revision", b""), fields)

    def call(self, method: str, metadata: Iterable[tuple[str, str | bytes]]) -> Span:
        """Begin a call, as a part of the trace that its metadata carry."""
        carried = {name: value for name, value in metadata if isinstance(value, str)}
        return RecordedCall(
            self._tracer.start_span(
                method,
                propagate.extract(carried, Context()),
                SpanKind.SERVER,
                {"rpc.system.name": "grpc", "rpc.method": method},
            )
        )

    def delivery(self, epoch: str, revision: int) -> Span:
        """Begin to write a revision to one stream; what is not new any more is no part of its trace."""
        origin, received_s = self._received.get((epoch.encode(), b"%d" % revision), (None, 0.0))
        if origin is None or self._clock_s() - received_s > NEW_FOR_S:
            return NO_SPAN
        stream = trace.get_current_span().get_span_context()
        parent = trace.set_span_in_context(trace.NonRecordingSpan(origin), Context())
        links = [Link(stream)] if stream.is_valid else ()
        return RecordedDelivery(
            self._tracer.start_span("deliver", parent, SpanKind.CONSUMER, _names_of(epoch, revision), links)
        )

    def apart(self) -> Span:
        """Begin what is no part of the work in hand."""
        return Apart()

    async def close(self) -> None:
        """Send what is still to be sent, and wait no longer than FLUSH_S for that."""
        ended, loop = asyncio.Event(), asyncio.get_running_loop()

        def shut_down() -> None:
            self._provider.shutdown()
            # By then nobody may wait any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=shut_down, name="traces-end", daemon=True).start()
        try:
            async with asyncio.timeout(FLUSH_S):
                await ended.wait()
        except TimeoutError:
            logger.warning("Last traces are given up: whoever collects them does not answer", waited_s=FLUSH_S)

    def _remember(self, epoch: bytes, revision: bytes, fields: Fields) -> None:
        if (origin := carried_in(fields)) is None:
            return
        self._received.setdefault((epoch, revision), (origin, self._clock_s()))
        if len(self._received) > MOST_REMEMBERED:
            del self._received[next(iter(self._received))]


def _names_of(epoch: str, revision: int) -> dict[str, str | int]:
    return {"strategic_memory.epoch": epoch, "strategic_memory.revision": revision}
