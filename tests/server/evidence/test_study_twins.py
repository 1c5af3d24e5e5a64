"""What the study does for many worlds at once is what the estimator does for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from strategic_memory_server.evidence.cells import cells_of
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.exploration import Exploration, explore
from strategic_memory_server.evidence.figures import figures_of
from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed, updated
from study import equal_policies, playing
from study.bandits import Bandit, for_each_regime
from study.block_histories import BlockHistories
from study.histories import Histories
from study.learners import CHANGING, LEARNERS
from study.scenarios import SCENARIOS, Scenario, scenario
from study.worlds import REGIMES, ordered_means, regime_paths, share, summed

WORLDS, LENGTH = 5, 250
NAMES = [str(regime) for regime in range(REGIMES)]
SETTINGS = EvidenceSettings(explore=True)


def drawn() -> tuple[np.random.Generator, Scenario]:
    generator = np.random.default_rng(21)
    return generator, scenario("change points", generator, WORLDS, LENGTH)


def observed(histories: Histories, sums: list[EvidenceSums]) -> None:
    """Give both the same observations."""
    generator, played = drawn()
    for step in range(LENGTH):
        regimes, policies = played.regimes[:, step], generator.integers(0, 3, WORLDS)
        each = np.arange(WORLDS)
        pnl = played.means_at(step)[each, policies] + played.noise[each, step, policies]
        histories.observe(regimes, policies, pnl)
        for world in range(WORLDS):
            sums[world] = updated(
                sums[world], NAMES[regimes[world]], int(policies[world]), float(pnl[world]), str(step)
            )


def test_histories_side_by_side_are_the_sums_of_each() -> None:
    histories, sums = Histories(WORLDS, REGIMES, 0.99), [EvidenceSums(0.99)] * WORLDS
    observed(histories, sums)
    together = histories.cells()
    for world in range(WORLDS):
        alone, places = cells_of(sums[world])
        for name, place in places.items():
            for field in ("weight", "pnl", "squared_pnl"):
                np.testing.assert_allclose(
                    getattr(together, field)[world, int(name)], getattr(alone, field)[place], rtol=1e-12
                )
            assert histories.observations[world, int(name)] == sum(cell.observations for cell in sums[world].of(name))
    some = np.array([3, 1])
    np.testing.assert_array_equal(histories.cells(some).pnl, together.pnl[some])


def test_blocks_side_by_side_are_those_of_each() -> None:
    settings = EvidenceSettings(decay=0.99, change=True)
    histories, sums = BlockHistories(WORLDS, REGIMES, 0.99), [nothing_summed(0.99, change=True)] * WORLDS
    for _ in range(4):
        observed(histories, sums)
        together = judge(histories.figures(settings).of_regimes([*range(REGIMES)]), settings).best
        for world in range(WORLDS):
            for place, regime in enumerate(estimate(sums[world], NAMES, settings).regimes):
                best = [policy.probability_best for policy in regime.policies]
                np.testing.assert_allclose(together[world, place], best, atol=1e-9)
        some = np.array([3, 1])
        asked = histories.figures(settings, some).of_regimes(np.array([[2], [0]]))
        np.testing.assert_allclose(judge(asked, settings).best[:, 0], together[some, [2, 0]], atol=1e-12)
    assert 10 in {len(blocks.held) for memory in sums for blocks in (memory.blocks or {}).values()}


def test_figures_side_by_side_are_the_estimate_of_each() -> None:
    settings = EvidenceSettings(decay=0.99, required_probability=0.55, minimum_weight=5.0)
    histories, sums = Histories(WORLDS, REGIMES, settings.decay), [EvidenceSums(settings.decay)] * WORLDS
    observed(histories, sums)
    figures = figures_of(histories.cells(), settings)
    judgement = judge(figures, settings)
    recommended = []
    for world in range(WORLDS):
        for place, regime in enumerate(estimate(sums[world], NAMES, settings).regimes):
            found = (regime.policies[policy] for policy in range(3))
            for policy, each in enumerate(found):
                assert judgement.best[world, place, policy] == pytest.approx(each.probability_best, abs=1e-12)
                assert judgement.mean_positive[world, place, policy] == pytest.approx(
                    each.probability_mean_positive, abs=1e-12
                )
                unit = float(figures.scale.unit[world])
                assert unit * figures.utility.mean[world, place, policy] == pytest.approx(each.utility, abs=1e-12)
                assert unit * figures.interval[0][world, place, policy] == pytest.approx(each.interval_low, abs=1e-12)
            assert judgement.recommended[world, place] == regime.recommended
            recommended.append(regime.recommended)
    assert len(set(recommended)) == 3
    for place in range(REGIMES):
        current = np.full(WORLDS, place)
        np.testing.assert_array_equal(
            equal_policies.recommended_now(histories, current, settings), judgement.recommended[:, place]
        )


@pytest.mark.parametrize("learner", LEARNERS)
def test_worlds_that_explore_side_by_side_choose_as_each_would(learner: str) -> None:
    _, played = drawn()
    settings = replace(SETTINGS, change=learner == CHANGING)
    histories = LEARNERS[learner](WORLDS, REGIMES, SETTINGS)
    together = [Exploration() for _ in range(WORLDS)]
    alone, sums = [Exploration()] * WORLDS, [nothing_summed(settings.decay, change=settings.change)] * WORLDS
    seen = set()
    for step in range(LENGTH):
        regimes = played.regimes[:, step]
        chosen = playing.choices(histories, together, regimes)
        for world in range(WORLDS):
            name = NAMES[regimes[world]]
            policy, alone[world] = explore(alone[world], estimate(sums[world], [name], settings).regimes[0], settings)
            assert chosen[world] == policy
            assert together[world] == alone[world]
            earned = float(played.means_at(step)[world, policy] + played.noise[world, step, policy])
            sums[world] = updated(sums[world], name, policy, earned)
            seen.add(policy)
        each = np.arange(WORLDS)
        pnl = played.means_at(step)[each, chosen] + played.noise[each, step, chosen]
        histories.observe(regimes, chosen, pnl)
    assert len(seen) == 3


def test_drawn_sums_are_distributed_as_sums_of_draws() -> None:
    generator, worlds, count = np.random.default_rng(22), 20_000, 7
    mean, spread = np.full((worlds, 1, 3), 0.4), np.array([0.5, 1.0, 2.0])
    cells = summed(generator, mean, spread, np.full(mean.shape, count))
    draws = mean[..., None] + spread[:, None] * generator.standard_normal((*mean.shape, count))
    for found, expected in ((cells.pnl, draws.sum(axis=-1)), (cells.squared_pnl, np.square(draws).sum(axis=-1))):
        for moment in (1, 2):
            one, other = found**moment, expected**moment
            error = np.sqrt((one.var(axis=0) + other.var(axis=0)) / worlds)
            assert np.all(np.abs(one.mean(axis=0) - other.mean(axis=0)) <= 4.0 * error)
    covariance = (
        np.mean(cells.pnl * cells.squared_pnl, axis=0),
        np.mean(draws.sum(-1) * np.square(draws).sum(-1), axis=0),
    )
    np.testing.assert_allclose(*covariance, rtol=0.1)
    assert not summed(generator, mean, spread, np.zeros(mean.shape, dtype=np.intp)).squared_pnl.any()


class Knowing:
    """Always chooses what it is told."""

    def __init__(self, policy: int) -> None:
        self.policy = policy

    def choose(self) -> int:
        return self.policy

    def learn(self, policy: int, pnl: float) -> None:
        assert policy == self.policy
        assert np.isfinite(pnl)


def test_regret_is_what_the_best_policy_would_have_earned_more() -> None:
    _, played = drawn()

    def always(policy: int) -> Callable[[int], Bandit]:
        return lambda seed: Knowing(policy)

    best = sum(played.means_at(step).max(axis=-1) for step in range(LENGTH))
    for policy in range(3):
        earned = sum(played.means_at(step)[:, policy] for step in range(LENGTH))
        found = playing.regret_of_bandits(played, for_each_regime(always(policy)))
        np.testing.assert_allclose(found, best - earned, atol=1e-9)
        assert found.min() > 0.0


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios_are_what_they_are_called(name: str) -> None:
    played = scenario(name, np.random.default_rng(23), 40, 300)
    same_order = (played.means == played.means[:, :, :1]).all()
    stretches = [played.means_at(step)[0] for step in (0, 299)]
    assert same_order == (name == "shared order")
    assert len(played.means) == (3 if name == "change points" else 1)
    assert all(sorted(means.tolist()) == [-0.3, 0.0, 0.3] for means in stretches)


def test_regimes_stay_as_often_as_they_should() -> None:
    paths = regime_paths(np.random.default_rng(24), 200, 2_000)
    stayed, error = share(paths[:, 1:] == paths[:, :-1])
    assert stayed == pytest.approx(0.98, abs=4 * error)
    assert np.bincount(paths.ravel(), minlength=4) / paths.size == pytest.approx([0.25] * 4, abs=0.03)


def test_means_are_in_every_order() -> None:
    means = ordered_means(np.random.default_rng(25), 500, 0.3)
    assert len({tuple(order) for order in means.reshape(-1, 3).tolist()}) == 6
