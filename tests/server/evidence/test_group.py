"""What is said of a portfolio that borrows from its group."""

from __future__ import annotations

import numpy as np
import pytest

from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.estimate import RegimeEstimate
from strategic_memory_server.evidence.estimator import Belief
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.memory.policy import Policy

SETTINGS = EvidenceSettings()
BULL_MEANS = (0.0, 0.1, 0.4)


def portfolio(
    seed: int, trades: int, *, regime: str = "BULL", means: tuple[float, ...] = BULL_MEANS, unit: float = 1.0
) -> EvidenceSums:
    generator = np.random.default_rng(seed)
    policies = generator.integers(0, 3, trades)
    pnl = unit * (np.array(means)[policies] + generator.standard_normal(trades))
    return batch(SETTINGS.decay, [regime] * trades, policies, pnl)


def said(own: EvidenceSums, *others: EvidenceSums, regime: str = "BULL") -> RegimeEstimate:
    return Belief(own, SETTINGS, others).estimate([regime]).regimes[0]


def others(means: tuple[float, ...] = BULL_MEANS, regime: str = "BULL") -> list[EvidenceSums]:
    return [portfolio(seed, 200, regime=regime, means=means) for seed in range(1, 5)]


def test_little_evidence_is_helped_by_what_agrees() -> None:
    own = portfolio(0, 15)
    alone, helped = said(own), said(own, *others())
    assert alone.recommended is Policy.CONSERVATIVE
    assert helped.recommended is Policy.AGGRESSIVE
    assert helped.policies[2].probability_best > alone.policies[2].probability_best
    # What is counted and shown of its own trades stays its own.
    assert [policy.weight for policy in helped.policies] == [policy.weight for policy in alone.policies]
    assert [policy.spread for policy in helped.policies] == [policy.spread for policy in alone.policies]


def test_much_evidence_outweighs_a_group_that_disagrees() -> None:
    own = portfolio(0, 2_000, means=(0.3, 0.0, -0.3))
    assert said(own, *others()).recommended is Policy.CONSERVATIVE


def test_one_without_a_trade_says_what_its_group_shows() -> None:
    nothing = EvidenceSums(SETTINGS.decay)
    alone, helped = said(nothing), said(nothing, *others())
    assert [policy.probability_best for policy in alone.policies] == pytest.approx([1 / 3] * 3)
    assert helped.policies[2].probability_best > 0.6
    belief = Belief(nothing, SETTINGS, others())
    assert belief.best_regime() is None, "a regime that it never traded in is not preferred"
    assert belief.borrowed is not None
    assert (belief.borrowed.portfolios, belief.borrowed.observations) == (4, 800)
    assert sum(belief.borrowed.tau_weights) == pytest.approx(1.0)
    assert len(belief.estimate(["BULL"]).tau_weights) == len(SETTINGS.prior_spreads)


@pytest.mark.parametrize("regime", ["UNKNOWN", "OTHER"])
def test_what_is_no_regime_of_a_market_is_not_borrowed(regime: str) -> None:
    own = portfolio(0, 40, regime=regime)
    group = others(regime=regime)
    assert said(own, *group, regime=regime) == said(own, EvidenceSums(SETTINGS.decay), regime=regime)


def test_the_unit_of_another_portfolio_does_not_matter() -> None:
    own = portfolio(0, 15)
    in_cents = [portfolio(seed, 200, unit=1e4) for seed in range(1, 5)]
    found, expected = said(own, *in_cents), said(own, *others())
    for policy in Policy:
        assert found.policies[policy].probability_best == pytest.approx(
            expected.policies[policy].probability_best, abs=1e-9
        )
        assert found.policies[policy].mean_pnl == pytest.approx(expected.policies[policy].mean_pnl, rel=1e-9)


def test_a_portfolio_that_decays_otherwise_is_refused() -> None:
    strange = batch(0.99, ["BULL"], [0], [1.0])
    with pytest.raises(ValueError, match=r"decays by 0\.99, the settings by 0\.998"):
        said(portfolio(0, 15), strange)


@pytest.mark.parametrize("pnl", [[0.0] * 6, [1.0] * 6, [1e100, -1e100, 1e-300, 0.0, 1.0, -1.0], [5.0]])
def test_strange_results_are_borne(pnl: list[float]) -> None:
    strange = batch(SETTINGS.decay, ["BULL"] * len(pnl), [place % 3 for place in range(len(pnl))], pnl)
    for own, group in ((portfolio(0, 15), [strange]), (strange, others()), (strange, [strange])):
        found = said(own, *group)
        figures = [(policy.mean_pnl, policy.probability_best, policy.interval_low) for policy in found.policies]
        assert np.isfinite(figures).all()
        assert sum(policy.probability_best for policy in found.policies) == pytest.approx(1.0)


def few(pnl: list[float], unit: float) -> EvidenceSums:
    policies = [place % 3 for place in range(len(pnl))] if len(pnl) <= 3 else [1] * len(pnl)
    return batch(SETTINGS.decay, ["BULL"] * len(pnl), policies, unit * np.array(pnl))


@pytest.mark.parametrize("pnl", [[1.0], [1.0, -1.0], [1.0] * 30, [0.3, 0.1 + 0.2] * 15, [1.0, 1.01] * 10])
def test_trades_that_hardly_spread_about_their_mean_say_no_more_than_they_earned(pnl: list[float]) -> None:
    strange = [few(pnl, unit) for unit in (0.001, 1.0, 1e3)]
    for place, unit in enumerate((0.001, 1.0, 1e3)):
        found = said(strange[place], *others())
        assert max(abs(policy.mean_pnl) for policy in found.policies) < unit
        assert [policy.probability_best for policy in found.policies] == pytest.approx(
            [policy.probability_best for policy in said(strange[1], *others()).policies]
        )
        # Nor to those that borrow them.
        lent = said(portfolio(0, 15), *others()[1:], strange[place])
        assert [policy.mean_pnl for policy in lent.policies] == pytest.approx(
            [policy.mean_pnl for policy in said(portfolio(0, 15), *others()[1:], strange[1]).policies]
        )


def test_the_first_trade_of_a_portfolio_in_a_group_raises_no_leverage() -> None:
    first = said(few([1.0], 1e3), *others((0.0, 0.0, 0.0)))
    assert first.confidence_boost < 0.7
    assert first.leverage.hint <= 1.0


def test_it_does_not_look_for_change() -> None:
    changing = EvidenceSettings(change=True)
    with pytest.raises(ValueError, match="cannot borrow from a group"):
        Belief(EvidenceSums(changing.decay), changing, others())
