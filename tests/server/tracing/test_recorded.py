"""What a delivery belongs to, which entry gives a cycle its parent, and what is told of the process."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from strategic_memory_server.tracing.recorded import MOST_REMEMBERED, NEW_FOR_S, RecordedTracing
from strategic_memory_server.tracing.trace_context import carried_in
from strategic_memory_server.tracing.tracing import Fields


def traceparent(span: int) -> bytes:
    return b"00-%032x-%016x-01" % (7, span)


def entry(revision: int) -> tuple[bytes, Fields]:
    fields = {b"revision": b"%d" % revision, b"epoch": b"e", b"traceparent": traceparent(revision)}
    return b"%d-0" % revision, fields


class Recorded:
    """Tracing, and what it has told."""

    def __init__(self, clock_s: Callable[[], float] = lambda: 0.0) -> None:
        self._told = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._told))
        self.tracing = RecordedTracing(provider, clock_s)

    def told(self) -> list[ReadableSpan]:
        spans = list(self._told.get_finished_spans())
        self._told.clear()
        return spans

    def deliver(self, revision: int, epoch: str = "e") -> int | None:
        """Write a revision to a stream; the span that it belongs to, None: it is no part of a trace."""
        with self.tracing.delivery(epoch, revision):
            pass
        return next((span.parent.span_id for span in self.told() if span.parent), None)


def test_a_delivery_belongs_to_the_write_of_its_revision_while_that_is_new() -> None:
    now_s = 100.0
    recorded = Recorded(lambda: now_s)
    recorded.tracing.received([entry(3)])
    assert recorded.deliver(3) == 3
    assert (recorded.deliver(4), recorded.deliver(3, "other")) == (None, None)
    now_s += NEW_FOR_S
    assert recorded.deliver(3) == 3
    now_s += 1
    assert recorded.deliver(3) is None
    # The server that wrote it reads it back, which makes it no younger.
    recorded.tracing.received([entry(3)])
    assert recorded.deliver(3) is None


def test_what_is_known_of_traces_is_bounded() -> None:
    recorded = Recorded()
    recorded.tracing.received([entry(revision) for revision in range(1, MOST_REMEMBERED + 2)])
    assert (recorded.deliver(1), recorded.deliver(2), recorded.deliver(MOST_REMEMBERED + 1)) == (
        None,
        2,
        MOST_REMEMBERED + 1,
    )


def test_entries_of_other_programs_are_no_matter() -> None:
    recorded = Recorded()
    recorded.tracing.received(
        [(b"1-0", {}), (b"2-0", {b"traceparent": traceparent(2)}), (b"3-0", {b"revision": b"\xff"})]
    )
    assert recorded.deliver(2) is None


def test_the_newest_entry_gives_a_cycle_its_parent_and_others_are_linked() -> None:
    recorded = Recorded()
    new = [(b"9-2", {b"traceparent": traceparent(1)}), (b"10-0", {b"traceparent": traceparent(2)}), (b"9-10", {})]
    with recorded.tracing.cycle() as cycle:
        cycle.found(lambda: [*new, (b"9-10", {b"traceparent": traceparent(3)})])
        cycle.begins("write")
        assert carried_in({b"traceparent": recorded.tracing.carried().encode()}) is not None
        cycle.finished("published", None)
        assert recorded.tracing.carried()
    assert recorded.tracing.carried() == ""
    read, write, sync = recorded.told()
    assert sync.parent is not None
    assert sync.parent.span_id == 2
    assert [link.context.span_id for link in sync.links] == [1, 3]
    assert read.context is not None
    assert write.parent is not None
    assert sync.context is not None
    assert write.parent.span_id == sync.context.span_id
    assert sync.attributes is not None
    assert sync.attributes["strategic_memory.new_entries"] == 4
