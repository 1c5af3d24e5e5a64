"""What a learner says of one regime of each world is what the estimator says; the study runs in pieces."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from strategic_memory_server.evidence.figures import figures_of
from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.settings import EvidenceSettings
from study import panels, regret
from study.bandits import Bandit, for_each_regime
from study.learners import DECAYING, Decaying, follows
from study.options import Options
from study.worlds import REGIMES

ROOT = Path(__file__).parents[3]
SETTINGS = EvidenceSettings(minimum_weight=2.0, required_probability=0.55)
WORLDS = 6


def seen() -> Decaying:
    generator, learner = np.random.default_rng(43), Decaying(WORLDS, REGIMES, SETTINGS)
    for _ in range(200):
        policy = generator.integers(0, 3, WORLDS)
        learner.observe(
            generator.integers(0, REGIMES, WORLDS), policy, generator.standard_normal(WORLDS) + 0.3 * policy
        )
    return learner


def test_one_regime_of_each_world_is_taken_out_of_all() -> None:
    learner, regimes = seen(), np.arange(WORLDS) % REGIMES
    whole = figures_of(learner.cells(), SETTINGS)
    judged, asked = judge(whole, SETTINGS), learner.figures(regimes)
    each = np.arange(WORLDS)
    np.testing.assert_array_equal(judge(asked, SETTINGS).best[:, 0], judged.best[each, regimes])
    np.testing.assert_array_equal(asked.interval[0][:, 0], whole.interval[0][each, regimes])
    np.testing.assert_array_equal(follows(learner, regimes, SETTINGS), judged.recommended[each, regimes])
    assert len(set(judged.recommended.ravel().tolist())) > 1
    some = np.array([4, 1])
    np.testing.assert_array_equal(learner.figures(regimes[some], some).utility.mean, asked.utility.mean[some])


class Always:
    """Chooses one policy whatever it earns."""

    def __init__(self, policy: int) -> None:
        self.policy = policy

    def choose(self) -> int:
        return self.policy

    def learn(self, policy: int, pnl: float) -> None:
        assert policy == self.policy


def test_the_best_rival_is_that_with_the_lowest_mean_regret() -> None:
    def always(policy: int) -> Callable[[int], Bandit]:
        return lambda seed: Always(policy)

    worlds = regret.played(Options(worlds=10, short=True), "ties but one")
    rivals = {str(policy): for_each_regime(always(policy)) for policy in range(3)}
    found = regret.regrets(worlds, rivals, [DECAYING])
    lowest = min(found[rival].mean() for rival in rivals)
    assert len({found[rival].mean() for rival in rivals}) == 3
    assert regret.against_best(found, DECAYING)[0] == pytest.approx(found[DECAYING].mean() / lowest)


def test_a_panel_knows_a_regime_before_the_day_that_it_is_for() -> None:
    generator = np.random.default_rng(44)
    closes = 100.0 * np.exp(np.cumsum(0.004 + 0.01 * generator.standard_normal(400)))
    whole, shorter = panels.panel(closes), panels.panel(closes[:-1])
    np.testing.assert_array_equal(shorter.regimes, whole.regimes[:-1])
    assert whole.returns[-1] == pytest.approx(closes[-1] / closes[-2] - 1.0)
    closes[-1] *= 2.0
    np.testing.assert_array_equal(panels.panel(closes).regimes, whole.regimes)
    followed = panels.follow(Decaying(1, REGIMES, SETTINGS), whole, SETTINGS)
    earlier = panels.follow(Decaying(1, REGIMES, SETTINGS), shorter, SETTINGS)
    np.testing.assert_array_equal(earlier, followed[:-1])
    assert len(set(followed.tolist())) > 1


@pytest.mark.processes
def test_the_study_runs_in_pieces_and_names_them() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "study", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )

    done = run("--only", "first_words", "--quick", "--choosing")
    assert done.returncode == 0, done.stderr
    assert "nothing at all: leverage_hint differs from 1 by" in done.stdout
    assert "best policy found" not in done.stdout
    assert "seed 11, 150 worlds, short" in done.stdout
    refused = run("--only", "first_word")
    assert refused.returncode == 2
    assert "there is no part 'first_word'; parts are best_policy, calibration" in refused.stderr
