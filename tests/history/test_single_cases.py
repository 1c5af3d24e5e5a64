"""Where a violation ends and an excuse begins: single cases on small histories, each beside its counterpart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from history.checker import check
from history.model import (
    Advice,
    Answer,
    Delivery,
    End,
    Fault,
    FeedbackMessage,
    History,
    LogGap,
    LogSample,
    Position,
    Promise,
    Publish,
    Status,
    Stream,
    Subscriber,
)
from history.small_history import answered, at, beat, brought, published, refused, said, stream

THREE = (published(1, 1), published(2, 2), published(3, 3))


def broken(
    *streams: Stream,
    slow: bool = False,
    publishes: tuple[Publish, ...] = THREE,
    epochs: tuple[str, ...] = ("e",),
    samples: tuple[LogSample, ...] = (),
    gaps: tuple[LogGap, ...] = (),
    answers: tuple[Answer, ...] = (),
    faults: tuple[Fault, ...] = (),
    settled_ms: float | None = None,
) -> set[Promise]:
    """Check one subscriber's streams against a log of three revisions, unless another one is given."""
    subscribers = (Subscriber("s", streams, slow),)
    history = History(publishes, samples, gaps, epochs, subscribers, answers, faults, settled_ms)
    return {violation.promise for violation in check(history)}


FAULT = (Fault("cut off", at(0), at(100)),)


class TestUnseenRevisions:
    """The recorder of the log may have missed what was trimmed or lost before it looked."""

    jump = (published(1, 1), published(5, 5))

    def test_a_missing_revision_is_excused_where_the_log_was_trimmed_ahead_of_the_recorder(self) -> None:
        seen = stream(0.5, brought(1, 1.1), brought(4, 4.5, skipped=2), brought(5, 5.1))
        gap = LogGap("e", after=1, before=5, since_ms=at(1))
        assert broken(seen, publishes=self.jump) == {Promise.DURABLE, Promise.EPOCH_HONEST}
        assert broken(seen, publishes=self.jump, gaps=(gap,)) == set()

    @pytest.mark.parametrize(
        "gap",
        [
            LogGap("another", after=1, before=5, since_ms=at(1)),
            LogGap("e", after=4, before=None, since_ms=at(1)),
            LogGap("e", after=1, before=4, since_ms=at(1)),
            LogGap("e", after=1, before=5, since_ms=at(4.6)),
        ],
    )
    def test_a_gap_excuses_only_what_lies_in_it(self, gap: LogGap) -> None:
        seen = stream(0.5, brought(1, 1.1), brought(4, 4.5, skipped=2), brought(5, 5.1))
        assert Promise.DURABLE in broken(seen, publishes=self.jump, gaps=(gap,))

    def test_a_revision_lost_with_a_failover_is_excused_however_high(self) -> None:
        seen = stream(0.5, brought(1, 1.1), brought(9, 4.5, skipped=7))
        lost = LogGap("e", after=1, before=None, since_ms=at(4))
        assert broken(seen, publishes=THREE[:1], gaps=(lost,)) == set()

    def test_a_feedback_that_arrives_before_the_recorder_looks_again_is_no_violation(self) -> None:
        early = brought(1, 0.9)
        assert broken(stream(0.5, early), publishes=(published(1, 1, absent_s=0.89),)) == set()
        assert broken(stream(0.5, early), publishes=(published(1, 1, absent_s=0.91),)) == {Promise.DURABLE}


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

    def test_what_was_told_only_afterwards_does_not_count(self) -> None:
        assert broken(stream(3.9, brought(2, 4)), answers=(answered(3, 3.95),)) == set()


