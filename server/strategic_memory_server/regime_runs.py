"""Runs of a regime among the observations: how often regimes follow each other, and how long each lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.memory import IndexColumn, RegimeWindow
from strategic_memory_server.stream_position import time_ms_of


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Unbroken runs of one regime.

    Attributes:
        episodes: number of runs.
        mean_observations: mean length in observations; None without a run.
        mean_seconds: mean time from the start of a run to the start of the next one, over runs that have ended;
            None when none has, or when times are not known.
    """

    episodes: int = 0
    mean_observations: float | None = None
    mean_seconds: float | None = None


def count_transitions(codes: IndexColumn, regimes: int) -> NDArray[np.int64]:
    """Count how often each regime followed each: an array of shape (before, after)."""
    pairs = codes[:-1] * regimes + codes[1:]
    counts: NDArray[np.int64] = np.bincount(pairs, minlength=regimes * regimes).reshape(regimes, regimes)
    return counts


def run_figures(window: RegimeWindow, regimes: int, *, timed: bool) -> list[RunFigures]:
    """Work out the runs of every regime, by its code."""
    codes = window.regime
    if not codes.size:
        return [RunFigures()] * regimes
    starts = np.flatnonzero(np.diff(codes, prepend=codes[0] - 1))
    lengths = np.diff(starts, append=codes.size)
    regime_of_run = codes[starts]
    started_ms = np.array([time_ms_of(position) for position in window.position[starts].tolist()], dtype=np.int64)
    lasted_ms = np.diff(started_ms)
    figures = []
    for code in range(regimes):
        of_regime = regime_of_run == code
        ended = lasted_ms[of_regime[:-1]]
        figures.append(
            RunFigures(
                episodes=int(np.count_nonzero(of_regime)),
                mean_observations=float(lengths[of_regime].mean()) if of_regime.any() else None,
                mean_seconds=float(ended.mean()) / 1000 if timed and ended.size else None,
            )
        )
    return figures
