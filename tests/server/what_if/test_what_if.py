"""What a memory says under given settings: the same parts as the sync loop, and nothing published."""

from __future__ import annotations

from dataclasses import replace

import pytest
from brute_force import RegimeRow, Rows, TradeRow
from random_memory import START_MS, memory_of

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.feedback import FeedbackStatus, Times, warming_up
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.advice.rules.rule_table import Row
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.what_if.what_if import AnalysisOrder, WhatIf, analyze_memory

NOW_MS = START_MS + 1_000
ROWS = Rows(
    regimes=[RegimeRow(START_MS, "BULL", 0.5, 0.5)],
    trades=[TradeRow(START_MS + 1, "BULL", 0.5, "BALANCED")] * 2,
)
REFERENCE = AnalysisOrder(AdviceSettings())


def analyze(order: AnalysisOrder) -> WhatIf:
    return analyze_memory(memory_of(ROWS), order, NOW_MS)


def test_the_feedback_follows_from_the_analysis_and_has_no_place_in_the_log() -> None:
    found = analyze(REFERENCE)
    assert found.analysis.sample_count == 3
    feedback = found.feedback
    assert (feedback.status, feedback.revision, feedback.epoch) == (FeedbackStatus.ACTIVE, 0, "")
    assert (feedback.advice.preferred_regime, feedback.advice.updated_policy) == ("BULL", Policy.AGGRESSIVE)
    assert feedback.advice.best_policy is None
    assert feedback.times == Times(computed_at_ms=NOW_MS, data_as_of_ms=START_MS + 1)


def test_each_setting_counts() -> None:
    fewer_trades = AnalysisOrder(AdviceSettings(minimum_policy_trades=2))
    assert analyze(fewer_trades).feedback.advice.best_policy is Policy.BALANCED
    own_rules = AnalysisOrder(AdviceSettings(), (Row(Policy.BALANCED),))
    assert analyze(own_rules).feedback.advice.updated_policy is Policy.BALANCED


def test_added_risk_waits_where_it_is_asked_what_would_be_said_next() -> None:
    order = AnalysisOrder(AdviceSettings(hysteresis=HysteresisSettings(results=2)))
    assert analyze(order).feedback.advice.updated_policy is Policy.AGGRESSIVE, "of another memory nothing is in force"
    in_force = warming_up("1.0.0").advice
    next_said = analyze_memory(memory_of(ROWS), order, NOW_MS, in_force=in_force).feedback.advice
    assert next_said.updated_policy is Policy.CONSERVATIVE
    assert analyze_memory(memory_of(ROWS), REFERENCE, NOW_MS, in_force=in_force) == analyze(REFERENCE)


def test_the_guard_lowers_what_the_evidence_bears_in_each_regime() -> None:
    half = GuardReading(0.5, NOW_MS, 90, 2.0, 1.0, 0.1, 0.02)
    in_force = replace(warming_up("1.0.0").advice, guard=half)
    found = analyze_memory(memory_of(ROWS), REFERENCE, NOW_MS, in_force=in_force)
    said, shown = found.feedback.advice.evidence, found.deep.evidence["BULL"]
    assert said is not None
    assert shown == said
    assert (shown.leverage_hint, shown.leverage_bound_by) == (0.5, "drawdown_guard")


def test_trades_weigh_in_the_figures_as_in_the_evidence_also_among_those_without_a_policy() -> None:
    rows = Rows(trades=[TradeRow(START_MS + at, "BULL", at - 9.5, "" if at % 3 else "BALANCED") for at in range(20)])
    order = AnalysisOrder(AdviceSettings(evidence=EvidenceSettings(decay=0.8)))
    deep = analyze_memory(memory_of(rows), order, NOW_MS).deep
    shown, said = deep.groups["BULL", Policy.BALANCED].performance, deep.evidence["BULL"].policies[Policy.BALANCED]
    assert said.effective_observations is not None
    assert shown.effective_trades == pytest.approx(said.effective_observations, rel=1e-5)


def test_too_little_is_warming_up_with_the_reason() -> None:
    feedback = analyze(AnalysisOrder(AdviceSettings(minimum_samples=4))).feedback
    assert feedback.status is FeedbackStatus.WARMING_UP
    assert feedback.advice.current_regime == "BULL"
    assert [reason.code for reason in feedback.advice.reasons] == ["TOO_FEW_ENTRIES"]
    assert feedback.times == Times()
