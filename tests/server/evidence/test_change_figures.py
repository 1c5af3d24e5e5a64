"""The evidence with change as a whole: against the plain way, and everything that must not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from evidence_samples import REGIMES, Trade
from server.evidence.dense_change import DensePolicy, dense_change

from strategic_memory_server.evidence.cells import Cells, block_cells_of, cells_of
from strategic_memory_server.evidence.change.blocks import BlockCells
from strategic_memory_server.evidence.change.growth import adopted
from strategic_memory_server.evidence.change_figures import ChangeFigures
from strategic_memory_server.evidence.estimate import Estimate, PolicyEstimate
from strategic_memory_server.evidence.estimator import Belief, estimate
from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import CellSums, EvidenceSums, nothing_summed, updated
from strategic_memory_server.memory.policy import Policy

SETTINGS = EvidenceSettings(change=True)


def summed(trades: list[Trade], decay: float = SETTINGS.decay) -> EvidenceSums:
    sums = nothing_summed(decay, change=True)
    for trade in trades:
        sums = updated(sums, trade.regime, trade.policy, trade.pnl)
    return sums


def changing_trades(generator: np.random.Generator) -> list[Trade]:
    """Trades of a random history: some regimes, some changes of means, tails of any weight, any unit."""
    regimes, count = int(generator.integers(1, 5)), int(generator.integers(0, 420))
    unit, freedom = 10.0 ** generator.uniform(-3.0, 3.0), generator.choice([2.5, 4.0, 100.0])
    spreads = np.exp2(generator.uniform(-1.0, 1.0, (regimes, 3)))
    means, trades = np.zeros((regimes, 3)), []
    for place in range(count):
        if place == 0 or generator.random() < 0.01:
            means[generator.integers(regimes)] = generator.choice([0.0, 0.1, 0.5]) * generator.standard_normal(3)
        regime, policy = int(generator.integers(regimes)), int(generator.integers(3))
        pnl = spreads[regime, policy] * (means[regime, policy] + generator.standard_t(freedom))
        trades.append(Trade(REGIMES[regime], policy, unit * float(pnl)))
    return trades


def assert_equal(found: PolicyEstimate, expected: DensePolicy) -> None:
    within = 1e-9 * expected.spread
    assert found.weight == pytest.approx(expected.weight, abs=1e-9)
    assert found.spread == pytest.approx(expected.spread, rel=1e-9)
    assert found.mean_pnl == pytest.approx(expected.mean_pnl, abs=within, rel=0)
    assert found.utility == pytest.approx(expected.utility, abs=within, rel=0)
    assert found.utility_deviation == pytest.approx(expected.deviation, rel=1e-9)
    assert found.probability_mean_positive == pytest.approx(expected.positive, abs=1e-9)
    assert found.probability_best == pytest.approx(expected.best, abs=1e-8)
    if found.probability_beats_conservative is not None:
        assert found.probability_beats_conservative == pytest.approx(expected.beats, abs=1e-9)


def test_three_hundred_random_histories_equal_the_plain_way() -> None:
    generator = np.random.default_rng(2_025)
    lengths = set()
    for _ in range(300):
        trades, decay = changing_trades(generator), float(generator.choice([0.98, 0.998, 1.0]))
        asked = str(generator.choice([*REGIMES, "NEVER SEEN"]))
        sums = summed(trades, decay)
        (regime,) = estimate(sums, [asked], replace(SETTINGS, decay=decay)).regimes
        for found, expected in zip(
            regime.policies, dense_change(trades, asked, decay, SETTINGS.risk_aversion), strict=True
        ):
            assert_equal(found, expected)
        lengths |= {len(blocks.held) for blocks in (sums.blocks or {}).values()}
    assert lengths == set(range(1, 11))


def steady_trades(seed: int, count: int) -> list[Trade]:
    generator = np.random.default_rng(seed)
    regimes, policies = generator.integers(0, 4, count).tolist(), generator.integers(0, 3, count).tolist()
    pnl = (generator.standard_normal(count) + 0.2 * np.array(policies)).tolist()
    return [
        Trade(REGIMES[regime], policy, earned) for regime, policy, earned in zip(regimes, policies, pnl, strict=True)
    ]


def probabilities(estimated: Estimate) -> list[float]:
    return [
        *estimated.tau_weights,
        *(
            probability
            for regime in estimated.regimes
            for policy in regime.policies
            for probability in (
                policy.probability_best,
                policy.probability_mean_positive,
                policy.probability_beats_conservative or 0.0,
            )
        ),
    ]


@pytest.mark.parametrize("factor", [1e-12, 1e-3, 1e3, 1e12])
def test_the_unit_of_pnl_does_not_matter(factor: float) -> None:
    trades = steady_trades(31, 900)
    one = estimate(summed(trades), REGIMES, SETTINGS)
    other = estimate(summed([replace(trade, pnl=trade.pnl * factor) for trade in trades]), REGIMES, SETTINGS)
    np.testing.assert_allclose(probabilities(other), probabilities(one), rtol=0, atol=1e-9)
    assert [regime.recommended for regime in other.regimes] == [regime.recommended for regime in one.regimes]


def test_what_is_said_of_a_regime_does_not_depend_on_which_are_asked_for() -> None:
    sums = summed(steady_trades(32, 700))
    asked = [*REGIMES, "NEVER SEEN"]
    together = estimate(sums, asked, SETTINGS).regimes
    regimes, blocks = reversed(list(sums.regimes.items())), reversed(list((sums.blocks or {}).items()))
    turned = replace(sums, regimes=dict(regimes), blocks=dict(blocks))
    for regime in together:
        assert estimate(sums, [regime.regime], SETTINGS).regimes == (regime,)
        assert estimate(turned, [regime.regime], SETTINGS).regimes == (regime,)


def test_many_histories_at_once_are_judged_as_each_alone() -> None:
    memories = [summed(steady_trades(seed, 400)) for seed in range(4)]
    pairs = [(cells_of(sums)[0], block_cells_of(sums)) for sums in memories]
    together = ChangeFigures(
        Cells(*(np.stack([getattr(cells, name) for cells, _ in pairs]) for name in Cells.__slots__)),
        BlockCells(*(np.stack([getattr(blocks, name) for _, blocks in pairs]) for name in BlockCells.__slots__)),
        SETTINGS,
    )
    all_of_them, one_of_each = together.of_regimes([0, 1, 2, 3]), together.of_regimes(np.array([[0], [1], [2], [3]]))
    judged, judged_one = judge(all_of_them, SETTINGS), judge(one_of_each, SETTINGS)
    for place, (cells, blocks) in enumerate(pairs):
        alone = ChangeFigures(cells, blocks, SETTINGS).of_regimes([0, 1, 2, 3])
        expected = judge(alone, SETTINGS)
        np.testing.assert_allclose(judged.best[place], expected.best, atol=1e-12)
        np.testing.assert_allclose(judged.beats_conservative[place], expected.beats_conservative, atol=1e-12)
        np.testing.assert_allclose(judged_one.best[place, 0], expected.best[place], atol=1e-12)
        np.testing.assert_allclose(one_of_each.utility.deviation[place, 0], alone.utility.deviation[place], atol=1e-12)


def test_a_change_is_noticed() -> None:
    """The order of policies turns after 1,500 trades of 12 histories: with change most follow within 200 trades."""
    right_before, right, right_without = 0, 0, 0
    for seed in range(12):
        generator = np.random.default_rng([33, seed])

        def trades_of(means: tuple[float, ...], count: int, generator: np.random.Generator = generator) -> list[Trade]:
            noise = generator.standard_normal(count).tolist()
            return [Trade("BULL", place % 3, means[place % 3] + noise[place]) for place in range(count)]

        before = summed(trades_of((-0.3, 0.0, 0.3), 1_500))
        right_before += estimate(before, ["BULL"], SETTINGS).regimes[0].recommended is Policy.AGGRESSIVE
        sums = before
        for trade in trades_of((0.3, 0.0, -0.3), 200):
            sums = updated(sums, trade.regime, trade.policy, trade.pnl)
        with_change, without = (
            estimate(sums, ["BULL"], settings).regimes[0].policies
            for settings in (SETTINGS, replace(SETTINGS, change=False))
        )
        right += with_change[0].utility > max(with_change[1].utility, with_change[2].utility)
        right_without += without[0].utility > max(without[1].utility, without[2].utility)
    assert right_before >= 11
    assert right >= 8
    assert right_without <= 2


def test_policies_that_earn_the_same_are_told_to_tie() -> None:
    generator = np.random.default_rng(34)
    trades = [Trade("BULL", place % 3, 0.1 + float(generator.standard_normal())) for place in range(3_000)]
    (bull,) = estimate(summed(trades), ["BULL"], SETTINGS).regimes
    beats = [policy.probability_beats_conservative or 0.0 for policy in bull.policies[1:]]
    assert max(beats) < 0.5
    assert bull.recommended is Policy.CONSERVATIVE


def test_hundreds_of_regimes_whose_policies_tie_are_not_more_than_a_float_holds() -> None:
    generator, trades = np.random.default_rng(1), 1_500

    def cell() -> CellSums:
        return CellSums(trades, trades, trades, float(generator.normal(0.0, np.sqrt(trades))), trades)

    regimes = {f"R{number:03}": (cell(), cell(), cell()) for number in range(250)}
    sums = EvidenceSums(1.0, regimes, None, {name: adopted(each) for name, each in regimes.items()})
    (found,) = estimate(sums, ["R000"], replace(SETTINGS, decay=1.0)).regimes
    assert found.recommended is Policy.CONSERVATIVE
    assert sum(policy.probability_best for policy in found.policies) == pytest.approx(1.0)
    # What BALANCED is believed to earn more than CONSERVATIVE is next to nothing: they tie.
    assert (found.policies[1].probability_beats_conservative or 0.0) < 0.01
    assert found.leverage.hint == 1.0


def test_nothing_at_all() -> None:
    nothing = nothing_summed(SETTINGS.decay, change=True)
    assert Belief(nothing, SETTINGS).best_regime() is None
    (regime,) = estimate(nothing, ["BULL"], SETTINGS).regimes
    assert [policy.probability_best for policy in regime.policies] == pytest.approx([1 / 3] * 3, rel=1e-12)
    assert regime.recommended is Policy.CONSERVATIVE
    assert (regime.confidence_boost, regime.leverage.hint) == pytest.approx((0.5, 1.0), rel=1e-15)
    assert [policy.more_observations for policy in regime.policies] == [None] * 3


def test_sums_without_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^no blocks are kept beside the sums"):
        estimate(EvidenceSums(SETTINGS.decay), ["BULL"], SETTINGS)
