from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strategic_memory_client import Feedback, FeedbackStatus, Heartbeat, Policy
from strategic_memory_demo.input_entries import InputEntry, entries_of
from strategic_memory_demo.market_model import MarketModel
from strategic_memory_demo.tally import DemoTally, summary_lines
from strategic_memory_server.entries.input_keys import META_REGIME, TRADE_RESULTS

NOON = datetime(2025, 12, 21, 12, 0, tzinfo=UTC)


def feedback(
    revision: int,
    *,
    policy: Policy = Policy.BALANCED,
    data_as_of: datetime | None = NOON,
) -> Feedback:
    return Feedback(revision, "e", FeedbackStatus.ACTIVE, "BULL", policy, 0.7, 1.2, data_as_of=data_as_of)


def test_it_counts_what_was_written() -> None:
    tally, model = DemoTally(), MarketModel(1)
    step = model.step()
    entries = entries_of(step, NOON)
    broken = InputEntry(TRADE_RESULTS, {"realized_pnl": "nan"}, malformed=True)
    tally.step_written(step, [*entries, broken])
    assert tally.written.total() == len(entries) + 1
    assert tally.written[META_REGIME] == 1
    assert dict(tally.malformed) == {TRADE_RESULTS: 1}
    assert tally.true_regime == step.true_regime
    assert dict(tally.regimes_seen) == {step.observation.regime: 1}


def test_the_time_from_newest_input_to_feedback_is_a_median_of_what_came_live() -> None:
    tally = DemoTally()
    tally.feedback_received(feedback(1), NOON + timedelta(hours=1), live=False)
    assert tally.median_latency_s is None, "what was in force before the stream opened says nothing"
    for revision, milliseconds in ((2, 10), (3, 500), (4, 20)):
        arrival = NOON + timedelta(milliseconds=milliseconds)
        change = tally.feedback_received(feedback(revision), arrival, live=True)
        assert change.since_newest_input_s == pytest.approx(milliseconds / 1000)
    assert tally.median_latency_s == pytest.approx(0.020)


def test_the_median_is_that_of_the_newest_however_long_it_goes_on() -> None:
    tally = DemoTally()
    for revision in range(30_000):
        arrival = NOON + timedelta(milliseconds=10 if revision < 20_000 else 30)
        tally.feedback_received(feedback(revision), arrival, live=True)
    assert tally.median_latency_s == pytest.approx(0.030)


def test_a_feedback_without_input_has_no_latency() -> None:
    tally = DemoTally()
    change = tally.feedback_received(feedback(1, data_as_of=None), NOON, live=True)
    assert change.since_newest_input_s is None
    assert tally.median_latency_s is None


def test_it_says_when_the_advice_turns() -> None:
    tally = DemoTally()
    assert tally.feedback_received(feedback(1), NOON, live=False).turned
    assert not tally.feedback_received(feedback(2), NOON, live=True).turned
    aggressive = feedback(3, policy=Policy.AGGRESSIVE)
    assert tally.feedback_received(aggressive, NOON, live=True).turned
    assert tally.revisions == 3
    assert dict(tally.policies_advised) == {"BALANCED": 2, "AGGRESSIVE": 1}
    assert [change.feedback.revision for change in tally.changes] == [1, 2, 3]


def test_the_warming_up_feedback_is_no_revision() -> None:
    tally = DemoTally()
    tally.feedback_received(feedback(0, data_as_of=None), NOON, live=False)
    assert tally.revisions == 0
    assert not tally.policies_advised


def test_a_heartbeat_tells_that_the_advice_went_stale() -> None:
    tally = DemoTally()
    tally.feedback_received(feedback(1), NOON, live=False)
    tally.heartbeat_received(Heartbeat(1, "e", FeedbackStatus.STALE))
    assert tally.status == FeedbackStatus.STALE


def test_the_summary_names_every_count() -> None:
    tally, model = DemoTally(), MarketModel(1)
    for _ in range(3):
        step = model.step()
        tally.step_written(step, entries_of(step, NOON))
    tally.feedback_received(feedback(1), NOON, live=False)
    tally.feedback_received(feedback(2), NOON + timedelta(milliseconds=7), live=True)
    text = "\n".join(summary_lines(tally))
    for part in (
        f"{tally.written.total()} ",
        "rejected         0",
        "revisions        2",
        "BULL 2, RANGE 1",
        "BALANCED 2",
        "7 ms",
    ):
        assert part in text
    assert "unknown" in "\n".join(summary_lines(DemoTally()))


def test_what_the_service_read_is_kept_by_source() -> None:
    tally = DemoTally()
    tally.inputs_read({META_REGIME: 1}, {})
    tally.inputs_read({META_REGIME: 2}, {(TRADE_RESULTS, "a"): 3, (TRADE_RESULTS, "b"): 1, (META_REGIME, "a"): 5})
    assert tally.used == {META_REGIME: 2}
    assert tally.rejected == {TRADE_RESULTS: {"a": 3, "b": 1}, META_REGIME: {"a": 5}}
    assert "rejected         9" in "\n".join(summary_lines(tally))
