"""Quantiles of Student's t against scipy."""

from __future__ import annotations

import pytest
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable
from scipy import stats

from strategic_memory_server.figures.student_t import MANY_DEGREES, _expansion, quantile, upper_tail

DEGREES = (1.0, 1.5, 2.0, 3.0, 4.0, 7.3, 10.0, 29.0, 100.0, 333.3, 999.0, 999.999, MANY_DEGREES, 1e4, 1e6, 1e9)
PROBABILITIES = (1e-6, 0.025, 0.3, 0.499, 0.5001, 0.6, 0.75, 0.9, 0.95, 0.975, 0.995, 0.9999, 1 - 1e-6, 1 - 1e-9)


@each_case("degrees", DEGREES)
@each_case("probability", PROBABILITIES)
def test_a_quantile_is_that_of_scipy(probability: float, degrees: float) -> None:
    assert quantile(probability, degrees) == pytest.approx(stats.t.ppf(probability, degrees), rel=1e-9, abs=1e-12)


def test_every_quantile_that_an_interval_needs_is_that_of_scipy() -> None:
    for degrees in range(1, 1500):
        assert quantile(0.975, degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-11)


@repeatable(100)
@given(st.floats(0.0, 50.0), st.floats(1.0, 1000.0))
def test_the_tail_is_that_of_scipy(value: float, degrees: float) -> None:
    assert upper_tail(value, degrees) == pytest.approx(stats.t.sf(value, degrees), rel=1e-10, abs=1e-300)


@repeatable(100)
@given(st.floats(0.5, 0.999999), st.floats(1.0, 1e6))
def test_a_quantile_is_odd_around_the_middle_and_above_that_of_the_normal(probability: float, degrees: float) -> None:
    found = quantile(probability, degrees)
    assert quantile(1.0 - probability, degrees) == pytest.approx(-found, rel=1e-9, abs=1e-9)
    assert found >= stats.norm.ppf(probability) * (1.0 - 1e-12)


@pytest.mark.parametrize("probability", [0.6, 0.9, 0.975])
def test_every_term_of_the_expansion_counts(probability: float) -> None:
    """At 300 degrees the first term left out is below 1e-12, and a slip in the last one kept is above."""
    expected = stats.t.ppf(probability, 300.0)
    assert _expansion(float(stats.norm.ppf(probability)), 300.0) == pytest.approx(expected, rel=5e-13)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 3.0), (1.0, 3.0), (0.9, 0.5), (0.9, float("inf"))])
def test_what_has_no_quantile_is_refused(probability: float, degrees: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        quantile(probability, degrees)
