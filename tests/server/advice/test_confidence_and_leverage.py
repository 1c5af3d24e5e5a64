"""confidence_boost and leverage_hint against the formulas of contract 2 in exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from regime_figures import any_figures, caps, figures
from repeatable import repeatable

from strategic_memory_server.advice.reinforcement_feedback import confidence_boost, leverage
from strategic_memory_server.analysis.analysis import RegimeFigures

SLACK = Fraction(1, 10**9)
"""Room for the rounding of floats next to the half of a last decimal."""


def clip(value: Fraction, low: Fraction, high: Fraction) -> Fraction:
    return min(max(value, low), high)


def exact_boost(best: RegimeFigures) -> Fraction:
    decided = best.wins + best.losses
    win_rate = Fraction(best.wins, decided) if decided else Fraction(0)
    pnl = clip(Fraction(best.avg_pnl), Fraction(-1), Fraction(1))
    shrink = min(Fraction(1), Fraction(best.sample_count, 20))
    value = ((Fraction(6, 10) * pnl + Fraction(4, 10) * 2 * (win_rate - Fraction(1, 2))) * shrink + 1) / 2
    return clip(value, Fraction(0), Fraction(1))


def exact_base(best: RegimeFigures) -> Fraction:
    decided = best.wins + best.losses
    win_rate = best.wins / decided if decided else 0.0
    if best.regime == "BULL" and win_rate > 0.6 and best.avg_pnl > 0.2:
        return Fraction(15, 10)
    if best.regime == "BULL" and win_rate > 0.5:
        return Fraction(12, 10)
    if best.regime in ("BEAR", "VOLATILE", "UNCERTAIN"):
        return Fraction(7, 10)
    return Fraction(1)


def exact_leverage(best: RegimeFigures) -> Fraction:
    confidence = Fraction(best.confidence) if best.confidence is not None else Fraction(0)
    scaled = exact_base(best) * (Fraction(8, 10) + Fraction(4, 10) * confidence)
    return clip(scaled, Fraction(1, 2), Fraction(2))


@given(any_figures())
@repeatable(500)
def test_confidence_boost_is_the_formula_to_4_decimals(best: RegimeFigures) -> None:
    boost = confidence_boost(best)
    assert abs(Fraction(boost) - exact_boost(best)) <= Fraction(5, 100_000) + SLACK
    assert boost == round(boost, 4)
    assert 0.0 <= boost <= 1.0


@given(any_figures())
@repeatable(500)
def test_leverage_is_the_formula_to_2_decimals(best: RegimeFigures) -> None:
    hint, _, _ = leverage(best)
    assert abs(Fraction(hint) - exact_leverage(best)) <= Fraction(5, 1_000) + SLACK
    assert hint == round(hint, 2)
    assert 0.5 <= hint <= 2.0


@given(any_figures(), st.floats(0.0, 1e15))
@repeatable(300)
def test_a_cap_is_never_exceeded_and_changes_nothing_where_it_does_not_bind(best: RegimeFigures, cap: float) -> None:
    free, _, _ = leverage(best)
    capped, bound_by, reasons = leverage(best, caps(cap))
    assert (bound_by is not None) == (free > cap)
    assert capped == min(free, cap)
    assert (reasons[-1].code == "LEVERAGE_CAPPED") == (free > cap)


@each_case(
    ("best", "boost"),
    [
        (figures(avg_pnl=0.0, wins=1, losses=1, sample_count=20), 0.5),
        (figures(avg_pnl=1.0, wins=1, losses=0, sample_count=20), 1.0),
        (figures(avg_pnl=50.0, wins=1, losses=0, sample_count=64), 1.0),
        (figures(avg_pnl=-1.0, wins=0, losses=1, sample_count=20), 0.0),
        (figures(avg_pnl=-50.0, wins=0, losses=0, sample_count=64), 0.0),
        (figures(avg_pnl=0.0, sample_count=32), 0.3),
        (figures(avg_pnl=1.0, wins=1, losses=0, sample_count=2), 0.55),
        (figures(avg_pnl=0.25, wins=3, losses=1, sample_count=32), 0.675),
        (figures(avg_pnl=0.25, wins=3, losses=1, sample_count=16), 0.64),
    ],
)
def test_confidence_boost_by_hand(best: RegimeFigures, boost: float) -> None:
    assert confidence_boost(best) == boost


@pytest.mark.parametrize("samples", [1, 19, 20, 21])
def test_the_boost_has_full_weight_from_20_samples_on(samples: int) -> None:
    best = RegimeFigures("BULL", samples, float(samples), wins=1, losses=0, confidence=None, best_policy=None)
    assert confidence_boost(best) == round(0.5 + min(samples, 20) / 40, 4)


@pytest.mark.parametrize(
    ("confidence", "hint"), [(None, 1.2), (0.0, 1.2), (0.5, 1.5), (0.8, 1.68), (1.0, 1.8), (99.0, 2.0), (-9.0, 0.5)]
)
def test_leverage_grows_with_the_confidence_of_the_detector(confidence: float | None, hint: float) -> None:
    best = figures("BULL", avg_pnl=0.5, wins=1, confidence=confidence)
    assert leverage(best)[0] == hint


@pytest.mark.parametrize("cap", [0.0, 0.3, 0.4999, 0.7123456789, 1.1, math.nextafter(1.8, 0)])
def test_a_cap_is_taken_as_it_is_also_below_the_floor(cap: float) -> None:
    hint, _, reasons = leverage(figures("BULL", avg_pnl=0.5, wins=1, confidence=1.0), caps(cap))
    assert hint == cap
    assert reasons[-1].code == "LEVERAGE_CAPPED"
    assert [comparison.value for comparison in reasons[-1].comparisons] == [1.8]
    assert [comparison.threshold for comparison in reasons[-1].comparisons] == [cap]


@pytest.mark.parametrize("cap", [1.8, math.nextafter(1.8, 2), 5.0])
def test_a_cap_at_or_above_the_hint_leaves_no_trace(cap: float) -> None:
    best = figures("BULL", avg_pnl=0.5, wins=1, confidence=1.0)
    assert leverage(best, caps(cap)) == leverage(best)
