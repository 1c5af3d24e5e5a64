"""A hidden Markov model of returns with normal states: its parameters, and its filter, one return at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FARTHEST = 1e6
"""In deviations; what is farther away has a density of nothing all the same."""


@dataclass(frozen=True, slots=True)
class GaussianStates:
    """Parameters of a model with k states.

    Attributes:
        means: mean return of each state, shape (k,).
        deviations: standard deviation of each, shape (k,), above 0.
        transitions: probability to go from the state of the row to that of the column, shape (k, k).
    """

    means: Floats
    deviations: Floats
    transitions: Floats

    def step(self, before: Floats, change: float) -> Floats:
        """Return the filtered probabilities after a return: of the states given all returns up to it, and none after.

        Hamilton (1989), A New Approach to the Economic Analysis of Nonstationary Time Series, equations 4.2 to 4.8.

        Args:
            before: the same after the return before, shape (k,).
            change: the return.
        """
        away = np.minimum(np.abs(change - self.means) / self.deviations, _FARTHEST)
        log_density = -0.5 * away**2 - np.log(self.deviations)
        weight = (before @ self.transitions) * np.exp(log_density - log_density.max())
        total = weight.sum()
        # Where the state that explains a return best cannot follow, the return says nothing.
        filtered: Floats = weight / total if total > 0.0 else before @ self.transitions
        return filtered

    def run(self, changes: Floats) -> Floats:
        """Return the filtered probabilities after the last of these returns, beginning with even ones."""
        filtered = np.full(len(self.means), 1.0 / len(self.means))
        for change in changes:
            filtered = self.step(filtered, float(change))
        return filtered

    def shares(self) -> Floats:
        """Return how much of the time each state takes in the long run, shape (k,)."""
        k = len(self.means)
        rows = np.vstack([self.transitions.T - np.eye(k), np.ones(k)])
        found: Floats = np.clip(np.linalg.lstsq(rows, np.append(np.zeros(k), 1.0), rcond=None)[0], 0.0, 1.0)
        return found
