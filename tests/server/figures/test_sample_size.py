"""Effective number of trades, and age of the newest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import SEEDS, random_pnl
from repeatable import repeatable

from strategic_memory_server.columns.columns import float_column, index_column
from strategic_memory_server.figures.sample_size import effective_size, newest_age_ms

WEIGHTS = st.lists(st.one_of(st.floats(0.0, 1e15), st.sampled_from([0.0, 1.0, 1e-300, 1e15])), min_size=1, max_size=30)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_effective_size_is_that_of_kish_on_every_prefix(seed: int) -> None:
    weights = np.abs(random_pnl(seed)) + 1e-12
    for length in range(1, weights.size):
        part = weights[:length]
        expected = math.fsum(part) ** 2 / math.fsum(part * part)
        assert effective_size(part) == pytest.approx(expected, rel=1e-12)


def test_decaying_weights_have_the_effective_size_of_their_series() -> None:
    decay = 0.998
    weights = decay ** np.arange(5000.0)[::-1]
    assert effective_size(weights) == pytest.approx((1 + decay) / (1 - decay), rel=1e-3)


def test_equal_weights_count_fully_and_a_lone_one_counts_once() -> None:
    assert effective_size(float_column([1e-300] * 7)) == 7.0
    assert effective_size(float_column([0.0, 5.0, 0.0])) == 1.0


def test_without_a_weight_there_is_no_size() -> None:
    assert effective_size(float_column([])) is None
    assert effective_size(float_column([0.0, 0.0])) is None


@repeatable(100)
@given(WEIGHTS, st.integers(-900, 900))
def test_the_size_is_bounded_and_free_of_the_unit_and_the_order(weights: list[float], power: int) -> None:
    found = effective_size(float_column(weights))
    if found is None:
        assert not any(weights)
        return
    assert 1.0 <= found <= len([weight for weight in weights if weight]) * (1 + 1e-12)
    assert effective_size(float_column(sorted(weights))) == pytest.approx(found, rel=1e-12)
    heaviest = math.frexp(max(weights))[1]
    if -900 < heaviest + power < 900:
        scaled = np.ldexp(float_column(weights), power)
        assert effective_size(scaled) == pytest.approx(found, rel=1e-9)


def test_the_age_is_that_of_the_newest_and_never_negative() -> None:
    times = index_column([-5_000, 1_000, 4_000])
    assert newest_age_ms(times, 10_000) == 6_000
    assert newest_age_ms(times, 4_000) == 0
    assert newest_age_ms(times, 3_000) == 0
    assert newest_age_ms(index_column([]), 3_000) is None
