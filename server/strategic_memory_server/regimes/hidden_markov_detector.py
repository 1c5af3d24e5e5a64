"""Regimes by a hidden Markov model that is fitted on the past alone, and read by filtered probabilities."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.regimes.gaussian_states import Floats, GaussianStates
from strategic_memory_server.regimes.hidden_markov_fit import fit_states
from strategic_memory_server.regimes.label import Label
from strategic_memory_server.regimes.state_names import name_states


@dataclass(frozen=True, slots=True)
class HiddenMarkovSettings:
    """How the model is fitted and read."""

    states: int = 3
    first_fit_bars: int = 500
    """The first label comes after so many returns."""
    refit_bars: int = 250
    """The model is fitted anew each so many bars."""
    fit_bars: int = 2_500
    """It is fitted on so many of the newest returns."""
    switch_margin: float = 0.1
    """Another regime is told once its probability is above that of the present one by so much."""

    def __post_init__(self) -> None:
        if not 2 <= self.states <= 5:
            raise ValueError("states: give 2 to 5")
        if self.first_fit_bars < 50 * self.states:
            raise ValueError(f"first_fit_bars: {self.states} states need at least {50 * self.states} returns")
        if self.refit_bars < 1 or self.fit_bars < self.first_fit_bars:
            raise ValueError("refit_bars: give 1 or more; fit_bars: at least first_fit_bars")


class HiddenMarkovDetector:
    """Names the states of the model BULL, BEAR, RANGE or VOLATILE, and tells the likeliest.

    The confidence is the filtered probability of the regime: given every return up to this one, and none after it. The
    model that says so was fitted on returns that had been seen by its last refit.
    """

    def __init__(self, settings: HiddenMarkovSettings | None = None) -> None:
        self._settings = settings or HiddenMarkovSettings()
        self._changes: deque[float] = deque(maxlen=self._settings.fit_bars)
        self._last_log_close: float | None = None
        self._states: GaussianStates | None = None
        self._names: list[str] = []
        self._filtered: Floats = np.empty(0)
        self._until_fit = self._settings.first_fit_bars
        self._regime = ""

    def update(self, time_s: float, close: float) -> Label | None:
        """Take a close; return the label once the first fit is made."""
        del time_s
        log_close = math.log(close)
        if self._last_log_close is None:
            self._last_log_close = log_close
            return None
        change = log_close - self._last_log_close
        self._last_log_close = log_close
        self._changes.append(change)
        self._until_fit -= 1
        if self._until_fit == 0:
            self._fit()
        elif self._states is not None:
            self._filtered = self._states.step(self._filtered, change)
        return None if self._states is None else self._label(self._states)

    def _fit(self) -> None:
        changes = np.fromiter(self._changes, np.float64)
        fitted = fit_states(changes, self._settings.states, self._states)
        self._names = name_states(fitted, self._states, self._names)
        self._states, self._filtered = fitted, fitted.run(changes)
        self._until_fit = self._settings.refit_bars

    def _label(self, states: GaussianStates) -> Label:
        likely: dict[str, float] = {}
        for name, probability in zip(self._names, self._filtered, strict=True):
            likely[name] = likely.get(name, 0.0) + float(probability)
        best = max(sorted(likely), key=lambda name: likely[name])
        if likely[best] > likely.get(self._regime, -1.0) + self._settings.switch_margin:
            self._regime = best
        trend = float(self._filtered @ states.means)
        spread = float(self._filtered @ (states.deviations**2 + states.means**2)) - trend * trend
        return Label(self._regime, min(likely[self._regime], 1.0), math.sqrt(max(spread, 0.0)), trend)
