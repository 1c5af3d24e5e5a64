"""The estimator as a whole: against the plain way, and everything that must not matter."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest
from each_case import each_case
from evidence_samples import REGIMES, TRADES, Trade, made_up_trades, one_by_one
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable
from server.evidence.dense_evidence import dense_estimate

from strategic_memory_server.evidence.cautions import Caution
from strategic_memory_server.evidence.estimate import Estimate
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.leverage import INTERVAL_CAP
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.memory.policy import Policy

DEFAULTS = EvidenceSettings()


def estimate_of(trades: Sequence[Trade], regimes: Sequence[str], settings: EvidenceSettings = DEFAULTS) -> Estimate:
    return estimate(one_by_one(list(trades), settings.decay), regimes, settings)


def probabilities(estimated: Estimate) -> list[float]:
    found = list(estimated.tau_weights)
    for regime in estimated.regimes:
        found.append(regime.confidence_boost)
        for policy in regime.policies:
            found += [policy.probability_best, policy.probability_mean_positive]
            found.append(policy.probability_beats_conservative or 0.0)
    return found


def assert_as_the_plain_way(trades: Sequence[Trade], settings: EvidenceSettings) -> None:
    asked = [*REGIMES, "NEVER SEEN"]
    found, expected = estimate_of(trades, asked, settings), dense_estimate(trades, asked, settings)
    np.testing.assert_allclose(found.tau_weights, expected.tau_weights, atol=1e-10)
    assert found.unit == pytest.approx(expected.unit, rel=1e-12)
    for regime in found.regimes:
        for policy in regime.policies:
            dense = expected.cells[regime.regime, policy.policy]
            within = 1e-9 * dense.spread
            assert policy.spread == pytest.approx(dense.spread, rel=1e-12)
            assert policy.mean_pnl == pytest.approx(dense.mean_pnl, abs=within, rel=0)
            assert policy.utility == pytest.approx(dense.utility, abs=within, rel=0)
            assert policy.utility_deviation == pytest.approx(dense.deviation, rel=1e-9)
            assert policy.interval_low == pytest.approx(dense.mean_pnl - 1.645 * dense.deviation, abs=within, rel=0)
            assert policy.interval_high == pytest.approx(dense.mean_pnl + 1.645 * dense.deviation, abs=within, rel=0)
            assert policy.probability_best == pytest.approx(dense.best, abs=2e-4)
            assert policy.probability_mean_positive == pytest.approx(dense.positive, abs=1e-9)
            if policy.policy is Policy.CONSERVATIVE:
                assert policy.probability_beats_conservative is None
            else:
                assert policy.probability_beats_conservative == pytest.approx(dense.beats, abs=1e-9)
        followed = regime.policies[regime.recommended]
        assert regime.confidence_boost == followed.probability_mean_positive
        relative_spread = expected.regime_spread[regime.regime] / expected.unit
        uncapped = (0.5 + followed.probability_mean_positive) * min(1.0, 1.0 / relative_spread)
        assert regime.leverage.uncapped == pytest.approx(min(max(uncapped, 0.5), 2.0), rel=1e-9)


@each_case("count", [0, 1, 5, 60, 300])
@each_case("spreads", [(1.0, 1.0, 1.0), (0.3, 1.0, 1.5), (0.01, 1.0, 100.0)])
def test_it_equals_the_plain_way(count: int, spreads: tuple[float, float, float]) -> None:
    for seed in range(3):
        assert_as_the_plain_way(made_up_trades(seed, count, spreads), DEFAULTS)


@repeatable(40)
@given(st.lists(TRADES, max_size=15), st.sampled_from([0.5, 0.998, 1.0]))
def test_it_equals_the_plain_way_for_any_trades(trades: list[Trade], decay: float) -> None:
    assert_as_the_plain_way(trades, EvidenceSettings(decay=decay, risk_aversion=0.1, prior_spreads=(0.05, 0.2)))


@pytest.mark.parametrize("factor", [1e-12, 1e-3, 1e3, 1e12])
def test_the_unit_of_pnl_does_not_matter(factor: float) -> None:
    trades = made_up_trades(11, 400)
    one = estimate_of(trades, REGIMES)
    other = estimate_of([replace(trade, pnl=trade.pnl * factor) for trade in trades], REGIMES)
    np.testing.assert_allclose(probabilities(other), probabilities(one), rtol=0, atol=1e-9)
    for mine, others in zip(one.regimes, other.regimes, strict=True):
        assert others.recommended is mine.recommended
        assert others.leverage.hint == pytest.approx(mine.leverage.hint, abs=1e-9)
        assert others.policies[1].mean_pnl == pytest.approx(factor * mine.policies[1].mean_pnl, rel=1e-9)
        assert [policy.more_observations for policy in others.policies] == [
            policy.more_observations for policy in mine.policies
        ]


def test_the_names_of_regimes_do_not_matter() -> None:
    trades = made_up_trades(12, 400)
    renamed = dict(zip(REGIMES, ("Z", "A", "M", "B"), strict=True))
    one = estimate_of(trades, REGIMES)
    other = estimate_of(
        [replace(trade, regime=renamed[trade.regime]) for trade in trades], [renamed[name] for name in REGIMES]
    )
    np.testing.assert_allclose(probabilities(other), probabilities(one), rtol=0, atol=1e-12)


def test_the_same_memory_gives_the_same_bytes() -> None:
    sums = one_by_one(made_up_trades(13, 500), DEFAULTS.decay)
    turned = EvidenceSums(sums.decay, dict(reversed(list(sums.regimes.items()))), sums.last_trade_id)
    first = pickle.dumps(estimate(sums, REGIMES, DEFAULTS))
    assert pickle.dumps(estimate(sums, REGIMES, DEFAULTS)) == first
    assert pickle.dumps(estimate(turned, REGIMES, DEFAULTS)) == first


def test_a_regime_is_judged_the_same_whichever_others_are_asked_for() -> None:
    sums = one_by_one(made_up_trades(14, 300), DEFAULTS.decay)
    together = estimate(sums, [*REGIMES, "NEVER SEEN", "BULL"], DEFAULTS)
    for regime in together.regimes:
        assert estimate(sums, [regime.regime], DEFAULTS).regimes == (regime,)
    assert together.regimes[1] == together.regimes[5]


def test_nothing_at_all() -> None:
    (regime,) = estimate_of([], ["BULL"]).regimes
    assert [policy.probability_best for policy in regime.policies] == pytest.approx([1 / 3] * 3, rel=1e-12)
    assert regime.recommended is Policy.CONSERVATIVE
    assert (regime.confidence_boost, regime.leverage.hint, regime.leverage.bound_by) == (0.5, 1.0, None)
    assert regime.cautions == (Caution.NOTHING_SEEN,)
    assert all(policy.effective_observations is None for policy in regime.policies)
    assert all(policy.mean_pnl == 0.0 for policy in regime.policies)


@pytest.mark.parametrize("pnl", [1e-9, 1.0, 1e9])
def test_one_lucky_win_leaves_it_conservative(pnl: float) -> None:
    (regime,) = estimate_of([Trade("BULL", Policy.AGGRESSIVE, pnl)], ["BULL"]).regimes
    assert regime.recommended is Policy.CONSERVATIVE
    assert set(regime.cautions) == {
        Caution.ONE_POLICY_ONLY,
        Caution.ONE_POLICY_IN_REGIME,
        Caution.NEVER_CONSERVATIVE,
    }


def test_a_policy_that_keeps_winning_is_recommended() -> None:
    generator = np.random.default_rng(15)
    trades = [
        Trade("BULL", place % 3, 0.4 * (place % 3 == 2) + float(generator.standard_normal())) for place in range(600)
    ]
    (bull, never) = estimate_of(trades, ["BULL", "NEVER SEEN"]).regimes
    assert bull.recommended is Policy.AGGRESSIVE
    assert bull.leverage.hint > 1.0
    assert never.recommended is Policy.CONSERVATIVE
    assert never.policies[2].mean_pnl > never.policies[0].mean_pnl
    assert Caution.REGIME_NOT_SEEN in never.cautions


@pytest.mark.parametrize("pnl", [-1250.0, -25.0, -5.0, 5.0, 1250.0])
def test_one_outlier_elsewhere_raises_no_leverage(pnl: float) -> None:
    """Among trades of 0.1: it widens the spread of all pnl for thousands of trades."""
    generator = np.random.default_rng(29)

    def clean(count: int) -> list[Trade]:
        return [
            Trade(regime, policy, 0.03 * policy + 0.1 * float(generator.standard_normal()))
            for _ in range(count)
            for regime in ("BEAR", "BULL", "RANGE")
            for policy in range(3)
        ]

    history = clean(200)
    more = clean(150)
    for trades in (history, history + more[:450], history + more):
        without = estimate_of(trades, ["BEAR", "BULL", "RANGE"]).regimes
        disturbed = [*trades[: len(history)], Trade("BEAR", 0, pnl), *trades[len(history) :]]
        bear, *others = estimate_of(disturbed, ["BEAR", "BULL", "RANGE"]).regimes
        for before, after in zip(without[1:], others, strict=True):
            # What its own width had lowered by may come back; nothing goes above that.
            assert after.leverage.hint <= before.leverage.hint * max(before.relative_spread, 1.0) + 1e-3, after.regime
            assert (Caution.OUTLIER in after.cautions) == (abs(pnl) > 5.0), "5 is within reach of a wide regime"
        assert bear.leverage.hint <= without[0].leverage.hint
        assert all(Caution.OUTLIER not in regime.cautions for regime in without)


def test_caps_of_the_caller_bind_and_are_named() -> None:
    sums = one_by_one([Trade("BULL", 0, 0.1 + 0.01 * (place % 2)) for place in range(200)], DEFAULTS.decay)
    free = estimate(sums, ["BULL"], DEFAULTS).regimes[0].leverage
    assert free.bound_by is None
    assert free.hint > 1.3
    capped = estimate(sums, ["BULL"], DEFAULTS, {"max_leverage_hint": 0.3}).regimes[0].leverage
    assert (capped.hint, capped.uncapped, capped.bound_by) == (0.3, free.hint, "max_leverage_hint")


def test_doubt_about_the_mean_keeps_leverage_at_one() -> None:
    calm = [Trade("BULL", 0, 0.1 * (-1.0) ** place + 0.005) for place in range(60)]
    wild = [Trade("BEAR", 0, 3.0 * (-1.0) ** place) for place in range(60)]
    bull = estimate_of([*calm, *wild], ["BULL"]).regimes[0]
    assert bull.policies[0].interval_low < 0.0
    assert bull.leverage.uncapped > 1.0
    assert (bull.leverage.hint, bull.leverage.bound_by) == (1.0, INTERVAL_CAP)


def test_sums_of_another_decay_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^the sums decay by 0\.9, the settings by 0\.998"):
        estimate(EvidenceSums(0.9), ["BULL"], DEFAULTS)


EXTREMES = st.sampled_from(
    [0.0, *(sign * size for sign in (-1, 1) for size in (1e-300, 1e-160, 1e-12, 1.0, 1e12, 1e100))]
)


@repeatable(150)
@given(
    st.lists(st.builds(Trade, st.sampled_from(REGIMES), st.integers(0, 2), EXTREMES), max_size=30),
    st.sampled_from([0.01, 0.998, 1.0]),
)
def test_whatever_was_traded_all_is_finite(trades: list[Trade], decay: float) -> None:
    assert_all_finite(estimate_of(trades, [*REGIMES, "NEVER SEEN"], EvidenceSettings(decay=decay)))


@pytest.mark.parametrize("pnl", [0.0, 1.0, -1.0, 1e-12, 1e12])
def test_pnl_without_any_variance(pnl: float) -> None:
    for count in (1, 3, 3_000):
        estimated = estimate_of([Trade("BULL", place % 3, pnl) for place in range(count)], ["BULL", "BEAR"])
        assert_all_finite(estimated)
        assert estimated.regimes[0].confidence_boost == pytest.approx(0.5 + 0.5 * np.sign(pnl), abs=0.5)


def test_a_cell_that_has_all_but_faded() -> None:
    sums = updated(EvidenceSums(0.3), "BULL", 0, 5.0)
    for _ in range(1_000):
        sums = updated(sums, "BULL", 1, 1.0)
    assert_all_finite(estimate(sums, ["BULL", "BEAR"], EvidenceSettings(decay=0.3)))


def test_two_hundred_regimes() -> None:
    generator = np.random.default_rng(16)
    names = [f"REGIME {place}" for place in range(200)]
    trades = [
        Trade(names[int(generator.integers(200))], int(generator.integers(3)), float(generator.standard_normal()))
        for _ in range(3_000)
    ]
    estimated = estimate_of(trades, names)
    assert_all_finite(estimated)
    assert [regime.regime for regime in estimated.regimes] == names


def assert_all_finite(estimated: Estimate) -> None:
    def check(value: object) -> None:
        if isinstance(value, dict):
            for each in value.values():
                check(each)
        elif isinstance(value, list | tuple):
            for each in value:
                check(each)
        elif isinstance(value, float):
            assert math.isfinite(value)

    check(asdict(estimated))
    for probability in probabilities(estimated):
        assert 0.0 <= probability <= 1.0 + 1e-12
    for regime in estimated.regimes:
        assert sum(policy.probability_best for policy in regime.policies) == pytest.approx(1.0)
        assert 0.5 <= regime.leverage.hint <= 2.0
        for policy in regime.policies:
            assert policy.interval_low <= policy.mean_pnl <= policy.interval_high
