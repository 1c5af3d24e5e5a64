"""Which refusals of a resume point are true, and which are excused."""

from __future__ import annotations

from history.model import Delivery, End, Fault, LogSample
from history.promises import Promise
from history.small_history import (
    FAULT,
    THREE,
    at,
    broken,
    brought,
    published,
    refused,
    stream,
)


class TestRefusals:
    trimmed = (LogSample(at(1), "e", 1, 1), LogSample(at(3), "e", 3, 3))

    def refusal(
        self, opened_s: float, asked: tuple[str, int], end: End, faults: tuple[Fault, ...] = ()
    ) -> set[Promise]:
        return broken(stream(opened_s, resume=asked, end=end), samples=self.trimmed, faults=faults)

    def test_compacted(self) -> None:
        end = refused(5.1, "REVISION_COMPACTED", 3, 3)
        assert self.refusal(5, ("e", 1), end) == set()
        assert self.refusal(5, ("", 1), end) == set()
        assert self.refusal(5, ("e", 2), end) == {Promise.RESUMABLE}
        assert self.refusal(5, ("e", 1), refused(5.1, "REVISION_COMPACTED", 4, 3)) == {Promise.RESUMABLE}

    def test_the_oldest_may_be_told_late_only_by_a_server_that_is_cut_off(self) -> None:
        end = refused(5.1, "REVISION_COMPACTED", 2, 3)
        assert self.refusal(5, ("e", 0), end) == {Promise.RESUMABLE}
        assert self.refusal(5, ("e", 0), end, faults=FAULT) == set()

    def test_the_current_may_be_told_late_only_by_a_server_that_is_cut_off(self) -> None:
        end = refused(5.1, "REVISION_COMPACTED", 3, 2)
        assert self.refusal(5, ("e", 0), end) == {Promise.RESUMABLE}
        assert self.refusal(5, ("e", 0), end, faults=FAULT) == set()

    def test_nothing_retained(self) -> None:
        end = refused(5.1, "REVISION_COMPACTED", 0, 3)
        assert self.refusal(5, ("e", 1), end, faults=FAULT) == set()
        assert self.refusal(5, ("e", 3), end, faults=FAULT) == {Promise.RESUMABLE}

    def test_a_running_stream_of_the_newest_is_never_compacted(self) -> None:
        end = refused(5.1, "REVISION_COMPACTED", 3, 3)
        compacted = stream(1.2, brought(1, 1.5), end=end)
        assert broken(compacted, samples=self.trimmed) == {Promise.RESUMABLE}
        every = stream(1.2, brought(1, 1.5), end=end, delivery=Delivery.EVERY)
        assert broken(every, samples=self.trimmed) == set()

    def test_in_the_future(self) -> None:
        assert self.refusal(5, ("e", 4), refused(5.1, "REVISION_IN_FUTURE", 3, 3)) == set()
        assert self.refusal(5, ("e", 3), refused(5.1, "REVISION_IN_FUTURE", 3, 3)) == {Promise.RESUMABLE}
        assert self.refusal(5, ("other", 4), refused(5.1, "REVISION_IN_FUTURE", 3, 3)) == {Promise.RESUMABLE}

    def test_a_server_that_lags_does_not_call_it_the_future(self) -> None:
        lagging = refused(3.6, "REVISION_IN_FUTURE", 1, 2)
        assert self.refusal(2.9, ("e", 3), lagging, faults=FAULT) == set()
        assert self.refusal(3.1, ("e", 3), lagging, faults=FAULT) == {Promise.RESUMABLE}
        assert self.refusal(4.5, ("e", 3), lagging, faults=FAULT) == {Promise.RESUMABLE}

    def test_what_redis_has_lost_is_in_the_future_or_of_another_epoch(self) -> None:
        fell = (LogSample(at(3), "e", 1, 3), LogSample(at(4), "e", 1, 1))
        future = stream(5.5, resume=("e", 3), end=refused(5.6, "REVISION_IN_FUTURE", 1, 1))
        assert broken(future, samples=fell, faults=FAULT) == set()
        assert broken(future, samples=fell[:1], faults=FAULT) == {Promise.RESUMABLE}
        # What the next look shows may have been so before; where that shows what was asked for, it was there all along.
        later = fell[0], LogSample(at(5.7), "e", 1, 1)
        assert broken(future, samples=later, faults=FAULT) == set()
        trimmed = fell[0], LogSample(at(5.7), "e", 2, 3)
        assert broken(future, samples=trimmed, faults=FAULT) == {Promise.RESUMABLE}
        two = (*THREE, published(4, 4, "f"))
        back = (LogSample(at(4), "f", 1, 4), LogSample(at(5), "e", 1, 3))
        another = stream(5.5, resume=("f", 4), end=refused(5.6, "EPOCH_CHANGED", 1, 3))
        assert broken(another, publishes=two, epochs=("e", "f"), samples=back, faults=FAULT) == set()
        assert broken(another, publishes=two, epochs=("e", "f"), samples=back[:1], faults=FAULT) == {Promise.RESUMABLE}

    def test_an_epoch_without_a_revision_stands_where_it_goes_on_above(self) -> None:
        begun = (*THREE, published(6, 6, "f"))
        right = stream(5, resume=("e", 3), end=refused(5.1, "EPOCH_CHANGED", 6, 5, "f"))
        assert broken(right, publishes=begun, epochs=("e", "f")) == set()
        wrong = stream(5, resume=("e", 3), end=refused(5.1, "EPOCH_CHANGED", 6, 4, "f"))
        assert broken(wrong, publishes=begun, epochs=("e", "f")) == {Promise.RESUMABLE}

    def test_of_another_epoch(self) -> None:
        end = refused(5.1, "EPOCH_CHANGED", 3, 3)
        assert self.refusal(5, ("other", 3), end) == set()
        assert self.refusal(5, ("e", 3), end) == {Promise.RESUMABLE}
        assert self.refusal(5, ("", 3), end) == {Promise.RESUMABLE}

    def test_a_server_that_has_not_come_to_the_epoch_does_not_call_it_another(self) -> None:
        two = (*THREE, published(4, 4, "f"))
        behind = stream(4.5, resume=("f", 4), end=refused(4.6, "EPOCH_CHANGED", 1, 3))
        longer = stream(5.5, resume=("f", 4), end=refused(5.6, "EPOCH_CHANGED", 1, 3))
        assert broken(behind, publishes=two, epochs=("e", "f"), faults=FAULT) == set()
        assert broken(longer, publishes=two, epochs=("e", "f"), faults=FAULT) == {Promise.RESUMABLE}

    def test_an_epoch_that_has_no_revision_yet(self) -> None:
        end = refused(5.1, "EPOCH_CHANGED", 0, 0, "f")
        assert broken(stream(5, resume=("e", 3), end=end), epochs=("e", "f")) == set()
        assert broken(stream(5, resume=("e", 3), end=end)) == {Promise.RESUMABLE}

    def test_an_epoch_that_never_was(self) -> None:
        end = refused(5.1, "EPOCH_CHANGED", 0, 0, "never")
        assert broken(stream(5, resume=("other", 3), end=end)) == {Promise.RESUMABLE}

    def test_who_asked_for_nothing_is_not_refused(self) -> None:
        assert broken(stream(5, end=refused(5.1, "REVISION_COMPACTED", 3, 3))) == {Promise.RESUMABLE}
