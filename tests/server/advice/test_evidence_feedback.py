"""EvidenceFeedback: what the evidence adds to an advice, and what it says where it is in charge."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from advice import advice
from regime_figures import caps

from strategic_memory_server.advice.evidence_feedback import VERSION, EvidenceFeedback
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, Rules, Times
from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.group import Group
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.memory.policy import Policy

SETTINGS = EvidenceSettings()
NOTHING = EvidenceSums(SETTINGS.decay)
REFERENCE = advice()


def analysis(current: str = "BEAR", cap: float | None = None, exposure: float | None = None) -> Analysis:
    figures = RegimeFigures("BEAR", 10, 1.0, 4, 2, 0.5, None)
    return Analysis((figures,), current, 10, None, caps(cap, exposure))


def sums_where(regime: str, good: Policy, trades: int = 400, mean: float = 0.5) -> EvidenceSums:
    """Trades of all policies in a regime; one of them earns, the others do not."""
    random = Random(7)
    sums = NOTHING
    for number in range(trades):
        policy = Policy(number % 3)
        sums = updated(sums, regime, policy, random.gauss(mean if policy is good else 0.0, 1.0))
    return sums


def complete(sums: EvidenceSums, rules: Rules = Rules.EVIDENCE, found: Analysis | None = None) -> Advice:
    return (
        EvidenceFeedback(SETTINGS)
        .complete(
            replace(REFERENCE, leverage_caps=found.leverage_caps if found else ()), found or analysis(), sums, rules
        )
        .advice
    )


def test_under_the_reference_rules_evidence_is_added_and_nothing_else_changes() -> None:
    sums = sums_where("BEAR", Policy.AGGRESSIVE)
    completed = complete(sums, Rules.REFERENCE)
    assert completed == replace(REFERENCE, evidence=completed.evidence)
    assert completed.evidence is not None
    assert (completed.evidence.regime, completed.evidence.recommended_policy) == ("BEAR", Policy.AGGRESSIVE)
    exact = estimate(sums, ["BEAR"], SETTINGS).regimes[0]
    for shown, known in zip(completed.evidence.policies, exact.policies, strict=True):
        assert shown.probability_best == pytest.approx(known.probability_best, abs=5e-5)
        assert shown.mean_pnl == pytest.approx(known.mean_pnl, rel=1e-5)


@pytest.mark.parametrize("rules", Rules)
def test_without_any_trade_there_is_no_evidence(rules: Rules) -> None:
    assert complete(NOTHING, rules).evidence is None


def test_in_charge_without_any_trade_it_is_neutral_and_conservative() -> None:
    said = complete(NOTHING)
    assert (said.updated_policy, said.confidence_boost, said.leverage_hint) == (Policy.CONSERVATIVE, 0.5, 1.0)
    assert (said.preferred_regime, said.rules, said.version) == (REFERENCE.preferred_regime, Rules.EVIDENCE, VERSION)
    assert said.reasons[0].code == "EVIDENCE_NO_REGIME"


def test_in_charge_the_best_regime_and_the_current_one_have_an_advice_each() -> None:
    sums = sums_where("BULL", Policy.AGGRESSIVE)
    for _ in range(30):
        sums = updated(sums, "BEAR", Policy.CONSERVATIVE, -0.5)
    said = complete(sums)
    assert (said.preferred_regime, said.updated_policy) == ("BULL", Policy.AGGRESSIVE)
    assert said.current is not None
    assert (said.current.regime, said.current.policy) == ("BEAR", Policy.CONSERVATIVE)
    assert said.evidence is not None
    assert said.evidence.regime == "BEAR"
    assert [reason.code for reason in said.reasons][:3] == ["EVIDENCE_REGIME", "EVIDENCE_POLICY", "EVIDENCE_LEVERAGE"]


def test_a_policy_that_is_better_upon_too_few_trades_is_not_said_to_be_no_better() -> None:
    said = complete(sums_where("BEAR", Policy.AGGRESSIVE, trades=45, mean=2.0))
    assert said.updated_policy is Policy.CONSERVATIVE
    (reason,) = (reason for reason in said.reasons if reason.code == "EVIDENCE_NOT_ENOUGH")
    assert reason.comparisons[-1].holds
    assert reason.sentence.startswith("CONSERVATIVE: AGGRESSIVE is better with probability 0.9")
    assert reason.sentence.endswith("but its trades weigh less than the 20 that are needed.")


def test_a_probability_that_was_rounded_up_to_what_is_needed_is_not_said_to_be_enough() -> None:
    histories = (sums_where("BEAR", Policy.AGGRESSIVE, trades) for trades in range(200, 260))
    found = ((sums, estimate(sums, ["BEAR"], SETTINGS).regimes[0].policies[2]) for sums in histories)
    likely = ((sums, policy.probability_beats_conservative or 0.0) for sums, policy in found)
    sums, beats = next((sums, beats) for sums, beats in likely if 0.5 < beats < round(beats, 4) < 1.0)
    needed = EvidenceFeedback(replace(SETTINGS, required_probability=round(beats, 4)))
    said = needed.complete(REFERENCE, analysis(), sums, Rules.EVIDENCE).advice
    assert said.updated_policy is Policy.CONSERVATIVE
    (reason,) = (reason for reason in said.reasons if reason.code == "EVIDENCE_NOT_ENOUGH")
    assert reason.sentence.startswith("CONSERVATIVE: no other policy is shown to be better with probability")
    assert (reason.comparisons[-1].value, reason.comparisons[-1].holds) == (beats, False)


def test_where_nothing_was_seen_no_policy_is_said_to_be_better() -> None:
    least = EvidenceFeedback(EvidenceSettings(required_probability=0.5, minimum_weight=0.0))
    said = least.complete(REFERENCE, analysis(), NOTHING, Rules.EVIDENCE).advice
    assert said.updated_policy is Policy.CONSERVATIVE
    (reason,) = (reason for reason in said.reasons if reason.code == "EVIDENCE_NOT_ENOUGH")
    assert not any(comparison.holds for comparison in reason.comparisons)
    assert reason.sentence == "CONSERVATIVE: no other policy is shown to be better with probability 0.5."


def test_one_lucky_trade_changes_no_policy() -> None:
    said = complete(updated(NOTHING, "BEAR", Policy.AGGRESSIVE, 100.0))
    assert said.updated_policy is Policy.CONSERVATIVE
    assert said.evidence is not None
    assert "ONE_POLICY_ONLY" in said.evidence.cautions
    assert said.reasons[-1].code == "EVIDENCE_CAUTION"


@pytest.mark.parametrize(
    ("cap", "exposure", "bound_by", "hint"),
    [
        (None, None, None, None),
        (0.3, None, "risk:leverage_limits", 0.3),
        (0.9, 0.4, "exposure:summary", 0.4),
        (5.0, 9.0, None, None),
    ],
)
def test_the_lowest_cap_binds_and_is_named(
    cap: float | None, exposure: float | None, bound_by: str | None, hint: float | None
) -> None:
    said = complete(sums_where("BEAR", Policy.AGGRESSIVE), found=analysis(cap=cap, exposure=exposure))
    assert said.leverage_bound_by == bound_by
    assert [reason.code for reason in said.reasons].count("LEVERAGE_CAPPED") == (bound_by is not None)
    assert said.current is not None
    assert said.current.leverage_bound_by == bound_by
    if hint is None:
        assert 1.0 < said.leverage_hint <= 2.0
    else:
        assert said.leverage_hint == said.current.leverage_hint == hint


@pytest.mark.parametrize("rules", Rules)
def test_an_unknown_current_regime_has_no_advice_of_its_own(rules: Rules) -> None:
    said = complete(sums_where("BULL", Policy.BALANCED), rules, analysis("UNKNOWN"))
    assert (said.current, said.evidence) == (None, None)


def test_a_stale_feedback_is_safe_in_every_part() -> None:
    said = complete(sums_where("BEAR", Policy.AGGRESSIVE))
    stale = Feedback(said, FeedbackStatus.ACTIVE, times=Times(0, 0, 10)).at(11).advice
    assert stale.current is not None
    assert stale.evidence is not None
    for policy, confidence, leverage in (
        (stale.updated_policy, stale.confidence_boost, stale.leverage_hint),
        (stale.current.policy, stale.current.confidence_boost, stale.current.leverage_hint),
        (stale.evidence.recommended_policy, stale.evidence.confidence_boost, stale.evidence.leverage_hint),
    ):
        assert (policy, confidence) == (Policy.CONSERVATIVE, 0.0)
        assert leverage <= 1.0


def test_it_gives_the_same_for_the_same() -> None:
    sums = sums_where("BEAR", Policy.BALANCED)
    assert complete(sums) == complete(sums)


def test_what_other_portfolios_of_a_group_lend_is_part_of_it_and_is_told() -> None:
    group = Group("fx", tuple(sums_where("BEAR", Policy.AGGRESSIVE) for _ in range(4)))
    few = sums_where("BEAR", Policy.AGGRESSIVE, trades=12)
    feedback = EvidenceFeedback(SETTINGS)
    alone = feedback.complete(REFERENCE, analysis(), few, Rules.EVIDENCE).advice
    helped = feedback.complete(REFERENCE, analysis(), few, Rules.EVIDENCE, group=group).advice
    assert (alone.updated_policy, helped.updated_policy) == (Policy.CONSERVATIVE, Policy.AGGRESSIVE)
    assert helped.evidence is not None
    assert "BORROWED" in helped.evidence.cautions
    assert [reason.sentence for reason in helped.reasons if reason.code == "EVIDENCE_GROUP"] == [
        "Borrows from 4 other portfolios of group fx, 1600 trades, whose means agree with these by 0.88 of 1."
    ]
    assert feedback.complete(REFERENCE, analysis(), few, Rules.EVIDENCE).advice == alone


def test_a_portfolio_without_a_trade_has_the_evidence_of_its_group() -> None:
    group = Group("fx", (sums_where("BEAR", Policy.AGGRESSIVE),))
    said = EvidenceFeedback(SETTINGS).complete(REFERENCE, analysis(), NOTHING, Rules.EVIDENCE, group=group).advice
    assert said.evidence is not None
    assert said.evidence.cautions == ("NOTHING_SEEN", "BORROWED")


def test_others_that_have_nothing_to_lend_change_nothing() -> None:
    few = sums_where("BEAR", Policy.AGGRESSIVE, trades=12)
    group = Group("fx", (NOTHING, sums_where("UNKNOWN", Policy.AGGRESSIVE)))
    found = EvidenceFeedback(SETTINGS).complete(REFERENCE, analysis(), few, Rules.EVIDENCE, group=group).advice
    assert found == complete(few)
