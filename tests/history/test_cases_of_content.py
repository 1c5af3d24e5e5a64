"""Where a violation ends and an excuse begins: what is said, whether it may be said now, and what was not seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from history.model import (
    Advice,
    Answer,
    Delivery,
    Fault,
    FeedbackMessage,
    LogGap,
    Position,
    Publish,
    Status,
)
from history.promises import CLOCK_SET_FORWARD, Promise
from history.small_history import (
    FAULT,
    THREE,
    at,
    beat,
    broken,
    brought,
    published,
    said,
    stream,
)


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

    def test_a_revision_of_a_log_that_was_away_and_came_back_was_in_it_when_it_was_said(self) -> None:
        log = (*THREE[:2], published(3, 5, absent_s=4.9))
        seen = stream(0.5, *(brought(number, number + 0.1) for number in (1, 2, 3)))
        away = LogGap("e", after=2, before=None, since_ms=at(2.5))
        assert broken(seen, publishes=log) == {Promise.DURABLE}
        assert broken(seen, publishes=log, gaps=(away,)) == set()

    def test_a_feedback_that_arrives_before_the_recorder_looks_again_is_no_violation(self) -> None:
        early = brought(1, 0.9)
        assert broken(stream(0.5, early), publishes=(published(1, 1, absent_s=0.89),)) == set()
        assert broken(stream(0.5, early), publishes=(published(1, 1, absent_s=0.91),)) == {Promise.DURABLE}


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

    def test_what_is_stale_early_is_excused_by_a_clock_that_was_ahead_alone(self) -> None:
        early = stream(3.2, FeedbackMessage(at(3.5), said(3, valid_until_s=64, status=Status.STALE), 0))
        ahead = Fault(CLOCK_SET_FORWARD, at(3), at(4))
        assert broken(early, faults=FAULT) == {Promise.VALID}
        assert broken(early, faults=(ahead,)) == set()
        assert broken(early, faults=(replace(ahead, until_ms=at(3.4)),)) == {Promise.VALID}

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

    def test_a_withdrawn_revision_says_nothing_and_has_the_safe_values(self) -> None:
        nothing = replace(said(0), seen=(("preferred_regime", '"UNKNOWN"'),))
        withdrawn = replace(nothing, position=said(1).position)
        bold = replace(withdrawn, advice=said(1).advice)
        for feedback, found in ((withdrawn, set()), (bold, {Promise.SAFE})):
            answers = (Answer("s", at(2), at(2.1), feedback),)
            assert broken(publishes=(published(1, 1),), answers=answers) == found
        assert broken(publishes=(published(1, 1), Publish(withdrawn, at(1), at(1.5)))) == {Promise.UNIQUE}

    def test_a_number_that_is_none_is_the_same_as_itself(self) -> None:
        strange = [replace(said(1), advice=Advice("POLICY_BALANCED", 0.5, float("nan"))) for _ in range(2)]
        answers = (Answer("s", at(2), at(2.1), strange[1]),)
        assert broken(publishes=(Publish(strange[0], at(0), at(1)),), answers=answers) == set()

    def test_a_stale_part_is_held_to_the_safe_values_too(self) -> None:
        cautious = Advice("POLICY_CONSERVATIVE", 0.0, 1.0)
        for part in (Advice("POLICY_BALANCED", 0.0, 1.0), replace(cautious, confidence=0.1)):
            for beside in ((part,), (cautious, part)):
                stale = replace(said(1), status=Status.STALE, advice=replace(cautious, beside=beside))
                assert broken(publishes=(Publish(stale, at(0), at(1)),)) == {Promise.SAFE}
        safe = replace(said(1), status=Status.STALE, advice=replace(cautious, beside=(cautious, cautious)))
        assert broken(publishes=(Publish(safe, at(0), at(1)),)) == set()

    def test_stale_in_the_log_is_held_to_the_safe_values_too(self) -> None:
        bold = said(1)
        stale = type(bold)(Position("e", 1), Status.STALE, bold.advice, bold.seen, at(1))
        assert broken(publishes=(Publish(stale, at(0), at(1)),)) == {Promise.SAFE}