class TestValidity:
    late = FeedbackMessage(at(8), said(3, valid_until_s=6), 0)
    opened_late = FeedbackMessage(at(8.1), said(3, valid_until_s=6), 0)

    def test_an_active_feedback_may_not_come_after_its_validity(self) -> None:
        assert broken(stream(3.2, self.late)) == {Promise.VALID}

    def test_unless_it_may_have_waited_on_its_way(self) -> None:
        assert broken(stream(3.2, self.late), faults=FAULT) == set()
        assert broken(stream(3.2, self.late), slow=True) == set()

    def test_but_not_when_the_stream_was_opened_after_its_validity(self) -> None:
        assert broken(stream(8, self.opened_late), faults=FAULT) == {Promise.VALID}
        assert broken(stream(8, self.opened_late), slow=True) == {Promise.VALID}

    def test_every_brings_what_was_said_earlier_as_it_was_said_then(self) -> None:
        old = FeedbackMessage(at(8), said(2, valid_until_s=4), 0)
        newest = FeedbackMessage(at(8.1), said(3, valid_until_s=4), 0)
        resumed = ("e", 1)
        assert broken(stream(7.9, old, delivery=Delivery.EVERY, resume=resumed)) == set()
        assert broken(stream(7.9, old, newest, delivery=Delivery.EVERY, resume=resumed)) == {Promise.VALID}
        skipping = stream(7.9, FeedbackMessage(at(8), said(2, valid_until_s=4), 0), resume=resumed)
        assert broken(skipping) == {Promise.VALID}

    def test_an_active_feedback_has_a_validity(self) -> None:
        endless = said(3)
        without = FeedbackMessage(
            at(4), type(endless)(endless.position, Status.ACTIVE, endless.advice, endless.seen, None), 0
        )
        assert broken(stream(3.5, without)) == {Promise.VALID}

    def test_heartbeats_are_judged_by_the_servers_clock_alone(self) -> None:
        begun = brought(3, 3.5)
        assert broken(stream(3.2, begun, beat(3, 5, valid_until_s=5))) == set()
        assert broken(stream(3.2, begun, beat(3, 5, valid_until_s=4.99))) == {Promise.VALID}
        assert broken(stream(3.2, begun, beat(3, 5, status=Status.STALE, valid_until_s=4.99))) == set()

    def test_a_heartbeat_says_when_it_was_sent(self) -> None:
        silent = beat(3, 5)
        without = type(silent)(silent.at_ms, silent.position, silent.status, silent.valid_until_ms, None)
        assert broken(stream(3.2, brought(3, 3.5), without)) == {Promise.VALID}

    def test_a_heartbeat_of_another_epoch_is_not_measured_against_this_one(self) -> None:
        assert broken(stream(3.2, brought(3, 3.5), beat(7, 4, "f"))) == {Promise.EPOCH_HONEST}

    def test_a_heartbeat_after_a_resume_point_tells_of_it(self) -> None:
        assert broken(stream(3.2, beat(3, 3.4), resume=("e", 3))) == set()
        assert broken(stream(3.2, beat(2, 3.4), resume=("e", 3))) == {Promise.VALID}
        assert broken(stream(3.2, beat(3, 3.4), resume=("e", 2))) == {Promise.VALID}
        assert broken(stream(3.2, beat(3, 3.4), resume=("", 2))) == {Promise.VALID}


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

    def test_a_server_that_lags_longer_than_it_may_does_not_call_it_the_future(self) -> None:
        lagging = refused(3.6, "REVISION_IN_FUTURE", 1, 2)
        assert self.refusal(3.5, ("e", 3), lagging, faults=FAULT) == set()
        assert self.refusal(4.5, ("e", 3), lagging, faults=FAULT) == {Promise.RESUMABLE}

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


class TestEpochs:
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


class TestContent:
    def test_a_stale_rendering_keeps_what_was_seen(self) -> None:
        stale = FeedbackMessage(at(6), said(3, valid_until_s=5, status=Status.STALE), 0)
        other = FeedbackMessage(at(6), said(3, valid_until_s=5, status=Status.STALE, text="OTHER"), 0)
        assert broken(stream(5.5, stale)) == set()
        assert broken(stream(5.5, other)) == {Promise.UNIQUE}
        assert broken(stream(5.5, other), publishes=THREE[:2], gaps=(LogGap("e", 2, None, 0.0),)) == set()

    def test_before_the_first_revision_different_things_may_be_said(self) -> None:
        one, other = said(0), replace(said(0), seen=(("regime", "OTHER"),))
        answers = tuple(Answer("s", at(0.1), at(0.2), each) for each in (one, other))
        assert broken(answers=answers) == set()

    def test_the_status_is_part_of_what_is_said(self) -> None:
        cautious = replace(said(1), advice=said(0).advice)
        publishes = (Publish(cautious, at(0), at(1)),)
        same = (Answer("s", at(2), at(2.1), cautious),)
        other = (Answer("s", at(2), at(2.1), replace(cautious, status=Status.WARMING_UP)),)
        assert broken(publishes=publishes, answers=same) == set()
        assert broken(publishes=publishes, answers=other) == {Promise.UNIQUE}

    def test_a_number_that_is_none_is_the_same_as_itself(self) -> None:
        strange = [replace(said(1), advice=Advice("POLICY_BALANCED", 0.5, float("nan"))) for _ in range(2)]
        answers = (Answer("s", at(2), at(2.1), strange[1]),)
        assert broken(publishes=(Publish(strange[0], at(0), at(1)),), answers=answers) == set()

    def test_stale_in_the_log_is_held_to_the_safe_values_too(self) -> None:
        bold = said(1)
        stale = type(bold)(Position("e", 1), Status.STALE, bold.advice, bold.seen, at(1))
        assert broken(publishes=(Publish(stale, at(0), at(1)),)) == {Promise.SAFE}
