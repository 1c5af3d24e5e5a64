"""Transition matrix, stationary distribution and dwell against brute force and linear algebra."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import assert_no_nan, close
from repeatable import repeatable

from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.figures.dwell import dwell
from strategic_memory_server.figures.stationary import stationary_distribution
from strategic_memory_server.figures.transitions import MAX_REGIMES, Transitions, transitions

CODES = st.lists(st.integers(0, 4), max_size=60)
PRIORS = st.sampled_from([0.0, 0.5, 1.0, 1e-6])


def found_in(codes: list[int], prior: float = 0.5) -> Transitions:
    found = transitions(index_column(codes), prior)
    assert found is not None
    return found


@repeatable(120)
@given(CODES, PRIORS)
def test_counts_and_probabilities_are_those_of_the_brute_force(codes: list[int], prior: float) -> None:
    found = found_in(codes, prior)
    pairs = Counter(pairwise(codes))
    assert found.regimes == tuple(sorted(set(codes)))
    for one, counts, row in zip(found.regimes, found.counts, found.probabilities, strict=True):
        assert counts == tuple(pairs[one, other] for other in found.regimes)
        total = sum(counts) + prior * len(found.regimes)
        if not total:
            assert row is None
            continue
        assert row is not None
        assert row == pytest.approx([(count + prior) / total for count in counts], rel=1e-12)
        assert sum(row) == pytest.approx(1.0)


def test_the_prior_is_half_a_transition_of_each_kind() -> None:
    found = found_in([7, 7, 7, 9])
    assert found.counts == ((2, 1), (0, 0))
    assert found.probabilities == ((2.5 / 4, 1.5 / 4), (0.5, 0.5))


def test_more_regimes_than_a_matrix_holds_have_none() -> None:
    assert transitions(index_column(range(MAX_REGIMES))) is not None
    assert transitions(index_column(range(MAX_REGIMES + 1))) is None


@pytest.mark.parametrize("prior", [-0.5, float("nan"), float("inf")])
def test_a_prior_that_is_none_is_refused(prior: float) -> None:
    with pytest.raises(ValueError, match="prior is"):
        transitions(index_column([0, 1]), prior)


@repeatable(120)
@given(CODES, PRIORS)
def test_the_stationary_distribution_stays_as_it_is_or_is_absent(codes: list[int], prior: float) -> None:
    found = found_in(codes, prior)
    shares = stationary_distribution(found)
    if len(found.regimes) <= 1:
        assert shares == ((1.0,) if codes else None)
        return
    steps = (np.array(found.counts) > 0) + np.eye(len(found.regimes))
    connected = (np.linalg.matrix_power(steps, 8) > 0).all()
    assert (shares is not None) == connected
    if shares is not None:
        matrix = np.array(found.probabilities)
        assert np.array(shares) @ matrix == pytest.approx(np.array(shares), rel=1e-10)
        assert sum(shares) == pytest.approx(1.0)
        assert min(shares) > 0.0


def test_rare_regimes_keep_the_digits_of_their_share() -> None:
    """Of two regimes the shares are as the probabilities to come in."""
    rare, common = (1.0 - 1e-15, 1e-15), (0.5, 0.5)
    for rows, place in (((rare, common), 1), ((common, rare[::-1]), 0)):
        shares = stationary_distribution(Transitions((0, 1), ((1, 1), (1, 1)), rows, 0.0))
        assert shares is not None
        assert shares[place] == pytest.approx(2e-15, rel=1e-9, abs=0.0)


def test_a_regime_that_was_left_for_good_has_no_long_run() -> None:
    assert stationary_distribution(found_in([0, 0, 1, 1, 2, 1])) is None
    assert stationary_distribution(found_in([0, 0, 1, 1, 2, 0])) is not None
    assert stationary_distribution(found_in([])) is None


@repeatable(120)
@given(CODES, st.lists(st.integers(0, 9), min_size=60, max_size=60), PRIORS)
def test_dwell_is_that_of_the_runs(codes: list[int], steps: list[int], prior: float) -> None:
    times = np.cumsum(steps[: len(codes)]).astype(np.int64)
    found = found_in(codes, prior)
    runs, place = [], 0
    for code, members in groupby(codes):
        length = len(list(members))
        runs.append((code, place, length))
        place += length
    for index, figures in enumerate(dwell(index_column(codes), found, times)):
        code = figures.regime
        assert code == found.regimes[index]
        ended = [(start, length) for one, start, length in runs[:-1] if one == code]
        assert figures.ended_runs == len(ended)
        if ended:
            assert figures.longest_observations == max(length for _, length in ended)
            assert figures.mean_observations == pytest.approx(np.mean([length for _, length in ended]))
            lasted = [times[start + length] - times[start] for start, length in ended]
            assert figures.mean_ms == pytest.approx(np.mean(lasted))
        else:
            absent = (figures.mean_observations, figures.longest_observations, figures.mean_ms)
            assert absent == (None, None, None)
        row = found.probabilities[index]
        leaves = None if row is None else 1.0 - row[index]
        if leaves is None or leaves < 1e-12:
            assert (figures.expected_observations, figures.expected_ms) == (None, None)
        else:
            assert figures.expected_observations == pytest.approx(1.0 / leaves, rel=1e-8)
        assert_no_nan(figures)


def test_without_a_prior_the_expected_time_is_the_time_spent_for_each_exit() -> None:
    codes, times = [0, 0, 1, 0, 0, 0, 1, 1], index_column([0, 10, 25, 30, 50, 60, 75, 90])
    zero, one = dwell(index_column(codes), found_in(codes, 0.0), times)
    assert zero.expected_observations == 2.5
    assert zero.expected_ms == pytest.approx((25 - 0 + 75 - 30) / 2)
    assert zero.mean_ms == zero.expected_ms
    assert (one.ended_runs, one.mean_observations, one.mean_ms) == (1, 1.0, 5.0)
    assert one.expected_observations == pytest.approx(2.0)


def test_the_expected_dwell_of_a_simulated_chain_is_the_true_one() -> None:
    random, stay, codes = np.random.default_rng(6), (0.9, 0.5), [0]
    for drawn in random.random(40_000).tolist():
        codes.append(codes[-1] if drawn < stay[codes[-1]] else 1 - codes[-1])
    found = found_in(codes)
    expected = [figures.expected_observations for figures in dwell(index_column(codes), found)]
    assert expected == [pytest.approx(10.0, rel=0.05), pytest.approx(2.0, rel=0.05)]
    shares = stationary_distribution(found)
    assert shares is not None
    assert close(shares[0], 5 / 6, rel=0.02)


def test_without_times_there_are_no_durations() -> None:
    figures = dwell(index_column([0, 1, 0]), found_in([0, 1, 0]))
    assert [(one.mean_ms, one.expected_ms) for one in figures] == [(None, None), (None, None)]
    assert dwell(index_column([]), found_in([])) == ()


def test_times_that_go_back_are_refused() -> None:
    with pytest.raises(ValueError, match=r"time_ms\[2\] is 1"):
        dwell(index_column([0, 1, 0]), found_in([0, 1, 0]), index_column([1, 2, 1]))
