"""A feedback as it stands at a moment, and the one that stands before anything was published."""

from __future__ import annotations

from dataclasses import replace

import pytest
from advice import NOW_MS, advice, feedback, with_evidence
from safe_values import SAFE_LEVERAGES

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, RegimePerformance, Times, warming_up
from strategic_memory_server.advice.rules.reasons import no_known_regime
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.memory.policy import Policy


@pytest.mark.parametrize("late_ms", [-1, 0])
def test_it_holds_until_its_validity_has_passed(late_ms: int) -> None:
    said = feedback(1, valid_until_ms=NOW_MS)
    assert said.at(NOW_MS + late_ms) is said


@pytest.mark.parametrize(("leverage", "limits", "safe"), SAFE_LEVERAGES)
def test_then_it_has_the_safe_values(leverage: float, limits: tuple[float, ...], safe: float) -> None:
    caps = tuple(LeverageCap("a cap", limit) for limit in limits)
    given = replace(advice(leverage_hint=leverage), leverage_caps=caps)
    said = Feedback(given, FeedbackStatus.ACTIVE, 7, "e1", Times(1, 2, NOW_MS))
    stale = said.at(NOW_MS + 1)
    assert stale.status is FeedbackStatus.STALE
    assert stale.advice.updated_policy is Policy.CONSERVATIVE
    assert stale.advice.confidence_boost == 0.0
    assert stale.advice.leverage_hint == safe
    assert stale.advice.reasons[0].code == "VALIDITY_PASSED"
    assert stale.advice.reasons[1:] == said.advice.reasons


def test_what_was_seen_stays() -> None:
    said = feedback(7, valid_until_ms=NOW_MS)
    stale = said.at(NOW_MS + 1)
    assert (stale.revision, stale.epoch, stale.times) == (7, "e1", said.times)
    assert stale.advice.preferred_regime == "BULL"
    assert stale.advice.regime_performance == said.advice.regime_performance
    assert stale.advice.best_policy is said.advice.best_policy
    assert said.status is FeedbackStatus.ACTIVE


def test_the_advice_for_the_current_regime_and_the_evidence_turn_safe_too() -> None:
    said = feedback(7, valid_until_ms=NOW_MS)
    said = replace(said, advice=with_evidence(said.advice))
    current, evidence = said.advice.current, said.advice.evidence
    stale = said.at(NOW_MS + 1).advice
    assert current is not None
    assert evidence is not None
    assert current.is_probe
    assert stale.current == replace(
        current, policy=Policy.CONSERVATIVE, confidence_boost=0.0, leverage_hint=1.0, is_probe=False
    )
    assert stale.evidence == replace(
        evidence, recommended_policy=Policy.CONSERVATIVE, confidence_boost=0.0, leverage_hint=1.0
    )
    assert stale.rules is said.advice.rules


def test_a_stale_one_stays_as_it_is() -> None:
    stale = feedback(1, valid_until_ms=NOW_MS).at(NOW_MS + 1)
    assert stale.at(NOW_MS + 2) is stale


def test_without_a_validity_it_does_not_turn_stale() -> None:
    said = feedback(1, valid_until_ms=None)
    assert said.at(2**62) is said


def test_before_anything_was_published_the_safe_values_stand() -> None:
    nothing = warming_up("1.0.0")
    assert nothing.status is FeedbackStatus.WARMING_UP
    assert (nothing.revision, nothing.epoch, nothing.times) == (0, "", Times())
    said = nothing.advice
    assert (said.preferred_regime, said.updated_policy, said.current_regime) == (
        "UNKNOWN",
        Policy.CONSERVATIVE,
        "UNKNOWN",
    )
    assert (said.confidence_boost, said.leverage_hint, said.regime_performance) == (0.0, 1.0, None)
    assert [reason.code for reason in said.reasons] == ["NOTHING_PUBLISHED"]
    assert nothing.at(2**62) is nothing


def test_warming_up_can_say_why_and_what_is_seen() -> None:
    said = warming_up("1.0.0", no_known_regime(4), current_regime="BEAR").advice
    assert [reason.code for reason in said.reasons] == ["NO_KNOWN_REGIME"]
    assert said.current_regime == "BEAR"


@pytest.mark.parametrize(("wins", "losses", "rate"), [(0, 0, None), (0, 3, 0.0), (3, 0, 1.0), (1, 3, 0.25)])
def test_win_rate(wins: int, losses: int, rate: float | None) -> None:
    assert RegimePerformance(0.1, 9, wins, losses).win_rate == rate
