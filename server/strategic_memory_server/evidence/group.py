"""A portfolio among others that the same regimes rule: what all of them show, said of the one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Cells, rows_of
from strategic_memory_server.evidence.figures import Figures
from strategic_memory_server.evidence.group_posterior import GroupPosterior, group_posterior
from strategic_memory_server.evidence.group_scale import observed_sum
from strategic_memory_server.evidence.prior import prior_of
from strategic_memory_server.evidence.scale import scale_of
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.evidence.utility import utility_of
from strategic_memory_server.memory.strategic_memory import NEVER_PREFERRED


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The other portfolios of a group, as they are known now.

    Attributes:
        name: of the group.
        others: sums of each of the others, in the order of their names.
    """

    name: str
    others: tuple[EvidenceSums, ...]


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
    sums: EvidenceSums, lenders: Sequence[EvidenceSums], settings: EvidenceSettings
) -> tuple[Figures, dict[str, int], Borrowed]:
    """Work out the figures of one portfolio with the evidence of the others of its group, and the place of each regime.

    Scale and spreads are its own, as without a group; the posterior rests on all. The weight of a cell, which a policy
    needs before it is recommended, is its own and f times that of the others.

    Args:
        sums: of the portfolio.
        lenders: of the others, see `lenders_of`, in an order of their own; ValueError where one decays differently.
        settings: how evidence is weighed.
    """
    for each in lenders:
        if each.decay != settings.decay:
            raise ValueError(f"a portfolio of the group decays by {each.decay}, the settings by {settings.decay}")
    names = sorted({*sums.regimes, *(name for each in lenders for name in each.regimes)})
    members = [rows_of(each, names) for each in (sums, *lenders)]
    cells = Cells(
        *(np.stack([getattr(each, column) for each in members]) for column in ("weight", "pnl", "squared_pnl"))
    )
    figures, found = figures_among(cells, settings, member=0)
    return (
        figures,
        {name: place for place, name in enumerate(names)},
        Borrowed(
            len(lenders),
            sum(each.observations for each in lenders),
            float(found.correlation),
            tuple(found.tau_weights.tolist()),
        ),
    )


def figures_among(cells: Cells, settings: EvidenceSettings, member: int) -> tuple[Figures, GroupPosterior]:
    """Work out the figures of one portfolio of each group.

    Args:
        cells: the sums of all, shape (..., portfolios, regimes, 3).
        settings: how evidence is weighed.
        member: place of the portfolio that is asked for.
    """
    observed = observed_sum(cells, settings.prior_observations)
    found = group_posterior(cells.weight, observed, prior_of(settings.prior_spreads), member)
    own = Cells(*(column[..., member, :, :] for column in (cells.weight, cells.pnl, cells.squared_pnl)))
    scale = scale_of(own, settings.prior_observations)
    utility = utility_of(found.posterior, scale, settings.risk_aversion)
    borrowed = found.correlation[..., None, None] * np.delete(cells.weight, member, axis=-3).sum(axis=-3)
    scaled_sum = observed[..., member, :, :]
    return Figures(own.weight, scaled_sum, scale, found.posterior, utility, borrowed=borrowed), found


def lenders_of(others: Sequence[EvidenceSums]) -> list[EvidenceSums]:
    """The others that have something to lend, and of them the regimes that are the same for all.

    What one portfolio calls UNKNOWN or OTHER says nothing of another's.
    """
    shared = [
        EvidenceSums(each.decay, {name: cells for name, cells in each.regimes.items() if name not in NEVER_PREFERRED})
        for each in others
    ]
    return [each for each in shared if each.regimes]
