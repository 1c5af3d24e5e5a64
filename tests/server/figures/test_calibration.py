"""Calibration against sums by hand, and the decomposition that ties its parts together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import assert_no_nan
from repeatable import repeatable
from scipy import stats

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.calibration import calibration

PAIRS = st.lists(st.tuples(st.floats(0.0, 1.0), st.sampled_from([0.0, 1.0])), max_size=60)


@repeatable(120)
@given(PAIRS, st.integers(1, 20))
def test_it_is_that_of_the_definitions(pairs: list[tuple[float, float]], bins: int) -> None:
    found = calibration(float_column([said for said, _ in pairs]), float_column([came for _, came in pairs]), bins)
    assert_no_nan(found)
    assert len(found.bins) == bins
    error = 0.0
    for index, one in enumerate(found.bins):
        assert (one.low, one.high) == (index / bins, (index + 1) / bins)
        inside = [pair for pair in pairs if one.low <= pair[0] < one.high or (pair[0] == 1.0 and one.high == 1.0)]
        assert one.statements == len(inside)
        if not inside:
            assert (one.mean_confidence, one.frequency, one.interval) == (None, None, None)
            continue
        said, came = (math.fsum(column) / len(inside) for column in zip(*inside, strict=True))
        assert one.mean_confidence == pytest.approx(said, rel=1e-12, abs=1e-300)
        assert one.frequency == pytest.approx(came)
        wilson = stats.binomtest(round(came * len(inside)), len(inside)).proportion_ci(method="wilson")
        assert one.interval == pytest.approx((wilson.low, wilson.high), abs=1e-12)
        error += len(inside) * abs(said - came)
    if not pairs:
        assert (found.base_rate, found.brier_score, found.expected_calibration_error) == (None, None, None)
        return
    assert found.brier_score is not None
    assert found.expected_calibration_error is not None
    assert found.expected_calibration_error == pytest.approx(error / len(pairs), abs=1e-12)
    assert found.brier_score == pytest.approx(math.fsum((said - came) ** 2 for said, came in pairs) / len(pairs))
    assert found.base_rate == pytest.approx(sum(came for _, came in pairs) / len(pairs))
    assert 0.0 <= found.brier_score <= 1.0
    assert 0.0 <= found.expected_calibration_error <= 1.0


def test_who_is_always_right_and_sure_has_no_error_and_who_is_always_wrong_all_of_it() -> None:
    outcome = float_column([0.0, 1.0, 1.0])
    right, wrong = calibration(outcome, outcome), calibration(1.0 - outcome, outcome)
    assert (right.brier_score, right.expected_calibration_error) == (0.0, 0.0)
    assert (wrong.brier_score, wrong.expected_calibration_error) == (1.0, 1.0)


def test_half_said_always_scores_a_quarter() -> None:
    found = calibration(float_column([0.5] * 4), float_column([1.0, 0.0, 0.0, 1.0]))
    assert (found.brier_score, found.expected_calibration_error) == (0.25, 0.0)


def test_what_comes_true_as_often_as_said_is_calibrated() -> None:
    random = np.random.default_rng(3)
    said = random.random(50_000)
    honest = (random.random(50_000) < said).astype(np.float64)
    boasting = (random.random(50_000) < 0.5 + (said - 0.5) / 2).astype(np.float64)
    errors = [calibration(said, outcome).expected_calibration_error for outcome in (honest, boasting)]
    assert errors == [pytest.approx(0.0, abs=0.012), pytest.approx(0.125, abs=0.012)]


def test_edges_of_the_ranges_belong_to_the_upper_one() -> None:
    said = float_column([0.0, 0.29, 0.3, 0.7, 1.0])
    found = calibration(said, float_column([1.0] * 5), bins=100)
    assert [index for index, one in enumerate(found.bins) if one.statements] == [0, 29, 30, 70, 99]


@repeatable(100)
@given(PAIRS.filter(bool))
def test_the_order_does_not_matter(pairs: list[tuple[float, float]]) -> None:
    moved = sorted(pairs)
    found, other = (
        calibration(float_column([said for said, _ in some]), float_column([came for _, came in some]))
        for some in (pairs, moved)
    )
    assert other.brier_score == pytest.approx(found.brier_score)
    assert other.expected_calibration_error == pytest.approx(found.expected_calibration_error, abs=1e-12)


@pytest.mark.parametrize(
    ("said", "outcome", "bins", "message"),
    [
        ([0.5, 1.1], [0.0, 1.0], 10, r"confidence\[1\] is 1.1; give a probability from 0 to 1"),
        ([0.5, math.nan], [0.0, 1.0], 10, r"confidence\[1\] is nan"),
        ([0.5, 0.5], [0.0, 0.5], 10, r"outcome\[1\] is 0.5; give 1 where it came true"),
        ([0.5, 0.5], [0.0, math.nan], 10, r"outcome\[1\] is nan"),
        ([0.5, 0.5], [0.0], 10, "outcome has 1 values where 2 are needed"),
        ([0.5], [0.0], 0, "bins is 0; give at least 1"),
    ],
)
def test_what_cannot_be_judged_is_named(said: list[float], outcome: list[float], bins: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calibration(float_column(said), float_column(outcome), bins)
