"""A portfolio among others that the same regimes rule: what all of them show, said of the one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Cells, rows_of
from strategic_memory_server.evidence.figures import Figures
from strategic_memory_server.evidence.group_posterior import group_posterior
from strategic_memory_server.evidence.group_scale import observed_sum
from strategic_memory_server.evidence.prior import prior_of
from strategic_memory_server.evidence.scale import scale_of
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.evidence.utility import utility_of
from strategic_memory_server.memory.strategic_memory import NEVER_PREFERRED


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What a portfolio has from its group.

    Attributes:
        portfolios: how many others have trades in regimes that are the same for all.
        observations: how many such trades, unweighted.
        correlation: posterior mean of f, how far the standardised means of two portfolios agree; 0 to 1.
        tau_weights: posterior probability of each prior spread, f aside.
    """

    portfolios: int
    observations: int
    correlation: float
    tau_weights: tuple[float, ...]


def group_figures(
    sums: EvidenceSums, others: Sequence[EvidenceSums], settings: EvidenceSettings
) -> tuple[Figures, dict[str, int], Borrowed]:
    """Work out the figures of one portfolio with the evidence of the others of its group, and the place of each regime.

    Scale and spreads are its own, as without a group; the posterior rests on all. The weight of a cell, which a policy
    needs before it is recommended, is its own and f times that of the others. Of the others only regimes count that are
    the same for all: what one portfolio calls UNKNOWN or OTHER says nothing of another's.

    Args:
        sums: of the portfolio.
        others: of each of the others, in an order of their own; ValueError where one decays differently.
        settings: how evidence is weighed.
    """
    for each in others:
        if each.decay != settings.decay:
            raise ValueError(f"a portfolio of the group decays by {each.decay}, the settings by {settings.decay}")
    traded = [shared for each in others if (shared := _shared(each)).regimes]
    names = sorted({*sums.regimes, *(name for each in traded for name in each.regimes)})
    own, members = rows_of(sums, names), [rows_of(each, names) for each in (sums, *traded)]
    cells = Cells(
        *(np.stack([getattr(each, column) for each in members]) for column in ("weight", "pnl", "squared_pnl"))
    )
    observed = observed_sum(cells, settings.prior_observations)
    found = group_posterior(cells.weight, observed, prior_of(settings.prior_spreads), member=0)
    correlation = float(found.correlation)
    scale = scale_of(own, settings.prior_observations)
    utility = utility_of(found.posterior, scale, settings.risk_aversion)
    borrowed = correlation * cells.weight[1:].sum(axis=0)
    return (
        Figures(own.weight, observed[0], scale, found.posterior, utility, borrowed=borrowed),
        {name: place for place, name in enumerate(names)},
        Borrowed(
            len(traded),
            sum(each.observations for each in traded),
            correlation,
            tuple(found.tau_weights.tolist()),
        ),
    )


def _shared(sums: EvidenceSums) -> EvidenceSums:
    return EvidenceSums(
        sums.decay, {name: cells for name, cells in sums.regimes.items() if name not in NEVER_PREFERRED}
    )
