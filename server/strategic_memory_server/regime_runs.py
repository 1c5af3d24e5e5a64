"""Runs of a regime among the observations: how often regimes follow each other, and how long each lasts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

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


def by_code(codes: IndexColumn, count: int) -> list[NDArray[np.intp]]:
    """Give the places of each code from 0 to `count` - 1, in their order; places with another code are left out.

    One sort serves all codes, so that a memory with as many names as entries costs no more than one with few.
    """
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(count + 1))
    return [order[start:end] for start, end in pairwise(bounds.tolist())]


def count_transitions(codes: IndexColumn, regimes: int) -> list[tuple[int, int, int]]:
    """Count how often each regime followed each: before, after and count of the pairs that occur."""
    pairs, counts = np.unique(codes[:-1] * regimes + codes[1:], return_counts=True)
    return [(*divmod(pair, regimes), count) for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True)]


def run_figures(window: RegimeWindow, regimes: int, *, timed: bool) -> list[RunFigures]:
    """Work out the runs of every regime, by its code."""
    codes = window.regime
    if not codes.size:
        return [RunFigures()] * regimes
    starts = np.flatnonzero(np.diff(codes, prepend=codes[0] - 1))
    lengths = np.diff(starts, append=codes.size)
    started_ms = np.array([time_ms_of(position) for position in window.position[starts].tolist()], dtype=np.int64)
    lasted_ms = np.diff(started_ms)
    figures = []
    for runs in by_code(codes[starts], regimes):
        ended = lasted_ms[runs[runs < lasted_ms.size]]
        figures.append(
            RunFigures(
                episodes=runs.size,
                mean_observations=float(lengths[runs].mean()) if runs.size else None,
                mean_seconds=float(ended.mean()) / 1000 if timed and ended.size else None,
            )
        )
    return figures
