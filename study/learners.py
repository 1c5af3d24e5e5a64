"""The estimators that are held to the same worlds, many histories side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.comparisons import probability_beats_conservative
from strategic_memory_server.evidence.figures import Figures, figures_of
from strategic_memory_server.evidence.recommendation import recommended
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.utility import Utility
from study.block_histories import BlockHistories
from study.histories import Codes, Histories


class Learner(Protocol):
    """What an estimator makes of the histories of some worlds.

    Attributes:
        observations: of each regime, unweighted; shape (worlds, regimes).
        settings: how it weighs evidence and explores.
    """

    observations: Codes
    settings: EvidenceSettings

    def observe(self, regime: Codes, policy: Codes, pnl: Floats) -> None:
        """Add one observation to each history; arrays of shape (worlds,)."""
        ...

    def figures(self, regime: Codes, worlds: Codes | None = None) -> Figures:
        """Say what is believed of one regime of each world, or of some worlds; the axis of regimes has one place."""
        ...


def follows(learner: Learner, regime: Codes, settings: EvidenceSettings) -> Codes:
    """Say which policy is recommended in one regime of each world; what `judge` gives, without P(best)."""
    asked = learner.figures(regime)
    beats = probability_beats_conservative(asked.utility, asked.posterior)
    return recommended(asked.utility.mean, beats, asked.weight, settings)[:, 0]


class Decaying(Histories):
    """The estimator of the default settings: sums that decay."""

    def __init__(self, worlds: int, regimes: int, settings: EvidenceSettings) -> None:
        super().__init__(worlds, regimes, settings.decay)
        self.settings = settings

    def figures(self, regime: Codes, worlds: Codes | None = None) -> Figures:
        """Say what is believed of one regime of each world."""
        return _of_one(figures_of(self.cells(worlds), self.settings), regime)


class Changing:
    """The estimator that looks for change."""

    def __init__(self, worlds: int, regimes: int, settings: EvidenceSettings) -> None:
        self._histories = BlockHistories(worlds, regimes, settings.decay)
        self.settings = replace(settings, change=True)
        self.observations = self._histories.observations
        self.observe = self._histories.observe

    def figures(self, regime: Codes, worlds: Codes | None = None) -> Figures:
        """Say what is believed of one regime of each world."""
        return self._histories.figures(self.settings, worlds).of_regimes(regime[:, None])


def _of_one(figures: Figures, regime: Codes) -> Figures:
    each = np.arange(len(regime))

    def of_cells(values: Floats) -> Floats:
        return values[each, regime][:, None]

    def by_tau(values: Floats) -> Floats:
        return values[each, :, regime][:, :, None]

    scale, posterior, utility = figures.scale, figures.posterior, figures.utility
    return Figures(
        of_cells(figures.weight),
        of_cells(figures.scaled_sum),
        replace(scale, spread=of_cells(scale.spread), regime=of_cells(scale.regime)),
        replace(posterior, mean=by_tau(posterior.mean), covariance=by_tau(posterior.covariance)),
        Utility(
            by_tau=by_tau(utility.by_tau),
            covariance=by_tau(utility.covariance),
            mean_pnl=of_cells(utility.mean_pnl),
            mean=of_cells(utility.mean),
            deviation=of_cells(utility.deviation),
        ),
    )


DECAYING, CHANGING = "decaying sums", "with change"

LEARNERS: Mapping[str, Callable[[int, int, EvidenceSettings], Learner]] = {DECAYING: Decaying, CHANGING: Changing}
"""By the name in the table: makes one from the number of worlds, of regimes in each, and the settings."""

KNOWN_LIMITS: Mapping[str, str] = {
    DECAYING: "known: it forgets by age alone, and knows no ties",
    CHANGING: "known: see docs/evidence.md",
}
"""Why an estimator falls short of what is hoped for, by its name."""
