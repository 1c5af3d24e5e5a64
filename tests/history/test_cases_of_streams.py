"""Where a violation ends and an excuse begins: how streams begin, go through epochs and end."""

from __future__ import annotations

from history.checker import check
from history.model import Answer, Delivery, End, History, LogSample, Restart, Subscriber
from history.promises import Promise
from history.small_history import (
    FAULT,
    SERVER,
    THREE,
    answered,
    at,
    beat,
    broken,
    brought,
    published,
    said,
    stream,
)

_OTHER = {Delivery.EVERY: Promise.LATEST, Delivery.LATEST: Promise.GAP_FREE}


class TestFirstMessage:
    def test_a_server_may_lag_a_little(self) -> None:
        assert broken(stream(3.9, brought(2, 4))) == set()
        assert broken(stream(4.1, brought(2, 4.2))) == {Promise.FIRST}

    def test_a_server_that_is_cut_off_may_lag(self) -> None:
        assert broken(stream(4.1, brought(2, 4.2)), faults=FAULT) == set()

    def test_but_not_behind_what_it_said_itself(self) -> None:
        told = (answered(3, 4),)
        assert broken(stream(4.1, brought(2, 4.2)), faults=FAULT, answers=told) == {Promise.FIRST}
        elsewhere = stream(4.1, brought(2, 4.2), address="127.0.0.1:1002")
        assert broken(elsewhere, faults=FAULT, answers=told) == set()

    def test_a_server_that_was_started_again_may_not_know_the_log_yet(self) -> None:
        told = (answered(3, 4),)
        assert broken(stream(4.1, brought(0, 4.2, epoch="")), faults=FAULT, answers=told) == set()
        assert broken(stream(4.1, brought(0, 4.2)), faults=FAULT, answers=told) == {Promise.FIRST}

    def test_a_server_that_was_started_again_goes_back_no_further_than_the_log(self) -> None:
        told = (answered(3, 4), answered(2, 6))
        fell = (LogSample(at(3), "e", 1, 3), LogSample(at(5), "e", 1, 2))
        began_again = (Restart(SERVER, at(5.5)),)
        back = stream(6.1, brought(2, 6.2))
        assert broken(back, faults=FAULT, answers=told) == {Promise.FIRST, Promise.EPOCH_HONEST}
        assert broken(back, faults=FAULT, answers=told, restarts=began_again) == {Promise.FIRST, Promise.EPOCH_HONEST}
        assert broken(back, faults=FAULT, answers=told, samples=fell) == {Promise.FIRST, Promise.EPOCH_HONEST}
        assert broken(back, faults=FAULT, answers=told, samples=fell, restarts=began_again) == set()
        too_far = stream(6.1, brought(1, 6.2))
        assert broken(too_far, faults=FAULT, samples=fell, answers=told[:1], restarts=began_again) == {Promise.FIRST}
        on_it_went = (*told, answered(3, 7), answered(2, 8))
        assert broken(back, faults=FAULT, answers=on_it_went, samples=fell, restarts=began_again) == {
            Promise.EPOCH_HONEST
        }

    def test_at_an_address_that_several_share_one_may_lag_behind_another(self) -> None:
        told = (answered(3, 4), answered(2, 4.5))
        late = stream(4.1, brought(2, 4.2))
        assert broken(late, faults=FAULT, answers=told) == {Promise.FIRST, Promise.EPOCH_HONEST}
        assert broken(late, faults=FAULT, answers=told, shared=(SERVER,)) == set()
        assert broken(late, faults=FAULT, answers=told, shared=("127.0.0.1:1002",)) == {
            Promise.FIRST,
            Promise.EPOCH_HONEST,
        }
        # Nobody lags behind the log without a fault, and no stream goes back.
        assert broken(stream(8, brought(2, 8.2)), shared=(SERVER,)) == {Promise.FIRST}
        back = stream(4.1, brought(3, 4.2), brought(2, 4.3))
        assert Promise.ORDERED in broken(back, faults=FAULT, shared=(SERVER,))

    def test_what_was_told_only_afterwards_does_not_count(self) -> None:
        assert broken(stream(3.9, brought(2, 4)), answers=(answered(3, 3.95),)) == set()
        at_once = Answer(SERVER, at(3.8), at(3.9), said(3))
        assert broken(stream(3.9, brought(2, 4)), answers=(at_once,)) == set()

    def test_who_resumes_and_asks_for_it_gets_the_feedback_in_force_first(self) -> None:
        for delivery in Delivery:
            for resume, messages, promises in (
                (3, (brought(3, 4.2), brought(4, 5.1)), set[Promise]()),
                (3, (beat(3, 4.2),), {Promise.FIRST}),
                (3, (brought(3, 4.2, skipped=1),), {Promise.LATEST, Promise.GAP_FREE} - {_OTHER[delivery]}),
                (3, (brought(2, 4.2),), {Promise.FIRST, Promise.RESUMABLE}),
                (2, (brought(3, 4.2),), set[Promise]()),
                (2, (brought(2, 4.2), brought(3, 4.3)), {Promise.FIRST}),
            ):
                begun = stream(4.1, *messages, delivery=delivery, resume=("e", resume), send_current=True)
                assert broken(begun, publishes=(*THREE, published(4, 5))) == promises, (delivery, messages)
        again = stream(4.1, brought(3, 4.2), resume=("e", 3))
        assert broken(again) == {Promise.RESUMABLE}, "it was not asked for"


