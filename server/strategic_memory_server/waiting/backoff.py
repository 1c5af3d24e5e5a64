"""Backoff: how long to wait before the next attempt, so that many servers do not come back in step."""

from __future__ import annotations

import secrets
from collections.abc import Callable

_RANDOM = secrets.SystemRandom()

SPREAD = 0.5
"""A wait is at random between this share of it and all of it."""


class Backoff:
    """Waits that double from one failure to the next, up to a bound, each spread at random.

    Args:
        first_s: wait after the first failure, seconds; before it is spread.
        longest_s: longest wait, seconds.
        uniform: gives a random number between two.
    """

    def __init__(
        self,
        first_s: float,
        longest_s: float,
        uniform: Callable[[float, float], float] = _RANDOM.uniform,
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._uniform = uniform
        self._next_s = first_s

    def next_s(self) -> float:
        """The wait before the next attempt, seconds."""
        wait_s = min(self._next_s, self._longest_s)
        self._next_s = wait_s * 2
        return wait_s * self._uniform(SPREAD, 1.0)

    def reset(self) -> None:
        """Begin again: an attempt has succeeded."""
        self._next_s = self._first_s
