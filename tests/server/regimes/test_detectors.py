"""Both detectors: they find the regimes that are there, and nothing that comes later changes what they said."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable
from server.regimes.made_up_prices import FALLING, RISING, STILL, WILD, closes_of, labels_of, share

from strategic_memory_server.regimes.hidden_markov_detector import HiddenMarkovDetector, HiddenMarkovSettings
from strategic_memory_server.regimes.label import BEAR, BULL, RANGE, VOLATILE, Detector
from strategic_memory_server.regimes.threshold_detector import ThresholdDetector, ThresholdSettings

Make = Callable[[], Detector]

SOON = HiddenMarkovSettings(states=2, first_fit_bars=100, refit_bars=60, fit_bars=150)
DETECTORS: list[Make] = [ThresholdDetector, lambda: HiddenMarkovDetector(SOON)]
both = pytest.mark.parametrize("make", DETECTORS, ids=["thresholds", "hidden Markov"])


@both
@repeatable(15)
@given(known=st.integers(1, 400), seed=st.integers(0, 1_000))
def test_no_label_depends_on_what_comes_after_it(make: Make, known: int, seed: int) -> None:
    past = closes_of((STILL, 150), (WILD, 150), (RISING, 100))[:known]
    futures = [past[-1] * closes_of((WILD, 200), seed=seed) / 100, past[-1] * closes_of((FALLING, 200)) / 100]
    first, second = (labels_of(make(), np.concatenate([past, future])) for future in futures)
    assert first[:known] == second[:known] == labels_of(make(), past)


@both
def test_labels_are_probabilities_and_spreads(make: Make) -> None:
    labels = labels_of(make(), closes_of((STILL, 150), (WILD, 150), (FALLING, 150), (STILL, 150)))
    found = [label for label in labels if label is not None]
    assert len(found) > 300
    for label in found:
        assert 0.0 <= label.confidence <= 1.0
        assert 0.0 < label.volatility < 0.1
        assert label.regime in {BULL, BEAR, RANGE, VOLATILE}


@both
def test_a_price_that_does_not_move_and_one_that_jumps_give_labels_still(make: Make) -> None:
    closes = np.concatenate([np.full(300, 5.0), [5_000.0], np.full(300, 5.0)])
    assert labels_of(make(), closes)[-1] is not None


@both
def test_a_price_that_rises_by_the_same_each_time_is_a_bull_and_what_comes_after_it_is_told(make: Make) -> None:
    """As of what accrues interest: its returns differ by rounding alone."""
    accrued = 100.0 * 1.001 ** np.arange(300)
    labels = labels_of(make(), np.concatenate([accrued, accrued[-1] * closes_of((FALLING, 300)) / 100.0]))
    found = [label for label in labels if label is not None]
    assert all(math.isfinite(label.volatility) and math.isfinite(label.trend) for label in found)
    assert share(labels, BULL, 200, 300) == 1.0
    assert share(labels, BEAR, 450, 600) > 0.4


def test_thresholds_tell_trends_calm_and_storms() -> None:
    labels = labels_of(ThresholdDetector(), closes_of((STILL, 400), (RISING, 200), (FALLING, 200), (WILD, 100)))
    assert share(labels, BULL, 460, 600) > 0.8
    assert share(labels, BEAR, 680, 800) > 0.7
    assert share(labels, VOLATILE, 815, 900) > 0.9
    assert labels[2 * ThresholdSettings().trend_bars - 1] is None
    assert labels[2 * ThresholdSettings().trend_bars] is not None


def test_a_regime_ends_at_a_lower_threshold_than_it_begins() -> None:
    closes = closes_of((STILL, 1_000), (RISING, 300), (STILL, 1_000))
    narrow = ThresholdSettings(trend_until=1.0, volatile_until=1.5)

    def changes(detector: Detector) -> int:
        regimes = [label and label.regime for label in labels_of(detector, closes)]
        return sum(before != after for before, after in pairwise(regimes))

    assert changes(ThresholdDetector()) < 0.7 * changes(ThresholdDetector(narrow))


def test_volatility_is_high_or_low_against_its_last_year() -> None:
    storm = labels_of(ThresholdDetector(), closes_of((STILL, 300), (WILD, 700)))
    assert share(storm, VOLATILE, 310, 360) > 0.9
    assert share(storm, VOLATILE, 800, 1_000) < 0.6, "a storm of two years is the usual"


def test_the_hidden_markov_model_finds_the_states_it_was_made_of() -> None:
    calm, wild = (0.0008, 0.006), (-0.001, 0.03)
    parts = [(calm, 300), (wild, 150)] * 5
    labels = labels_of(HiddenMarkovDetector(HiddenMarkovSettings(states=2)), closes_of(*parts))
    assert share(labels, VOLATILE, 1_210, 1_350) > 0.9
    assert share(labels, BULL, 1_370, 1_650) > 0.9
    confident = [label.confidence for label in labels[1_210:1_350] if label is not None]
    assert np.median(confident) > 0.95


@pytest.mark.parametrize(
    ("setting", "value"),
    [("states", 1), ("states", 6), ("first_fit_bars", 99), ("refit_bars", 0), ("fit_bars", 499)],
)
def test_a_wrong_setting_is_named(setting: str, value: int) -> None:
    with pytest.raises(ValueError, match=setting):
        HiddenMarkovSettings(**{setting: value})