class TestEpochs:
    def test_what_follows_a_server_that_had_not_read_the_log_is_what_is_in_force_then(self) -> None:
        for delivery in Delivery:
            unread = stream(0.5, brought(0, 0.6, ""), brought(3, 3.1), delivery=delivery)
            assert broken(unread) == set()
        skips = stream(2.1, brought(0, 2.2, ""), brought(3, 3.1, skipped=2), delivery=Delivery.LATEST)
        assert broken(skips, faults=FAULT) == {Promise.LATEST}
        had_read = stream(0.5, brought(0, 0.6), brought(3, 3.1), delivery=Delivery.EVERY)
        assert broken(had_read) == {Promise.GAP_FREE}

    def test_what_came_since_there_was_no_log_may_be_counted(self) -> None:
        for skipped, promises in (
            (0, set[Promise]()),
            (2, set[Promise]()),
            (1, {Promise.LATEST}),
            (3, {Promise.LATEST}),
        ):
            counted = stream(0.5, brought(0, 0.6, ""), brought(3, 3.1, skipped=skipped), delivery=Delivery.LATEST)
            assert broken(counted) == promises

    def test_that_there_is_no_log_may_have_been_said_as_early_as_the_stream_was_opened(self) -> None:
        late = brought(0, 2.2, ""), brought(3, 3.1, skipped=2)
        assert broken(stream(0.5, *late)) == set()

    def test_that_there_is_no_log_may_be_said_for_as_long_as_a_server_may_lag(self) -> None:
        late = brought(0, 2.2, ""), brought(3, 3.1, skipped=2)
        assert broken(stream(1.9, *late)) == set()
        assert broken(stream(2.1, *late)) == {Promise.FIRST, Promise.LATEST}

    def test_the_first_revision_of_a_later_epoch_may_be_any(self) -> None:
        later = (published(8, 4, "f"),)
        for delivery, skipped in ((Delivery.EVERY, 0), (Delivery.LATEST, 0), (Delivery.LATEST, 7)):
            seen = stream(3.5, brought(0, 3.6, "f"), brought(8, 4.1, "f", skipped=skipped), delivery=delivery)
            assert broken(seen, publishes=later, epochs=("f",)) == set()
        early = stream(3.5, brought(0, 3.6, "f"), brought(9, 5.1, "f"), delivery=Delivery.EVERY)
        assert broken(early, publishes=(*later, published(9, 5, "f")), epochs=("f",)) == {Promise.GAP_FREE}

    def test_a_log_that_fell_back_may_not_grow_until_the_epoch_changes(self) -> None:
        fell = (LogSample(at(3), "e", 1, 3), LogSample(at(4), "e", 1, 2))
        assert broken(samples=fell) == set()
        assert broken(samples=(*fell, LogSample(at(5), "e", 1, 3))) == {Promise.EPOCH_HONEST}
        assert broken(samples=(*fell, LogSample(at(5), "f", 1, 3))) == set()

    def test_a_log_that_is_trimmed_by_hand_has_not_fallen_back(self) -> None:
        trimmed = (LogSample(at(2), "e", 1, 2), LogSample(at(2.5), "e", 2, 2), LogSample(at(3), "e", 2, 3))
        assert broken(samples=trimmed) == set()

    def test_a_server_that_was_started_again_has_not_gone_back(self) -> None:
        assert broken(answers=(answered(3, 4), answered(0, 5, epoch=""))) == set()
        assert broken(answers=(answered(3, 4), answered(2, 5))) == {Promise.EPOCH_HONEST}

    def test_who_is_left_in_an_old_epoch_counts_only_when_all_has_settled(self) -> None:
        later = (*THREE, published(4, 4, "f"))
        left = stream(2.9, brought(3, 3.1), end=End(at(4.5), "UNAVAILABLE"))
        assert broken(left, publishes=later) == set()
        assert broken(left, publishes=later, settled_ms=at(9)) == {Promise.EPOCH_HONEST}

    def test_a_log_that_was_emptied_goes_on_where_it_was(self) -> None:
        emptied = (LogSample(at(3), "e", 1, 3), LogSample(at(4), "", 0, 0), LogSample(at(5), "e", 4, 4))
        assert broken(samples=emptied, publishes=(*THREE, published(4, 5))) == set()

    def test_a_stream_may_learn_its_epoch_before_the_first_revision(self) -> None:
        assert broken(stream(0.5, brought(0, 0.6, ""), beat(0, 0.7, "e", valid_until_s=9), brought(1, 1.1))) == set()

    def test_one_that_starts_afresh_has_given_up_what_lies_between(self) -> None:
        one = stream(0.5, brought(1, 1.1), delivery=Delivery.EVERY, end=End(at(1.5), "UNAVAILABLE"))
        afresh = stream(3.2, brought(3, 3.3), delivery=Delivery.EVERY)
        resumed = stream(3.2, brought(3, 3.3), delivery=Delivery.EVERY, resume=("e", 2))
        assert broken(one, afresh) == set()
        assert broken(one, resumed) == {Promise.GAP_FREE}

    def test_subscribers_are_not_taken_for_one_another(self) -> None:
        one = stream(0.5, brought(1, 1.1), delivery=Delivery.EVERY)
        other = stream(2.5, brought(3, 3.3), delivery=Delivery.EVERY, resume=("e", 2))
        history = History(THREE, subscribers=(Subscriber("one", (one,)), Subscriber("other", (other,))))
        assert check(history) == []


