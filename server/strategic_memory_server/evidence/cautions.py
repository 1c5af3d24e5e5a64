"""What the reader of an estimate has to know before trusting it."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import numpy as np

from strategic_memory_server.evidence.cells import Cells
from strategic_memory_server.evidence.sums import FORGOTTEN


class Caution(enum.Enum):
    """A stable name for each."""

    NOTHING_SEEN = "NOTHING_SEEN"
    """There are no observations at all: everything said is the prior."""

    REGIME_NOT_SEEN = "REGIME_NOT_SEEN"
    """There are none of this regime: everything said of it is inferred from the others."""

    ONE_POLICY_ONLY = "ONE_POLICY_ONLY"
    """All observations are of one policy: nothing has been compared, and following the advice will not change that."""

    ONE_POLICY_IN_REGIME = "ONE_POLICY_IN_REGIME"
    """All observations of this regime are of one policy: the others are inferred from other regimes."""

    NEVER_CONSERVATIVE = "NEVER_CONSERVATIVE"
    """CONSERVATIVE was never observed in this regime: what the others are compared with is inferred."""

    BORROWED = "BORROWED"
    """The trades of other portfolios of a group are part of what is said."""

    OUTLIER = "OUTLIER"
    """The pnl of one policy in one regime spreads far more widely than is usual: by an outlier, or in another unit."""


_FAR_SPREAD = 5.0
"""A cell that spreads so many times as widely as the median cell is told."""


def has_outlier(cells: Cells, prior_observations: float) -> bool:
    """Tell whether a cell spreads far more widely than the median one, towards which each is shrunk.

    Args:
        cells: the sums of one memory, shape (regimes, 3).
        prior_observations: v, above 0: so a single trade has to be far larger than any of a cell of hundreds.
    """
    seen = cells.weight > FORGOTTEN
    weight, square = cells.weight[seen], cells.squared_pnl[seen]
    if weight.size < 2:
        return False
    mean_square = np.sort(square / weight)
    # The median; that of numpy takes ten times as long for so few.
    usual = 0.5 * float(mean_square[(mean_square.size - 1) // 2] + mean_square[mean_square.size // 2])
    shrunk = (prior_observations * usual + square) / (prior_observations + weight)
    return usual > 0.0 and bool(np.any(shrunk > _FAR_SPREAD**2 * usual))


def cautions_of(
    in_regime: Sequence[int], overall: Sequence[int], *, borrowed: bool = False, outlier: bool = False
) -> tuple[Caution, ...]:
    """Name what limits an estimate.

    Args:
        in_regime: observations of each policy in the regime.
        overall: observations of each policy in all regimes.
        borrowed: whether other portfolios of a group are part of the estimate.
        outlier: see `has_outlier`.
    """
    lent = (Caution.BORROWED,) if borrowed else ()
    if not any(overall):
        return (Caution.NOTHING_SEEN, *lent)
    found = []
    if _only_one(overall):
        found.append(Caution.ONE_POLICY_ONLY)
    if not any(in_regime):
        found.append(Caution.REGIME_NOT_SEEN)
    elif _only_one(in_regime):
        found.append(Caution.ONE_POLICY_IN_REGIME)
    if any(in_regime) and not in_regime[0]:
        found.append(Caution.NEVER_CONSERVATIVE)
    if outlier:
        found.append(Caution.OUTLIER)
    return (*found, *lent)


def _only_one(counts: Sequence[int]) -> bool:
    return sum(count > 0 for count in counts) == 1
