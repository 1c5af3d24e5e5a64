"""Everything that is worked out from the sums as arrays, for any number of independent histories at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from strategic_memory_server.evidence.cells import Cells, Floats
from strategic_memory_server.evidence.posterior import Posterior, posterior_of
from strategic_memory_server.evidence.prior import prior_of
from strategic_memory_server.evidence.scale import Scale, scale_of
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.utility import Utility, utility_of

INTERVAL_DEVIATIONS = 1.645
"""Standard deviations from the mean to the ends of a 90 % interval of a normal value."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Scale, posterior and utility of all cells; see each.

    Attributes:
        weight: W, of the observations of each cell, shape (..., regimes, 3).
        scaled_sum: S1 / sigma, same shape.
        scale: how widely pnl spreads.
        posterior: what is believed of the standardised means.
        utility: what each policy is worth.
        outlook: what is believed if the observations that count are those of `weight`; None: that is `posterior`.
        borrowed: weight that a group lends to each cell, same shape as `weight`; None without one.
    """

    weight: Floats
    scaled_sum: Floats
    scale: Scale
    posterior: Posterior
    utility: Utility
    outlook: Posterior | None = None
    borrowed: Floats | None = None

    @property
    def counted(self) -> Floats:
        """Weight of the observations that a policy needs before it is recommended; same shape as `weight`."""
        return self.weight if self.borrowed is None else self.weight + self.borrowed

    @property
    def tau_weights(self) -> tuple[float, ...]:
        """Posterior probability of each spread tau of standardised means, of one history."""
        found = self.posterior if self.outlook is None else self.outlook
        of_taus = found.tau_weights[:, 0]
        # Those where policies tie have the same spreads.
        return tuple((of_taus if found.is_tie is None else of_taus.reshape(2, -1).sum(axis=0)).tolist())

    @property
    def interval(self) -> tuple[Floats, Floats]:
        """Ends of the 90 % interval of the mean pnl, as if the mixture were normal; in the scale's unit."""
        mean_pnl, reach = self.utility.mean_pnl, INTERVAL_DEVIATIONS * self.utility.deviation
        return mean_pnl - reach, mean_pnl + reach

    def of_regimes(self, places: Sequence[int]) -> Figures:
        """The figures of some regimes only, as they follow from all."""
        of_cells, of_covariances = np.s_[..., places, :], np.s_[..., places, :, :]
        scale, posterior, utility = self.scale, self.posterior, self.utility
        return Figures(
            self.weight[of_cells],
            self.scaled_sum[of_cells],
            replace(scale, spread=scale.spread[of_cells], regime=scale.regime[..., places]),
            replace(posterior, mean=posterior.mean[of_cells], covariance=posterior.covariance[of_covariances]),
            Utility(
                by_tau=utility.by_tau[of_cells],
                covariance=utility.covariance[of_covariances],
                mean_pnl=utility.mean_pnl[of_cells],
                mean=utility.mean[of_cells],
                deviation=utility.deviation[of_cells],
            ),
            borrowed=None if self.borrowed is None else self.borrowed[of_cells],
        )


def figures_of(cells: Cells, settings: EvidenceSettings) -> Figures:
    """Work out scale, posterior and utility."""
    scale = scale_of(cells, settings.prior_observations)
    scaled_sum = cells.pnl / scale.unit[..., None, None] / scale.spread
    posterior = posterior_of(cells.weight, scaled_sum, prior_of(settings.prior_spreads))
    utility = utility_of(posterior, scale, settings.risk_aversion)
    return Figures(cells.weight, scaled_sum, scale, posterior, utility)