class TestEnds:
    cut = End(at(5), "INTERNAL", "RST_STREAM with error code 2")

    def test_a_connection_that_was_broken_on_purpose_may_end_a_stream_oddly(self) -> None:
        seen = brought(3, 3.5)
        assert broken(stream(3.2, seen, end=self.cut)) == {Promise.ENDED}
        assert broken(stream(3.2, seen, end=self.cut), faults=FAULT) == set()
        assert broken(stream(3.2, seen, end=End(at(5), "INTERNAL", "a fault")), faults=FAULT) == {Promise.ENDED}
        assert broken(stream(3.2, seen, end=End(at(5), "UNKNOWN", "RST_STREAM")), faults=FAULT) == {Promise.ENDED}

    def test_a_stream_that_is_opened_as_its_server_ends_is_cancelled_by_grpc(self) -> None:
        end = End(at(5), "CANCELLED", "CANCELLED")
        assert broken(stream(4.9, end=end), faults=FAULT) == set()
        assert broken(stream(4.9, end=end)) == {Promise.ENDED}
        assert broken(stream(3.2, brought(3, 3.5), end=end), faults=FAULT) == {Promise.ENDED}

    def test_an_observer_may_end_its_stream(self) -> None:
        assert broken(stream(3.2, brought(3, 3.5), end=End(at(5), "CANCELLED", by_observer=True))) == set()

    def test_a_subscriber_that_stops_short_counts_only_when_all_has_settled(self) -> None:
        behind = stream(2.1, brought(2, 2.2))
        assert broken(behind) == set()
        assert broken(behind, settled_ms=at(9)) == {Promise.LATEST}
        resumed = stream(2.1, delivery=Delivery.EVERY, resume=("e", 2))
        assert broken(resumed, settled_ms=at(9)) == {Promise.GAP_FREE}

    def test_a_subscriber_that_was_sent_nothing_has_stopped_short_too(self) -> None:
        unheard = stream(2.1, end=End(at(2.2), "UNAVAILABLE"))
        assert broken(unheard) == set()
        assert broken(unheard, settled_ms=at(9)) == {Promise.LATEST}
