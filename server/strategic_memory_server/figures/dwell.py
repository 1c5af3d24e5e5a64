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
    runs = RunTally(np.array(found.regimes, dtype=np.int64))
    runs.add(regime, np.zeros(regime.size, dtype=np.int64) if time_ms is None else time_ms)
    return runs.dwell(found, timed=time_ms is not None)


class RunTally:
    """What has to be known of observations to say how long regimes last: they can come in any number of parts.

    Args:
        regimes: codes of the regimes that occur, ascending.
    """

    def __init__(self, regimes: IndexColumn) -> None:
        self._regimes = regimes
        self._runs, self._lengths, self._longest, self._runs_ms, self._steps, self._steps_ms = (
            np.zeros(regimes.size, dtype=np.int64) for _ in range(6)
        )
        self._last: IndexColumn = np.empty(0, dtype=np.int64)
        self._last_ms: IndexColumn = np.empty(0, dtype=np.int64)
        self._run_length = self._run_start_ms = 0

    def add(self, regime: IndexColumn, time_ms: IndexColumn) -> None:
        """Add observations, oldest first: codes of their regimes, and their times."""
        if not regime.size:
            return
        if not self._last.size:
            self._run_start_ms = int(time_ms[0])
        place = np.concatenate((self._last, np.searchsorted(self._regimes, regime)))
        times = np.concatenate((self._last_ms, time_ms))
        self._steps += np.bincount(place[:-1], minlength=self._regimes.size)
        np.add.at(self._steps_ms, place[:-1], np.diff(times))
        ends = np.flatnonzero(place[1:] != place[:-1]) + 1
        # The run that goes on began before these observations.
        begun = self._run_length - self._last.size
        starts = np.concatenate(([-begun], ends))
        started_ms = np.concatenate(([self._run_start_ms], times[ends]))
        lengths, ended = np.diff(starts), place[ends - 1]
        self._runs += np.bincount(ended, minlength=self._regimes.size)
        np.add.at(self._lengths, ended, lengths)
        np.maximum.at(self._longest, ended, lengths)
        np.add.at(self._runs_ms, ended, np.diff(started_ms))
        self._run_length, self._run_start_ms = place.size - int(starts[-1]), int(started_ms[-1])
        self._last, self._last_ms = place[-1:], times[-1:]

    def dwell(self, found: Transitions, *, timed: bool = True) -> tuple[Dwell, ...]:
        """The runs of each regime; `timed` says whether the times were known."""
        unknown: list[float | None] = [None] * self._regimes.size
        mean_runs_ms = _means(self._runs_ms, self._runs) if timed else unknown
        mean_steps_ms = _means(self._steps_ms, self._steps) if timed else unknown
        mean_lengths, longest, runs = _means(self._lengths, self._runs), self._longest.tolist(), self._runs.tolist()
        figures = []
        for index, code in enumerate(found.regimes):
            expected, step_ms = _expected_observations(found, index), mean_steps_ms[index]
            figures.append(
                Dwell(
                    regime=code,
                    ended_runs=runs[index],
                    mean_observations=mean_lengths[index],
                    longest_observations=longest[index] if runs[index] else None,
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


def _means(sums: IndexColumn, counts: IndexColumn) -> list[float | None]:
    """Mean of each group; None for a group without a member."""
    return [total / count if count else None for total, count in zip(sums.tolist(), counts.tolist(), strict=True)]
