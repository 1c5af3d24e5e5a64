"""Autocorrelation at lag 1 against its definition in exact fractions, and its significance."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from pnl_samples import PNL_LISTS, SEEDS, close, edge, prefixes
from repeatable import repeatable

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.autocorrelation import Autocorrelation, autocorrelation

NOTHING = Autocorrelation(None, significant=False)


def brute_force(pnl: list[float]) -> float:
    mean = sum(map(Fraction, pnl), start=Fraction(0)) / len(pnl)
    apart = [Fraction(value) - mean for value in pnl]
    products = sum((one * two for one, two in pairwise(apart)), start=Fraction(0))
    return float(products / sum(one * one for one in apart))


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_that_of_the_definition_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        found = autocorrelation(pnl)
        if pnl.size < 3 or pnl.min() == pnl.max():
            assert found == NOTHING
            continue
        assert found.lag_one == pytest.approx(brute_force(pnl.tolist()), rel=1e-9, abs=1e-9)
        far = abs(brute_force(pnl.tolist())) > 1.959964 / pnl.size**0.5
        assert found.significant == (pnl.size >= 20 and far)


@pytest.mark.parametrize("name", ["empty", "one win", "two", "all equal", "zeros"])
def test_without_a_course_there_is_none(name: str) -> None:
    assert autocorrelation(edge(name)) == NOTHING


def test_what_alternates_and_what_persists_are_told_apart() -> None:
    alternating = autocorrelation(edge("alternating"))
    assert alternating.significant
    assert alternating.lag_one == pytest.approx(-39 / 40)
    assert autocorrelation(float_column([1.0] * 20 + [-1.0] * 20)).lag_one == pytest.approx(37 / 40)


def test_below_twenty_trades_nothing_is_significant() -> None:
    few, enough = float_column([1.0, -1.0] * 9 + [1.0]), float_column([1.0, -1.0] * 10)
    assert not autocorrelation(few).significant
    assert autocorrelation(enough).significant


def test_independent_trades_are_found_dependent_about_one_time_in_twenty() -> None:
    random = np.random.default_rng(11)
    found = [autocorrelation(random.standard_normal(200)).significant for _ in range(2000)]
    assert 0.03 < np.mean(found) < 0.065


@repeatable(100)
@given(PNL_LISTS)
def test_it_is_bounded_and_free_of_sign_and_direction(values: list[float]) -> None:
    pnl = float_column(values)
    found = autocorrelation(pnl)
    assert close(autocorrelation(-pnl).lag_one, found.lag_one, size=1e-9)
    assert close(autocorrelation(pnl[::-1]).lag_one, found.lag_one, size=1e-9)
    assert found.lag_one is None or -1.0 <= found.lag_one <= 1.0
