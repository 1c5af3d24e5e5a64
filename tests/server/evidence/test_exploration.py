"""Exploration: most promising first, held long enough to learn from it, and taken up again after a restart."""

from __future__ import annotations

import pytest
from evidence_samples import made_up_trades, one_by_one

from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.exploration import NOTHING_TRIED, Exploration, Trial, explore, next_trial
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import nothing_summed, updated
from strategic_memory_server.long_memory.exploration_document import exploration_text, read_exploration
from strategic_memory_server.memory.policy import Policy

C, B, A = Policy.CONSERVATIVE, Policy.BALANCED, Policy.AGGRESSIVE


def test_the_most_promising_policy_is_tried() -> None:
    assert next_trial(Exploration(), "BULL", 7, (0.1, 0.3, 0.2), 20) == (B, Exploration({"BULL": Trial(B, 7)}))
    assert next_trial(Exploration(), "BULL", 0, (0.1, 0.2, 0.2 + 1e-15), 20)[0] is B
    assert next_trial(Exploration(), "BULL", 0, (-0.2, -0.2 + 1e-15, -0.3), 20)[0] is C
    assert next_trial(Exploration(), "BULL", 0, (0.0, 0.0, 0.0), 20)[0] is C


def test_a_policy_is_held_for_at_least_so_many_observations() -> None:
    _, state = next_trial(Exploration(), "BULL", 100, (0.0, 0.0, 1.0), 20)
    for observations in range(100, 120):
        assert state.holds("BULL", observations, 20)
        assert next_trial(state, "BULL", observations, (1.0, 0.0, 0.0), 20) == (A, state)
    assert not state.holds("BULL", 120, 20)
    assert next_trial(state, "BULL", 120, (1.0, 0.0, 0.0), 20) == (C, Exploration({"BULL": Trial(C, 120)}))


def test_a_policy_that_stays_the_best_may_be_left_at_any_time_after_its_hold() -> None:
    _, state = next_trial(Exploration(), "BULL", 0, (0.0, 0.0, 1.0), 20)
    chosen, later = next_trial(state, "BULL", 25, (0.0, 0.0, 1.0), 20)
    assert (chosen, later) == (A, state)
    assert next_trial(later, "BULL", 26, (1.0, 0.0, 0.0), 20)[0] is C


def test_each_regime_has_its_own_trial() -> None:
    _, state = next_trial(Exploration(), "BULL", 3, (0.0, 0.0, 1.0), 20)
    chosen, both = next_trial(state, "BEAR", 50, (0.0, 1.0, 0.0), 20)
    assert chosen is B
    assert both == Exploration({"BULL": Trial(A, 3), "BEAR": Trial(B, 50)})
    assert state == Exploration({"BULL": Trial(A, 3)})


@pytest.mark.parametrize("optimistic", [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0)])
def test_a_history_that_was_lost_ends_the_trial(optimistic: tuple[float, float, float]) -> None:
    _, state = next_trial(Exploration(), "BULL", 500, (0.0, 0.0, 1.0), 20)
    chosen, after = next_trial(state, "BULL", 2, optimistic, 20)
    assert after == Exploration({"BULL": Trial(chosen, 2)})
    assert optimistic[chosen] == 1.0


def test_off_it_follows_the_recommendation_and_keeps_no_state() -> None:
    settings = EvidenceSettings()
    current = estimate(one_by_one(made_up_trades(1, 200), settings.decay), ["BULL"], settings).regimes[0]
    assert explore(Exploration({"BULL": Trial(A, 0)}), current, settings) == (current.recommended, Exploration())


@pytest.mark.parametrize("width", [0.0, 1.0, 5.0])
def test_on_it_adds_the_width_times_the_deviation(width: float) -> None:
    settings = EvidenceSettings(explore=True, exploration_width=width)
    for seed in range(5):
        current = estimate(one_by_one(made_up_trades(seed, 60), settings.decay), ["BULL"], settings).regimes[0]
        chosen, state = explore(Exploration(), current, settings)
        bounds = [policy.utility + width * policy.utility_deviation for policy in current.policies]
        assert bounds[chosen] == max(bounds)
        assert state == Exploration({"BULL": Trial(chosen, current.observations)})


@pytest.mark.parametrize("since", [0, 30, 59, 60])
def test_while_nothing_may_begin_what_stands_is_followed(since: int) -> None:
    settings = EvidenceSettings(explore=True)
    current = estimate(one_by_one(made_up_trades(2, 200), settings.decay), ["RANGE"], settings).regimes[0]
    assert current.observations > 60
    state = Exploration({"RANGE": Trial(A, since), "BULL": Trial(B, 1)})
    assert explore(state, current, settings, may_begin=False) == (A, state)
    lost = Exploration({"RANGE": Trial(A, current.observations + 1)})
    assert explore(lost, current, settings, may_begin=False) == (current.recommended, lost)
    assert explore(NOTHING_TRIED, current, settings, may_begin=False) == (current.recommended, NOTHING_TRIED)


def test_a_trial_counts_what_came_since_it_began() -> None:
    assert [Trial(A, 40).seen(observations) for observations in (40, 43, 100, 12)] == [0, 3, 60, 0]


@pytest.mark.parametrize(("change", "hold"), [(False, 20), (True, 6)])
def test_a_whole_run_changes_policy_no_sooner_than_after_the_hold(*, change: bool, hold: int) -> None:
    settings = EvidenceSettings(explore=True, change=change)
    sums, state, chosen = nothing_summed(settings.decay, change=settings.change), Exploration(), []
    for step in range(400):
        # What is earned does not matter: it only makes the state of mind change.
        current = estimate(sums, ["BULL"], settings).regimes[0]
        policy, state = explore(state, current, settings)
        state = read_exploration(exploration_text(state))
        chosen.append(policy)
        sums = updated(sums, "BULL", policy, (-1.0) ** (step // 3))
    changes = [step for step in range(1, 400) if chosen[step] is not chosen[step - 1]]
    assert len(set(chosen)) == 3
    assert min(later - earlier for earlier, later in zip([0, *changes], changes, strict=False)) == hold


@pytest.mark.parametrize("explores", [True, False])
def test_what_a_later_version_has_written_stands_and_nothing_is_tried(*, explores: bool) -> None:
    later = Exploration(later=b'{"version": 2}')
    settings = EvidenceSettings(explore=explores, exploration_width=3.0)
    current = estimate(one_by_one(made_up_trades(1, 200), settings.decay), ["BULL"], settings).regimes[0]
    assert explore(later, current, settings) == (current.recommended, later)
