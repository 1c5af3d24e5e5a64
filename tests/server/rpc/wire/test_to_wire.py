"""Messages of the wire: every field from its value, and what is not known stays absent."""

from __future__ import annotations

import pytest
from advice import EARLIEST_MS, LATEST_MS, NOW_MS, any_feedback, feedback
from brute_force import RegimeRow, Rows, TradeRow
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from random_memory import memory_of
from regime_figures import caps
from repeatable import repeatable

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, RegimeAdvice, Rules, warming_up
from strategic_memory_server.analysis.analysis import RegimeFigures
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.evidence.view import EvidenceView, PolicyEvidence
from strategic_memory_server.memory.json_types import JsonObject
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import Context
from strategic_memory_server.rpc.wire.message_cache import MessageCache
from strategic_memory_server.rpc.wire.message_writer import numbers_of, timestamp
from strategic_memory_server.rpc.wire.to_wire import analysis_message, feedback_message, heartbeat_message
from strategic_memory_server.rpc.wire.wire_names import POLICIES, RULES

NESTED: JsonObject = {"a": [1, 2.5, None, True, "x", {"b": []}], "": {}, "é": "\U0001f600"}


@given(any_feedback())
@repeatable(150)
def test_every_field_of_a_feedback(said: Feedback) -> None:
    message = feedback_message(said)
    advice, times = said.advice, said.times
    assert (message.revision, message.epoch, message.version) == (said.revision, said.epoch, advice.version)
    assert (message.preferred_regime, message.current_regime) == (advice.preferred_regime, advice.current_regime)
    assert (message.confidence_boost, message.leverage_hint) == (advice.confidence_boost, advice.leverage_hint)
    assert feedback_pb2.Policy.Name(message.updated_policy) == f"POLICY_{advice.updated_policy.name}"
    assert feedback_pb2.FeedbackStatus.Name(message.status) == f"FEEDBACK_STATUS_{said.status.value}"
    assert message.best_policy == POLICIES[advice.best_policy]
    assert [
        sent.ToMilliseconds() if is_sent else None
        for sent, is_sent in (
            (message.timestamp, message.HasField("timestamp")),
            (message.data_as_of, message.HasField("data_as_of")),
            (message.valid_until, message.HasField("valid_until")),
        )
    ] == [times.computed_at_ms, times.data_as_of_ms, times.valid_until_ms]
    assert message.HasField("regime_performance") == (advice.regime_performance is not None)
    if advice.regime_performance is not None:
        performance = message.regime_performance
        assert performance.HasField("win_rate") == (advice.regime_performance.win_rate is not None)
        assert (performance.avg_pnl, performance.sample_count) == (
            advice.regime_performance.avg_pnl,
            advice.regime_performance.sample_count,
        )
    assert [(reason.code, reason.sentence) for reason in message.reasons] == [
        (reason.code, reason.sentence) for reason in advice.reasons
    ]
    for sent, meant in zip(message.reasons, advice.reasons, strict=True):
        assert [
            (
                each.measurement,
                each.value if each.HasField("value") else None,
                each.operator,
                each.threshold,
                each.holds,
            )
            for each in sent.comparisons
        ] == [(each.measurement, each.value, each.operator, each.threshold, each.holds) for each in meant.comparisons]
    assert feedback_pb2.Feedback.FromString(message.SerializeToString()) == message
    assert read_evidence(message) == (advice.rules, advice.leverage_bound_by, advice.current, advice.evidence)


def read_evidence(message: feedback_pb2.Feedback) -> tuple[Rules, str | None, RegimeAdvice | None, EvidenceView | None]:
    """What the newer fields of a message say, read back as values of the domain."""
    rules = Rules[feedback_pb2.Rules.Name(message.rules).removeprefix("RULES_")]
    current, evidence = message.current, message.evidence
    return (
        rules,
        message.leverage_bound_by or None,
        RegimeAdvice(
            current.regime,
            policy_named(current.policy),
            current.confidence_boost,
            current.leverage_hint,
            current.leverage_bound_by or None,
            current.is_probe,
        )
        if message.HasField("current")
        else None,
        EvidenceView(
            evidence.regime,
            policy_named(evidence.recommended_policy),
            evidence.confidence_boost,
            evidence.leverage_hint,
            evidence.leverage_bound_by or None,
            tuple(map(read_policy, evidence.policies)),
            tuple(evidence.cautions),
            evidence.observations,
        )
        if message.HasField("evidence")
        else None,
    )


def read_policy(message: feedback_pb2.PolicyEvidence) -> PolicyEvidence:
    known = {
        name: getattr(message, name) if message.HasField(name) else None
        for name in ("effective_observations", "probability_beats_conservative", "more_observations")
    }
    return PolicyEvidence(
        policy=policy_named(message.policy),
        observations=message.observations,
        mean_pnl=message.mean_pnl,
        interval_low=message.interval_low,
        interval_high=message.interval_high,
        utility=message.utility,
        probability_best=message.probability_best,
        probability_mean_positive=message.probability_mean_positive,
        **known,
    )


def policy_named(on_wire: feedback_pb2.Policy.ValueType) -> Policy:
    return Policy[feedback_pb2.Policy.Name(on_wire).removeprefix("POLICY_")]


