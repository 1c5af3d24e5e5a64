"""How the pnl of a trade spreads around its mean, for each policy; mean 0 and variance 1 unless it says otherwise."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.memory.policy import Policy
from study.worlds import POLICIES

CRASHES, CRASH_SIZE = 0.0075, 10.0
_ALPHA, _BETA = 0.15, 0.83
_CARRIED = 0.3


def normal(generator: np.random.Generator, worlds: int, length: int) -> Floats:
    """Draw normal noise that does not depend on the policy; shape (worlds, length, policies)."""
    return _for_all(generator.standard_normal((worlds, length)))


def student_t3(generator: np.random.Generator, worlds: int, length: int) -> Floats:
    """Draw from Student's t with 3 degrees of freedom, whose own variance is 3."""
    return _for_all(generator.standard_t(3, (worlds, length)) / np.sqrt(3.0))


def crashing(generator: np.random.Generator, worlds: int, length: int) -> Floats:
    """Draw normal noise, and for AGGRESSIVE small gains that three trades in 400 take away at once (skew -7)."""
    drawn = normal(generator, worlds, length).copy()
    crashed = generator.random((worlds, length)) < CRASHES
    jumps = CRASH_SIZE * (CRASHES - crashed)
    left = np.sqrt(1.0 - CRASH_SIZE**2 * CRASHES * (1.0 - CRASHES))
    drawn[..., Policy.AGGRESSIVE] = jumps + left * drawn[..., Policy.AGGRESSIVE]
    return drawn


def clustered(generator: np.random.Generator, worlds: int, length: int) -> Floats:
    """Draw from a GARCH(1, 1) process of variance 1: quiet and wild times follow each other (Bollerslev 1986)."""
    drawn = generator.standard_normal((worlds, length))
    variance = np.ones(worlds)
    for step in range(length):
        drawn[:, step] *= np.sqrt(variance)
        variance = 1.0 - _ALPHA - _BETA + _ALPHA * np.square(drawn[:, step]) + _BETA * variance
    return _for_all(drawn)


def carried_over(generator: np.random.Generator, worlds: int, length: int) -> Floats:
    """Draw from an autoregression of order 1: three tenths of what a trade missed or won are in the next one too."""
    drawn = generator.standard_normal((worlds, length))
    fresh = np.sqrt(1.0 - _CARRIED**2)
    for step in range(1, length):
        drawn[:, step] = _CARRIED * drawn[:, step - 1] + fresh * drawn[:, step]
    return _for_all(drawn)


def _for_all(noise: Floats) -> Floats:
    return np.broadcast_to(noise[..., None], (*noise.shape, POLICIES))
