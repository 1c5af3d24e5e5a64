"""Sums: weights by the number of later observations of the regime; one by one, at once or in parts, it is the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from evidence_samples import REGIMES, TRADES, Trade, made_up_trades, one_by_one
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.evidence.batch import batch, merged
from strategic_memory_server.evidence.sums import MAX_PNL, CellSums, EvidenceSums, updated
from strategic_memory_server.memory.policy import Policy

DECAYS = st.sampled_from([0.3, 0.9, 0.998, 1.0])


def sums_of(trades: Sequence[Trade], decay: float, last_trade_id: str | None = None) -> EvidenceSums:
    return batch(
        decay,
        [trade.regime for trade in trades],
        [trade.policy for trade in trades],
        [trade.pnl for trade in trades],
        last_trade_id,
    )


def assert_same(one: EvidenceSums, other: EvidenceSums, trades: Sequence[Trade]) -> None:
    """Equal to 1e-9 of what was summed: sums of pnl may cancel, so their size is that of the absolute values."""
    sizes = sums_of([Trade(trade.regime, trade.policy, abs(trade.pnl)) for trade in trades], one.decay)
    assert set(one.regimes) == set(other.regimes)
    for regime, cells in one.regimes.items():
        for mine, others, size in zip(cells, other.regimes[regime], sizes.regimes[regime], strict=True):
            assert mine.observations == others.observations
            for value, expected, scale in zip(mine[1:], others[1:], size[1:], strict=True):
                assert abs(value - expected) <= 1e-9 * scale


@repeatable(60)
@given(st.lists(TRADES, max_size=40), DECAYS)
def test_each_observation_weighs_decay_to_the_power_of_the_later_ones_of_its_regime(
    trades: list[Trade], decay: float
) -> None:
    sums = one_by_one(trades, decay)
    for regime in REGIMES:
        of_regime = [trade for trade in trades if trade.regime == regime]
        weighed = [(trade, decay ** (len(of_regime) - 1 - place)) for place, trade in enumerate(of_regime)]
        for policy in Policy:
            chosen = [(trade.pnl, weight) for trade, weight in weighed if trade.policy == policy]
            cell = sums.of(regime)[policy]
            assert cell.observations == len(chosen)
            assert cell.weight == pytest.approx(math.fsum(w for _, w in chosen), rel=1e-12)
            assert cell.squared_weight == pytest.approx(math.fsum(w * w for _, w in chosen), rel=1e-12)
            size = math.fsum(w * abs(x) for x, w in chosen)
            assert abs(cell.pnl - math.fsum(w * x for x, w in chosen)) <= 1e-12 * size
            assert cell.squared_pnl == pytest.approx(math.fsum(w * x * x for x, w in chosen), rel=1e-12)


@pytest.mark.parametrize("decay", [0.9, 0.998, 1.0])
def test_one_by_one_equals_the_batch_on_every_prefix(decay: float) -> None:
    trades = made_up_trades(seed=3, count=400)
    sums = EvidenceSums(decay)
    for count, trade in enumerate(trades, start=1):
        sums = updated(sums, trade.regime, trade.policy, trade.pnl)
        assert_same(sums, sums_of(trades[:count], decay), trades[:count])


def test_a_long_history_does_not_drift() -> None:
    trades = made_up_trades(seed=4, count=50_000)
    assert_same(one_by_one(trades, 0.998), sums_of(trades, 0.998), trades)


@repeatable(60)
@given(st.lists(TRADES, max_size=30), st.lists(TRADES, max_size=30), DECAYS)
def test_two_stretches_joined_are_the_whole(earlier: list[Trade], later: list[Trade], decay: float) -> None:
    joined = merged(sums_of(earlier, decay), sums_of(later, decay))
    assert_same(joined, sums_of([*earlier, *later], decay), [*earlier, *later])


def test_an_observation_leaves_other_regimes_alone() -> None:
    before = one_by_one(made_up_trades(seed=5, count=50), 0.9)
    after = updated(before, "BULL", Policy.BALANCED, 1.5)
    assert {name: cells for name, cells in after.regimes.items() if name != "BULL"} == {
        name: cells for name, cells in before.regimes.items() if name != "BULL"
    }
    assert after.observations == before.observations + 1


def test_sums_are_values() -> None:
    before = one_by_one(made_up_trades(seed=6, count=20), 0.998)
    kept = dict(before.regimes)
    updated(before, "BULL", Policy.BALANCED, 1.0)
    merged(before, before)
    assert dict(before.regimes) == kept


def test_the_id_of_the_last_trade_travels_along() -> None:
    first = updated(EvidenceSums(0.998), "BULL", Policy.BALANCED, 1.0, "5-0")
    assert first.last_trade_id == "5-0"
    assert updated(first, "BULL", Policy.BALANCED, 1.0).last_trade_id == "5-0"
    later = sums_of([Trade("BEAR", 0, 1.0)], 0.998, "7-1")
    assert merged(first, later).last_trade_id == "7-1"
    assert merged(first, sums_of([], 0.998)).last_trade_id == "5-0"


def test_effective_observations() -> None:
    assert CellSums().effective_observations is None
    even = one_by_one([Trade("BULL", 0, 1.0)] * 8, 1.0).of("BULL")[0]
    assert even.effective_observations == 8.0
    # Weights 1 and 1/2: 1.5^2 / 1.25.
    uneven = one_by_one([Trade("BULL", 0, 1.0)] * 2, 0.5).of("BULL")[0]
    assert uneven.effective_observations == pytest.approx(1.8)


@pytest.mark.parametrize("pnl", [math.nan, math.inf, -math.inf, 2 * MAX_PNL])
def test_a_pnl_that_cannot_be_summed_is_refused(pnl: float) -> None:
    with pytest.raises(ValueError, match=r"^pnl is "):
        updated(EvidenceSums(0.998), "BULL", Policy.BALANCED, pnl)
    with pytest.raises(ValueError, match=r"^pnl is "):
        batch(0.998, ["BULL", "BULL"], [0, 1], [1.0, pnl])


@pytest.mark.parametrize("policy", [-1, 3])
def test_what_is_no_policy_is_refused(policy: int) -> None:
    with pytest.raises(ValueError, match=rf"^policy is {policy}, "):
        updated(EvidenceSums(0.998), "BULL", policy, 1.0)
    with pytest.raises(ValueError, match=rf"^policy is {policy}, "):
        batch(0.998, ["BULL", "BULL"], [0, policy], [1.0, 1.0])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="have 1, 2 and 1 entries"):
        batch(0.998, ["BULL"], [0, 1], [1.0])


def test_sums_that_decay_differently_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match=r"decay by 0\.9 and by 0\.8"):
        merged(EvidenceSums(0.9), EvidenceSums(0.8))


def test_the_largest_pnl_leaves_the_sums_finite() -> None:
    sums = one_by_one([Trade("BULL", 0, MAX_PNL), Trade("BULL", 0, -MAX_PNL)] * 50, 1.0)
    assert all(math.isfinite(value) for value in sums.of("BULL")[0])
