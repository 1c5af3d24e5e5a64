"""The made worlds break what they are said to break, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from each_case import each_case

from strategic_memory_server.memory.policy import Policy
from study import claims, noise
from study.histories import Codes
from study.made_worlds import CHANGE_EVERY, MADE_WORLDS, MISLABELLED, made_world
from study.scenarios import GAP, Scenario
from study.worlds import POLICIES, REGIMES

WORLDS, LENGTH = 60, 1_500


def made(name: str) -> Scenario:
    return made_world(name, np.random.default_rng(41), WORLDS, LENGTH)


def lagged(values: np.ndarray) -> float:
    """Correlation of each with the one before it."""
    return float(np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1])


@each_case("name", MADE_WORLDS)
def test_what_is_drawn_is_standard_and_labels_are_true_but_for_one_kind(name: str) -> None:
    played = made(name)
    assert played.noise.shape == (WORLDS, LENGTH, POLICIES)
    assert played.noise.mean() == pytest.approx(0.0, abs=0.02)
    assert played.noise.var() == pytest.approx(1.0, abs=0.15)
    wrong = float((played.labels != played.regimes).mean())
    assert wrong == pytest.approx(MISLABELLED if name == "20 % mislabelled" else 0.0, abs=0.01)
    assert set(np.unique(played.labels)) == set(range(REGIMES))
    assert (made(name).noise == played.noise).all()


def test_only_the_aggressive_policy_crashes_and_gains_a_little_before() -> None:
    drawn = made("crash policy").noise
    crashing = drawn[..., Policy.AGGRESSIVE]
    assert (drawn[..., Policy.CONSERVATIVE] == drawn[..., Policy.BALANCED]).all()
    assert np.abs(drawn[..., Policy.BALANCED]).max() < 6.0
    assert (crashing < -6.0).mean() == pytest.approx(noise.CRASHES, rel=0.15)
    assert np.median(crashing) == pytest.approx(noise.CRASHES * noise.CRASH_SIZE, abs=0.01)
    assert crashing.var() == pytest.approx(1.0, abs=0.1)


def test_tails_clusters_and_carrying_over() -> None:
    tails, clusters, carried = (made(name).noise[..., 0] for name in ("t3 tails", "volatility clusters", "AR(1) 0.3"))
    assert (np.abs(tails) > 5.0).mean() > 50 * (np.abs(made("slow drift").noise) > 5.0).mean()
    assert lagged(carried) == pytest.approx(0.3, abs=0.02)
    assert lagged(clusters) == pytest.approx(0.0, abs=0.03)
    assert lagged(np.square(np.clip(clusters, -4.0, 4.0))) > 0.1


def test_means_tie_drift_and_change() -> None:
    tied, drifting, changing = (made(name).means for name in ("ties but one", "slow drift", "change every 300"))
    assert (np.sort(tied, axis=-1) == [0.0, 0.0, GAP]).all()
    assert len(changing) == LENGTH // CHANGE_EVERY
    assert (changing[0] != changing[1]).any()
    steps = np.abs(np.diff(drifting, axis=0))
    assert 0.0 < steps.mean() < 0.05
    assert drifting.std() == pytest.approx(GAP * np.sqrt(2.0 / 3.0), rel=0.05)


def test_the_truth_of_a_record_is_that_of_its_end() -> None:
    """Policies that were seen after the last change earned what is said to be true, up to their noise."""
    case = claims.Case("changes", changes=1.0 / 500.0, noise=silent)
    record = claims.record(np.random.default_rng(42), 20, case)
    each, last = np.arange(20), -1
    at = each, record.labels[:, last], record.policies[:, last]
    np.testing.assert_array_equal(record.pnl[:, last], record.worlds.mean[at])
    differs = record.pnl[:, 0] != record.worlds.mean[each, record.labels[:, 0], record.policies[:, 0]]
    assert differs.mean() > 0.5


def silent(generator: np.random.Generator, worlds: int, length: int) -> np.ndarray:
    del generator
    return np.zeros((worlds, length, POLICIES))


def test_labels_err_by_chance_alone() -> None:
    """Which other regime a wrong label names says nothing."""
    played = made("20 % mislabelled")
    wrong = played.labels != played.regimes
    away: Codes = (played.labels - played.regimes)[wrong] % REGIMES
    assert np.bincount(away, minlength=REGIMES)[1:] / away.size == pytest.approx([1 / 3] * 3, abs=0.02)
