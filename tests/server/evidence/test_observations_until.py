"""How many more observations: against the posterior of a memory that has them."""

from __future__ import annotations

import pytest
from each_case import each_case
from evidence_samples import REGIMES, Trade, made_up_trades, one_by_one

from strategic_memory_server.evidence import observations_until as observations_until_module
from strategic_memory_server.evidence.cells import cells_of
from strategic_memory_server.evidence.comparisons import probability_beats_conservative
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.figures import Figures, figures_of
from strategic_memory_server.evidence.observations_until import FARTHEST, RegimeBeliefs, observations_until
from strategic_memory_server.evidence.posterior import posterior_of
from strategic_memory_server.evidence.prior import prior_of
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed, updated
from strategic_memory_server.evidence.utility import utility_of
from strategic_memory_server.memory.policy import Policy

# Places are by name.
BULL = sorted(REGIMES).index("BULL")


def belief_of(figures: Figures, minimum_weight: float = 0.0) -> RegimeBeliefs:
    utility, spread = figures.utility, figures.scale.spread
    return RegimeBeliefs(
        weight=figures.weight,
        scaled_sum=figures.scaled_sum,
        spread=spread,
        risk_price=utility.mean_pnl - utility.mean,
        theta=utility.mean_pnl / spread,
        theta_by_tau=figures.posterior.mean,
        covariance=figures.posterior.covariance,
        tau_weights=figures.posterior.tau_weights[:, 0],
        missing_weight=minimum_weight - figures.weight,
    )


def probability_after(sums: EvidenceSums, settings: EvidenceSettings, policy: int, more: int) -> float:
    """P(beats CONSERVATIVE) of the whole memory with observations that earn what is expected; the scale stays."""
    figures = figures_of(cells_of(sums)[0], settings)
    scale, theta = figures.scale, figures.utility.mean_pnl[BULL] / figures.scale.spread[BULL]
    weight, scaled_sum = figures.weight.copy(), figures.scaled_sum.copy()
    for _ in range(more):
        weight[BULL] *= settings.decay
        scaled_sum[BULL] *= settings.decay
        for each in (0, policy):
            weight[BULL, each] += 0.5
            scaled_sum[BULL, each] += 0.5 * theta[each]
    later = posterior_of(weight, scaled_sum, prior_of(settings.prior_spreads))
    utility = utility_of(later, scale, settings.risk_aversion)
    return float(probability_beats_conservative(utility, later)[BULL, policy - 1])


@pytest.mark.parametrize("decay", [1.0, 0.999, 0.98])
@pytest.mark.parametrize("policy", [Policy.BALANCED, Policy.AGGRESSIVE])
def test_probabilities_are_those_of_a_longer_memory(decay: float, policy: Policy) -> None:
    settings = EvidenceSettings(decay=decay)
    sums = one_by_one(made_up_trades(9, 300), decay)
    belief = belief_of(figures_of(cells_of(sums)[0], settings))
    found = observations_until_module._probabilities(belief, [(BULL, policy)], decay)[0]
    counts = observations_until_module._COUNTS
    for place in (0, 1, 10, 20, 30):
        expected = probability_after(sums, settings, policy, int(counts[place]))
        assert float(found[place]) == pytest.approx(expected, abs=1e-9)


@each_case("decay", [1.0, 0.999])
@each_case("seed", range(6))
def test_it_is_the_first_count_of_the_grid_at_which_a_longer_memory_would_be_sure(seed: int, decay: float) -> None:
    settings = EvidenceSettings(decay=decay, required_probability=0.9)
    sums = one_by_one(made_up_trades(seed, 300), decay)
    figures = figures_of(cells_of(sums)[0], settings)
    for policy in (Policy.BALANCED, Policy.AGGRESSIVE):
        asked = BULL, policy
        found = observations_until(belief_of(figures), [asked], settings.required_probability, decay)[asked]
        expected_gain = figures.utility.mean[BULL, policy] - figures.utility.mean[BULL, 0]
        if found is None:
            within_reach = [probability_after(sums, settings, policy, more) >= 0.9 for more in (10, 100, 1_000)]
            assert expected_gain <= 0.0 or not any(within_reach)
        elif found == 0:
            assert probability_after(sums, settings, policy, 0) >= 0.9
        else:
            assert probability_after(sums, settings, policy, found) >= 0.9
            assert probability_after(sums, settings, policy, int(found * 0.8)) < 0.9


