from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean

import pytest

from strategic_memory_demo.market_model import START_EQUITY, MarketModel, MarketStep
from strategic_memory_demo.market_parameters import POLICIES, PROFILES

STEPS = 60_000


@pytest.fixture(scope="module")
def steps() -> Sequence[MarketStep]:
    model = MarketModel(20_251_221)
    return [model.step() for _ in range(STEPS)]


def fingerprint(seed: int, count: int) -> str:
    model = MarketModel(seed)
    return hashlib.sha256("".join(repr(model.step()) for _ in range(count)).encode()).hexdigest()


@pytest.mark.processes
def test_the_same_seed_gives_the_same_steps_in_another_process() -> None:
    code = (
        "import hashlib; from strategic_memory_demo.market_model import MarketModel;"
        "m = MarketModel(3);"
        "print(hashlib.sha256(''.join(repr(m.step()) for _ in range(400)).encode()).hexdigest())"
    )
    for hash_seed in ("1", "2"):
        elsewhere = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert elsewhere.stdout.strip() == fingerprint(3, 400)


def test_another_seed_gives_another_market() -> None:
    assert fingerprint(3, 400) != fingerprint(4, 400)


def test_the_tables_are_whole() -> None:
    for name, profile in PROFILES.items():
        assert sum(profile.followed_by.values()) == pytest.approx(1.0)
        assert name not in profile.followed_by
        assert set(profile.followed_by) | set(profile.mistaken_for) <= set(PROFILES)
        assert name not in profile.mistaken_for
        assert set(profile.edge_pct) == set(POLICIES)


def test_regimes_follow_one_another_as_the_table_says(steps: Sequence[MarketStep]) -> None:
    followers: dict[str, Counter[str]] = defaultdict(Counter)
    for before, after in pairwise(steps):
        if after.true_regime != before.true_regime:
            followers[before.true_regime][after.true_regime] += 1
    for regime, profile in PROFILES.items():
        changes = followers[regime].total()
        assert changes > 100
        assert set(followers[regime]) <= set(profile.followed_by)
        for successor, probability in profile.followed_by.items():
            spread = (probability * (1 - probability) / changes) ** 0.5
            assert followers[regime][successor] / changes == pytest.approx(probability, abs=4 * spread)


def visits(steps: Sequence[MarketStep]) -> Iterator[tuple[str, int]]:
    length = 0
    for before, after in pairwise(steps):
        length += 1
        if after.true_regime != before.true_regime:
            yield before.true_regime, length
            length = 0


def test_visits_last_as_long_as_the_table_says(steps: Sequence[MarketStep]) -> None:
    lengths: dict[str, list[int]] = defaultdict(list)
    for regime, length in visits(steps):
        lengths[regime].append(length)
    for regime, profile in PROFILES.items():
        mean = profile.mean_dwell_steps
        spread = (mean * (mean - 1) / len(lengths[regime])) ** 0.5
        assert fmean(lengths[regime]) == pytest.approx(mean, abs=4 * spread)


def test_every_regime_occurs_and_uncertain_only_now_and_then(steps: Sequence[MarketStep]) -> None:
    shares = {regime: count / STEPS for regime, count in Counter(s.true_regime for s in steps).items()}
    assert set(shares) == set(PROFILES)
    assert 0.01 < shares["UNCERTAIN"] < 0.10
    assert all(shares[regime] > 0.10 for regime in PROFILES if regime != "UNCERTAIN")


def test_the_detector_errs_and_is_surer_when_it_is_right(steps: Sequence[MarketStep]) -> None:
    right = [s.observation.confidence for s in steps if s.observation.regime == s.true_regime]
    wrong = [s.observation.confidence for s in steps if s.observation.regime != s.true_regime]
    assert 0.05 < len(wrong) / STEPS < 0.20
    assert fmean(right) > fmean(wrong) + 0.2
    assert all(0.0 <= confidence <= 1.0 for confidence in right + wrong)


def test_policies_trade_in_turn(steps: Sequence[MarketStep]) -> None:
    policies = [step.trade.policy for step in steps if step.trade is not None]
    assert policies[:6] == [*POLICIES, *POLICIES]
    counts = Counter(policies)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_which_policy_earns_depends_on_the_regime(steps: Sequence[MarketStep]) -> None:
    results: dict[tuple[str, str], list[float]] = defaultdict(list)
    for step in steps:
        if step.trade is not None:
            results[step.true_regime, step.trade.policy].append(step.trade.realized_pnl_pct)
    best = {
        regime: max(POLICIES, key=lambda policy: fmean(results[regime, policy]))
        for regime in PROFILES
        if regime != "UNCERTAIN"
    }
    assert best == {
        "BULL": "AGGRESSIVE",
        "RANGE": "BALANCED",
        "BEAR": "CONSERVATIVE",
        "VOLATILE": "CONSERVATIVE",
    }


def test_numbers_are_sensible(steps: Sequence[MarketStep]) -> None:
    by_regime: dict[str, list[float]] = defaultdict(list)
    for step in steps:
        by_regime[step.true_regime].append(step.observation.pnl_pct)
        assert abs(step.observation.pnl_pct) < 5.0
        assert 0.0 < step.observation.volatility < 0.05
        assert abs(step.observation.trend) < 0.05
        if step.portfolio is not None:
            assert step.portfolio.total_pnl > -START_EQUITY
            assert (step.portfolio.regime is None) != (step.portfolio.position is None)
    assert fmean(by_regime["BULL"]) > 0.2
    assert 0.0 < fmean(by_regime["RANGE"]) < 0.1
    assert fmean(by_regime["BEAR"]) < -0.1


def test_what_was_earned_stays_a_number_that_is_taken_however_long_it_goes_on(steps: Sequence[MarketStep]) -> None:
    """It grew upon itself: within three hours the service refused each report of it."""
    earned = [step.portfolio.total_pnl for step in steps if step.portfolio is not None]
    assert max(earned) < 10 * START_EQUITY
    assert max(earned[-1_000:]) > min(earned[-1_000:]), "and it still moves"


def test_what_was_held_is_a_tenth_of_it_at_the_most(steps: Sequence[MarketStep]) -> None:
    sizes = [step.portfolio.position.size for step in steps if step.portfolio and step.portfolio.position]
    assert max(sizes) <= START_EQUITY
