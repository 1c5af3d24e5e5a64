"""Made-up worlds: how regimes follow each other and what each policy earns in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.evidence.cells import Cells, Floats
from study.histories import Codes

REGIMES, POLICIES = 4, 3
STAY = 0.98
"""Probability that the next observation is of the same regime: runs last 50 observations on average."""


def regime_paths(generator: np.random.Generator, worlds: int, length: int, stay: float = STAY) -> Codes:
    """Make paths of a symmetric Markov chain over four regimes, each begun in one at random; shape (worlds, length)."""
    moves = generator.integers(1, REGIMES, size=(worlds, length))
    moves[generator.random((worlds, length)) < stay] = 0
    moves[:, 0] = generator.integers(0, REGIMES, size=worlds)
    paths: Codes = np.cumsum(moves, axis=1) % REGIMES
    return paths


def ordered_means(generator: np.random.Generator, worlds: int, gap: float, *, shared_order: bool = False) -> Floats:
    """Make means -gap, 0 and gap in a random order, of each regime or of all; shape (worlds, regimes, policies)."""
    regimes = 1 if shared_order else REGIMES
    order = np.argsort(generator.random((worlds, regimes, POLICIES)), axis=-1)
    return np.broadcast_to(gap * (order - 1.0), (worlds, REGIMES, POLICIES)).copy()


def summed(generator: np.random.Generator, mean: Floats, spread: Floats | float, counts: Codes) -> Cells:
    """Draw the sums of normal pnl without decay, without drawing each observation.

    With n observations of mean m and spread s, S1 = n m + s sqrt(n) z and S2 = S1^2/n + s^2 chi^2 with n - 1 degrees of
    freedom, independent (Cochran's theorem).
    """
    size = np.maximum(counts, 1)
    pnl = counts * mean + spread * np.sqrt(counts) * generator.standard_normal(mean.shape)
    around_mean = np.where(counts > 1, generator.chisquare(np.maximum(counts - 1, 1)), 0.0)
    return Cells(counts.astype(np.float64), pnl, np.square(pnl) / size + np.square(spread) * around_mean)


def share(hits: Floats | NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean over worlds (the first axis) and its standard error; what is within a world may be dependent."""
    by_world = np.asarray(hits, dtype=np.float64).reshape(len(hits), -1).mean(axis=1)
    return float(by_world.mean()), float(by_world.std(ddof=1) / np.sqrt(len(by_world)))
