"""Random histories against the model of `tests/server/revisions/stream_world.py`: contract 5, promises 1 to 5."""

from __future__ import annotations

from advice import NOW_MS
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from repeatable import repeatable
from server.revisions.stream_world import VALIDITY_MS, ModelLog, Server, Subscriber

from strategic_memory_server.faults.errors import LogNotReadError, ResumePointError, ResumeRefusal
from strategic_memory_server.revisions.stream_cursor import Delivery, StreamCursor


class StreamHistory(RuleBasedStateMachine):
    """One log, one server that follows it, and subscribers who come, read slowly, and are lost."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = NOW_MS
        self.log = ModelLog()
        self.server = Server(self.log)
        self.subscribers: list[Subscriber] = []

    @precondition(lambda self: not self.log.epoch)
    @rule()
    def open_log(self) -> None:
        self.log.open()

    @precondition(lambda self: self.log.epoch)
    @rule(times=st.integers(1, 4))
    def publish(self, times: int) -> None:
        for _ in range(times):
            said = self.log.publish(self.now_ms)
            self.server.unread.append((said, self.log.state))

    @precondition(lambda self: self.log.times.computed_at_ms is not None)
    @rule()
    def confirm(self) -> None:
        self.server.confirmed(self.now_ms)

    @rule(passed_ms=st.sampled_from([1, VALIDITY_MS // 2, VALIDITY_MS, VALIDITY_MS + 1]))
    def pass_time(self, passed_ms: int) -> None:
        self.now_ms += passed_ms

    @precondition(lambda self: self.log.epoch)
    @rule(known=st.booleans())
    def everything_is_deleted(self, known: bool) -> None:
        """Somebody opens the log again, who may or may not know how far it had come."""
        self.log.entries.clear()
        self.log.open(self.log.highest if known else 0)
        self.server.unread.append((None, None))

    @precondition(lambda self: self.log.entries)
    @rule(lost=st.integers(1, 3))
    def failover_loses_the_newest(self, lost: int) -> None:
        """The next publication begins another epoch; entries of the old one stay in the log."""
        self.log.entries = self.log.entries[:-lost]
        said = self.log.publish(self.now_ms, new_epoch=True)
        self.server.unread.append((said, self.log.state))

    @rule(times=st.integers(1, 5))
    def server_reads(self, times: int) -> None:
        for _ in range(times):
            self.server.read_next()

    @rule()
    def server_reads_the_log_whole(self) -> None:
        self.server.read_whole()

    @rule(delivery=st.sampled_from(Delivery))
    def subscribe(self, delivery: Delivery) -> None:
        hub = self.server.hub
        cursor = StreamCursor(hub, delivery)
        self.subscribers.append(Subscriber(cursor, delivery, hub.epoch, None, not hub.was_read))

    @rule(
        delivery=st.sampled_from(Delivery),
        back=st.integers(-2, 9),
        named=st.sampled_from(["", "current", "another"]),
        send_current=st.booleans(),
    )
    def resume(self, delivery: Delivery, back: int, named: str, send_current: bool) -> None:
        """Resume at every distance from the newest: exactly the foreign, future and compacted points are refused."""
        hub = self.server.hub
        after = max(hub.revision - back, 0)
        epoch = hub.epoch if named == "current" else named
        expected = self._expected_refusal(after, epoch)
        refusal: ResumePointError | None = None
        try:
            cursor = StreamCursor(hub, delivery, resume_after=after, epoch=epoch, send_current=send_current)
        except LogNotReadError:
            assert not hub.epoch
            return
        except ResumePointError as refused:
            refusal = refused
        else:
            subscriber = Subscriber(cursor, delivery, hub.epoch, after, blind=False, lacks_current=send_current)
            self.subscribers.append(subscriber)
        assert hub.epoch
        assert (refusal and refusal.refusal) is expected
        if refusal:
            assert (refusal.oldest, refusal.current, refusal.epoch) == (hub.oldest_retained, hub.revision, hub.epoch)

    def _expected_refusal(self, after: int, epoch: str) -> ResumeRefusal | None:
        hub = self.server.hub
        if epoch not in ("", hub.epoch):
            return ResumeRefusal.EPOCH_CHANGED
        if after > hub.revision:
            return ResumeRefusal.REVISION_IN_FUTURE
        following = self.log.between(hub.epoch, after, hub.revision + 1)
        return ResumeRefusal.REVISION_COMPACTED if following and following[0] < hub.oldest_retained else None

    @precondition(lambda self: self.subscribers)
    @rule(data=st.data(), most=st.integers(1, 12))
    def subscriber_reads(self, data: st.DataObject, most: int) -> None:
        subscriber = data.draw(st.sampled_from(self.subscribers))
        if not self.server.pump(subscriber, self.now_ms, most):
            self.subscribers.remove(subscriber)

    def teardown(self) -> None:
        """In the end everybody reads everything."""
        self.server.read_whole()
        for subscriber in self.subscribers:
            self.server.pump(subscriber, self.now_ms, 1_000)


TestStreamHistory = StreamHistory.TestCase
TestStreamHistory.settings = settings(parent=repeatable(400), stateful_step_count=40)