def sure_after(observed: int, decay: float) -> int | None:
    """More observations needed after so many of each of two policies that differ by half of their spread."""
    trades = [Trade("BULL", place % 2, 0.5 * (place % 2) + (-1.0) ** (place // 2)) for place in range(2 * observed)]
    settings = EvidenceSettings(decay=decay, required_probability=0.9)
    estimated = estimate(one_by_one(trades, decay), ["BULL"], settings)
    return estimated.regimes[0].policies[1].more_observations


def test_the_more_is_known_the_less_is_missing() -> None:
    missing = [sure_after(observed, 1.0) for observed in (40, 160, 640)]
    known = [count for count in missing if count is not None]
    assert len(known) == len(missing)
    assert known == sorted(known, reverse=True)
    assert known[0] > known[-1] == 0
    assert all(count < FARTHEST for count in known)


def test_it_is_not_defined_where_nothing_is_expected_or_all_is_forgotten() -> None:
    settings = EvidenceSettings()
    nothing = estimate(EvidenceSums(settings.decay), ["BULL"], settings).regimes[0]
    assert [policy.more_observations for policy in nothing.policies] == [None, None, None]
    assert sure_after(40, 0.9) is None


def test_it_is_zero_exactly_when_probability_and_weight_are_reached() -> None:
    settings = EvidenceSettings()
    for seed in range(8):
        estimated = estimate(one_by_one(made_up_trades(seed, 1_000), settings.decay), REGIMES, settings)
        for policy in (policy for regime in estimated.regimes for policy in regime.policies[1:]):
            reached = (policy.probability_beats_conservative or 0.0) >= settings.required_probability
            assert (policy.more_observations == 0) is (reached and policy.weight >= settings.minimum_weight)


def test_where_change_is_looked_for_a_policy_that_is_not_recommended_needs_more() -> None:
    settings = EvidenceSettings(change=True)
    sums = nothing_summed(settings.decay, change=True)
    doubtful = 0
    for place in range(110):
        # BALANCED earned more than CONSERVATIVE, and no longer does: what it is believed to lack has to be told.
        earned = 0.8 * (place % 2) * (place < 60) + (1.0, 1.0, -1.0, -1.0)[place % 4]
        sums = updated(sums, "BULL", place % 2, earned)
        if place >= 85:
            found = estimate(sums, ["BULL"], settings).regimes[0]
            doubtful += found.recommended is Policy.CONSERVATIVE
            assert (found.policies[1].more_observations == 0) is (found.recommended is Policy.BALANCED), place
    assert 5 < doubtful < 25


@pytest.mark.parametrize("change", [False, True])
def test_a_policy_that_is_sure_upon_too_few_trades_needs_as_many_more(change: bool) -> None:
    settings = EvidenceSettings(decay=1.0, minimum_weight=100.0, change=change)
    sums = nothing_summed(1.0, change=change)
    for place in range(80):
        sums = updated(sums, "BULL", place % 2, place % 2 + 0.1 * (-1.0) ** (place // 2))
    found = estimate(sums, ["BULL"], settings).regimes[0]
    assert found.recommended is Policy.CONSERVATIVE
    assert (found.policies[1].probability_beats_conservative or 0.0) > settings.required_probability
    more = found.policies[1].more_observations
    # 60 of its own are missing, which every second observation of the regime is.
    assert more is not None
    assert 120 <= more <= 1.25 * 120


def test_it_is_absent_where_the_weight_never_comes() -> None:
    settings = EvidenceSettings(decay=0.99, minimum_weight=60.0)
    trades = [Trade("BULL", place % 2, place % 2 + 0.1 * (-1.0) ** (place // 2)) for place in range(80)]
    found = estimate(one_by_one(trades, settings.decay), ["BULL"], settings).regimes[0]
    assert (found.policies[1].probability_beats_conservative or 0.0) > settings.required_probability
    assert found.policies[1].more_observations is None
