"""Closing prices with regimes that are known, seeded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategic_memory_server.regimes.label import Detector, Label

DAY_S = 86_400.0
BEGIN_S = 1e9

RISING, STILL, FALLING, WILD = (0.003, 0.006), (0.0, 0.006), (-0.003, 0.006), (0.0, 0.03)
"""Mean and standard deviation of the log return of a bar."""


def closes_of(*parts: tuple[tuple[float, float], int], seed: int = 1) -> npt.NDArray[np.float64]:
    """Closes that go through these parts: mean and deviation of the return, and number of bars."""
    source = np.random.default_rng(seed)
    changes = np.concatenate([source.normal(mean, deviation, bars) for (mean, deviation), bars in parts])
    prices: npt.NDArray[np.float64] = 100.0 * np.exp(np.cumsum(changes))
    return prices


def labels_of(detector: Detector, closes: npt.NDArray[np.float64]) -> list[Label | None]:
    """What it says after each of the closes, a day apart."""
    return [detector.update(BEGIN_S + DAY_S * bar, float(close)) for bar, close in enumerate(closes)]


def share(labels: list[Label | None], regime: str, begin: int, end: int) -> float:
    """How much of these bars carries a regime."""
    return sum(label is not None and label.regime == regime for label in labels[begin:end]) / (end - begin)
