"""The scale of pnl: how widely the pnl of each regime and policy spreads, so that nothing depends on its unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Cells, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Spreads of pnl, as root mean squares about 0. All but `unit` are in units of `unit`.

    Attributes:
        unit: s, root mean square of all pnl, in the unit of pnl; 1 when there is none, or all of it is 0. Shape (...).
        spread: sigma of each cell; shape (..., regimes, 3).
        regime: square root of rho_r of each regime; shape (..., regimes).
        risk: s_u, what risk is measured against; shape (...).
    """

    unit: Floats
    spread: Floats
    regime: Floats
    risk: Floats


def scale_of(cells: Cells, prior_observations: float) -> Scale:
    """Estimate the scale, each cell's shrunk towards what its regime and its policy let expect.

    s^2 = sum S2 / sum W; rho_r = (v s^2 + S2_r.) / (v + W_r.), rho_p likewise over the regimes;
    sigma_rp^2 = (v rho_r rho_p / s^2 + S2_rp) / (v + W_rp); s_u^2 = mean of rho_p over the policies, which, unlike s^2,
    does not depend on how often each policy traded. Derived here: each is the mean of an inverse-gamma posterior with
    v prior observations, up to a constant (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6), with the
    product of a regime's and a policy's factor as its centre.

    Args:
        cells: the sums.
        prior_observations: v, above 0.
    """
    all_weight, all_square = cells.weight.sum(axis=(-2, -1)), cells.squared_pnl.sum(axis=(-2, -1))
    known = all_square > 0.0
    square = np.where(known, all_square, 1.0) / np.where(known, all_weight, 1.0)
    # Without a scale every spread is one unit, as if nothing had been seen.
    weight = np.where(known[..., None, None], cells.weight, 0.0)
    squared_pnl = np.where(known[..., None, None], cells.squared_pnl / square[..., None, None], 0.0)

    def shrunk(centre: Floats | float, squares: Floats, weights: Floats) -> Floats:
        shrunk_squares: Floats = (prior_observations * centre + squares) / (prior_observations + weights)
        return shrunk_squares

    by_regime = shrunk(1.0, squared_pnl.sum(axis=-1), weight.sum(axis=-1))
    by_policy = shrunk(1.0, squared_pnl.sum(axis=-2), weight.sum(axis=-2))
    by_cell = shrunk(by_regime[..., :, None] * by_policy[..., None, :], squared_pnl, weight)
    return Scale(np.sqrt(square), np.sqrt(by_cell), np.sqrt(by_regime), np.sqrt(by_policy.mean(axis=-1)))