def test_a_feedback_without_evidence_has_no_message_for_it() -> None:
    message = feedback_message(feedback(1))
    assert message.rules == feedback_pb2.RULES_REFERENCE
    assert not message.HasField("current")
    assert not message.HasField("evidence")
    assert message.leverage_bound_by == ""


def test_every_policy_and_status_has_a_name_on_the_wire() -> None:
    assert set(POLICIES) == {None, *Policy}
    statuses = numbers_of(feedback_pb2.FeedbackStatus.DESCRIPTOR)
    assert set(statuses) == {"UNSPECIFIED", *(status.value for status in FeedbackStatus)}
    assert {feedback_pb2.Rules.Name(on_wire) for on_wire in RULES.values()} == {
        f"RULES_{rules.value}" for rules in Rules
    }
    assert len(set(POLICIES.values())) == 4
    assert len(set(statuses.values())) == 4


@pytest.mark.parametrize("time_ms", [0, -1, 1, -1_500, NOW_MS + 7, EARLIEST_MS, LATEST_MS])
def test_times(time_ms: int) -> None:
    message = timestamp(time_ms)
    assert message is not None
    assert message.ToMilliseconds() == time_ms
    assert 0 <= message.nanos < 1_000_000_000
    message.ToJsonString()
    assert timestamp(None) is None


def test_a_heartbeat_carries_what_is_in_force() -> None:
    stale = feedback(7, valid_until_ms=NOW_MS).at(NOW_MS + 1)
    beat = heartbeat_message(stale, NOW_MS + 1)
    assert (beat.revision, beat.epoch, beat.status) == (7, "e1", feedback_pb2.FEEDBACK_STATUS_STALE)
    assert (beat.valid_until.ToMilliseconds(), beat.timestamp.ToMilliseconds()) == (NOW_MS, NOW_MS + 1)
    nothing = heartbeat_message(warming_up("1.0.0"), NOW_MS)
    assert not nothing.HasField("valid_until")
    assert not nothing.HasField("data_as_of")


def test_an_analysis_carries_its_figures_and_its_context() -> None:
    rows = Rows(
        regimes=[RegimeRow(NOW_MS, "BEAR", 0.0), RegimeRow(NOW_MS + 1_000, "BULL", 0.5, 0.8)],
        trades=[TradeRow(NOW_MS, "BULL", 0.5, "BALANCED", "carry")] * 3,
    )
    memory = memory_of(rows, max_leverage_hint=0.0)
    message = analysis_message(PatternAnalyzer().analyze(memory), memory)
    assert (message.preferred_regime, message.current_regime, message.sample_count) == ("BULL", "BULL", 5)
    assert message.data_as_of.ToMilliseconds() == NOW_MS + 1_000
    bull, bear = message.regimes
    assert (bull.regime, bull.avg_pnl, bull.wins, bull.losses, bull.win_rate) == ("BULL", 0.5, 4, 0, 1.0)
    assert bull.best_policy == feedback_pb2.POLICY_BALANCED
    assert [(each.policy, each.trades) for each in bull.policies] == [(feedback_pb2.POLICY_BALANCED, 3)]
    assert bear.confidence == 0.0
    assert not bear.HasField("win_rate")
    assert message.context.HasField("max_leverage_hint")
    assert message.context.max_leverage_hint == 0.0
    assert [source.source for source in message.sources] == [
        "stream:meta.regime",
        "stream:portfolio.memory",
        "stream:trade.results",
    ]


def test_an_empty_analysis_says_unknown() -> None:
    memory = memory_of(Rows())
    message = analysis_message(PatternAnalyzer().analyze(memory), memory)
    assert (message.preferred_regime, message.current_regime) == ("UNKNOWN", "UNKNOWN")
    assert not message.HasField("data_as_of")
    assert MessageToDict(message.context) == {}


def test_json_context_arrives_whole() -> None:
    memory = memory_of(Rows())
    context = Context(Policy.BALANCED, "RANGE", NESTED, NESTED, {}, NESTED, caps(1.5))
    object.__setattr__(memory, "context", context)
    message = analysis_message(PatternAnalyzer().analyze(memory), memory).context
    found = MessageToDict(message)
    assert found["regimeStats"] == found["exposureSummary"] == found["exitStatistics"] == NESTED
    assert message.HasField("leverage_limits")
    assert (found["governancePolicy"], found["governancePreferredRegime"]) == ("POLICY_BALANCED", "RANGE")


def test_figures_without_a_best_policy_say_so() -> None:
    figures = RegimeFigures("BULL", 1, 0.5, 0, 0, None, None)
    assert POLICIES[figures.best_policy] == feedback_pb2.POLICY_UNSPECIFIED


def test_one_message_serves_everybody_until_the_feedback_changes() -> None:
    cache = MessageCache(lambda: NOW_MS)
    one, other = feedback(1), feedback(2)
    assert cache.response(one) is cache.response(one)
    assert cache.delivery(one, 0) is cache.delivery(one, 0)
    assert cache.delivery(one, 3).skipped_revisions == 3
    assert cache.delivery(one, 0).skipped_revisions == 0
    assert (cache.response(other).feedback.revision, cache.delivery(other, 0).feedback.revision) == (2, 2)
    assert cache.response(one).feedback == feedback_message(one)
