"""What is worked out from sums and blocks as arrays, where regimes may have changed; for many histories at once too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from strategic_memory_server.evidence.cells import Cells
from strategic_memory_server.evidence.change.beginnings import (
    began_by_spread,
    from_each_on,
    log_beginnings,
    squared_spread,
)
from strategic_memory_server.evidence.change.blocks import BlockCells
from strategic_memory_server.evidence.change_posterior import Codes, likelihood_of, of_all, rows_at, since_each
from strategic_memory_server.evidence.change_prior import change_prior_of
from strategic_memory_server.evidence.figures import Figures
from strategic_memory_server.evidence.scale import scale_of
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.utility import utility_of


class ChangeFigures:
    """The figures of regimes that may have changed; leading axes are independent histories.

    The scale comes of the sums that decay. Of a regime that is asked for, each beginning of its present stretch is
    judged by itself; the others tell what their observations do that are probably still true.

    Args:
        cells: the sums that decay, shape (..., regimes, 3).
        blocks: the blocks, shape (..., regimes, blocks).
        settings: how evidence is weighed.
    """

    def __init__(self, cells: Cells, blocks: BlockCells, settings: EvidenceSettings) -> None:
        self._settings = settings
        self._prior = change_prior_of(settings.prior_spreads)
        self._blocks = blocks
        self.scale = scale_of(cells, settings.prior_observations)
        square = squared_spread(cells.weight, cells.squared_pnl)
        self._began = began_by_spread(log_beginnings(blocks, square, settings.prior_spreads))
        self.began = self._began.sum(axis=-2)
        """Probability that the present stretch began with each block; shape (..., regimes, blocks)."""
        counts = np.cumsum(self.began, axis=-1)[..., None]
        self._unit = self.scale.unit[..., None, None] * self.scale.spread
        self._weight = (counts * blocks.weight).sum(axis=-2)
        self._scaled_sum = (counts * blocks.pnl).sum(axis=-2) / self._unit
        self._likelihood = likelihood_of(self._weight, self._scaled_sum, self._prior)
        # What is believed of tau is the same in all regimes.
        self._outlook = of_all(self._likelihood, self._began[..., 0, :, :].sum(axis=-1), self._prior)

    def of_regimes(self, places: ArrayLike) -> Figures:
        """Return the figures of some regimes.

        Args:
            places: their places; of shape (asked,), or (..., asked) where they differ by history.
        """
        at: Codes = np.asarray(places, dtype=np.intp)
        blocks, settings, unit = self._blocks, self._settings, rows_at(self._unit, at, 1)
        scale = replace(self.scale, spread=rows_at(self.scale.spread, at, 1), regime=rows_at(self.scale.regime, at, 0))
        stretches = likelihood_of(
            from_each_on(rows_at(blocks.weight, at, 2)),
            from_each_on(rows_at(blocks.pnl, at, 2)) / unit[..., None, :],
            self._prior,
        )
        posterior = since_each(stretches, self._likelihood.about.without(at), rows_at(self._began, at, 2), self._prior)
        by_component = at if at.ndim == 1 else at[..., None, :]
        return Figures(
            rows_at(self._weight, at, 1),
            rows_at(self._scaled_sum, at, 1),
            scale,
            posterior,
            utility_of(posterior, scale, settings.risk_aversion),
            replace(
                self._outlook,
                mean=rows_at(self._outlook.mean, by_component, 1),
                covariance=rows_at(self._outlook.covariance, by_component, 2),
            ),
        )
