"""How long a regime lasts: as it did, and as the transition matrix would have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.figures.checks import check_length, check_times
from strategic_memory_server.figures.transitions import Transitions


@dataclass(frozen=True, slots=True)
class Dwell:
    """Unbroken runs of one regime.

    Attributes:
        regime: its code.
        ended_runs: runs that another regime has ended. The first may have begun before the first observation.
        mean_observations: their mean length; None without an ended run.
        longest_observations: length of the longest of them; None without one.
        mean_ms: mean time from the start of such a run to the start of the next, milliseconds; None without one, or
            where times are not known.
        expected_observations: mean length under the transition matrix; None where it says that the regime never ends.
        expected_ms: the same in milliseconds; None together with it, without a step from the regime, or where times are
            not known.
    """

    regime: int
    ended_runs: int
    mean_observations: float | None
    longest_observations: int | None
    mean_ms: float | None
    expected_observations: float | None
    expected_ms: float | None


def dwell(regime: IndexColumn, found: Transitions, time_ms: IndexColumn | None = None) -> tuple[Dwell, ...]:
    """Measure the runs of each regime, in the order of `found.regimes`.

    The expected length is that of a geometric distribution, 1 / (1 - p) with p the probability to stay (J. G. Kemeny
    and J. L. Snell 1960, "Finite Markov Chains", section 3.5); in time, that many mean steps from an observation of
    the regime to the next observation.

    Args:
        regime: code of the regime of each observation, oldest first.
        found: what `transitions` gives for the same column.
        time_ms: time of each, milliseconds since 1970-01-01 UTC; None where times are not known.
    """
    if time_ms is not None:
        check_length("time_ms", time_ms, regime.size)
        check_times("time_ms", time_ms)
    regimes = len(found.regimes)
    place = np.searchsorted(np.array(found.regimes, dtype=np.int64), regime)
    times = np.zeros(regime.size, dtype=np.int64) if time_ms is None else time_ms
    # A run is ended by the first observation of another regime; the last one has no end yet.
    ends = np.flatnonzero(place[1:] != place[:-1]) + 1
    begins = np.concatenate((np.zeros(min(regime.size, 1), dtype=np.int64), ends))
    ended, lengths = place[ends - 1], np.diff(begins)
    steps, runs = np.bincount(place[:-1], minlength=regimes), np.bincount(ended, minlength=regimes)
    longest = np.zeros(regimes, dtype=np.int64)
    np.maximum.at(longest, ended, lengths)
    unknown: list[float | None] = [None] * regimes
    mean_lengths = _means(_sums(ended, lengths, regimes), runs)
    mean_runs_ms = unknown if time_ms is None else _means(_sums(ended, np.diff(times[begins]), regimes), runs)
    mean_steps_ms = unknown if time_ms is None else _means(_sums(place[:-1], np.diff(times), regimes), steps)
    figures = []
    for index, code in enumerate(found.regimes):
        expected, step_ms = _expected_observations(found, index), mean_steps_ms[index]
        figures.append(
            Dwell(
                regime=code,
                ended_runs=int(runs[index]),
                mean_observations=mean_lengths[index],
                longest_observations=int(longest[index]) if runs[index] else None,
                mean_ms=mean_runs_ms[index],
                expected_observations=expected,
                expected_ms=None if expected is None or step_ms is None else expected * step_ms,
            )
        )
    return tuple(figures)


def _expected_observations(found: Transitions, index: int) -> float | None:
    row = found.probabilities[index]
    leaves = 0.0 if row is None else sum(row[:index]) + sum(row[index + 1 :])
    return 1.0 / leaves if leaves else None


def _sums(group: IndexColumn, values: IndexColumn, groups: int) -> IndexColumn:
    """Sum of each group, exactly."""
    sums = np.zeros(groups, dtype=np.int64)
    np.add.at(sums, group, values)
    return sums


def _means(sums: IndexColumn, counts: IndexColumn) -> list[float | None]:
    """Mean of each group; None for a group without a member."""
    return [total / count if count else None for total, count in zip(sums.tolist(), counts.tolist(), strict=True)]
