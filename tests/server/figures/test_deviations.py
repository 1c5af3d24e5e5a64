"""Deviations from the mean against exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from each_case import each_case
from hypothesis import given
from pnl_samples import EDGES, PNL_LISTS, SEEDS, edge, prefixes
from repeatable import repeatable

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.deviations import deviations_of


def exact_mean(values: list[float]) -> Fraction:
    return sum(map(Fraction, values), start=Fraction(0)) / len(values)


@pytest.mark.parametrize("seed", SEEDS)
def test_mean_and_deviation_are_those_of_numpy_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        if pnl.size < 2:
            continue
        found = deviations_of(pnl)
        assert found.mean == pytest.approx(float(np.mean(pnl)), rel=1e-13, abs=1e-16 * float(np.abs(pnl).max()))
        assert found.standard_deviation == pytest.approx(float(np.std(pnl, ddof=1)), rel=1e-9)


@each_case("name", [name for name in EDGES if len(EDGES[name]) > 1])
def test_the_deviation_is_exact_at_the_edges(name: str) -> None:
    values = EDGES[name]
    mean = exact_mean(values)
    variance = sum(((Fraction(value) - mean) ** 2 for value in values), start=Fraction(0)) / (len(values) - 1)
    found = deviations_of(edge(name))
    scale = Fraction(2) ** found.exponent
    assert float(found.scaled_variance) == pytest.approx(float(variance / scale**2), rel=1e-9)


@repeatable(100)
@given(PNL_LISTS.filter(bool))
def test_the_mean_is_within_the_values_and_close_to_the_exact_one(values: list[float]) -> None:
    found = deviations_of(float_column(values))
    assert min(values) <= found.mean <= max(values)
    allowed = max(1e-15 * max(map(abs, values)), math.ulp(0.0))
    assert abs(Fraction(found.mean) - exact_mean(values)) <= Fraction(allowed)
    assert found.spread == (min(values) != max(values))
    assert not found.spread or 0.25 < float(np.abs(found.scaled).max()) <= 1.0
