"""When the present stretch of a regime began: how likely it is that its policies earn alike since each block.

Bayesian online change-point detection (Adams and MacKay, arXiv 0710.3742, 2007) over blocks whose length grows with
their age. It looks at standardised pnl. A noisy week, a fat tail or a crash is no change of means, so a block whose pnl
spreads more widely than usual is weighed less here; in the means it counts in full, for otherwise a policy that
crashes would look better than it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.evidence.change.blocks import FULL, MOST, BlockCells
from strategic_memory_server.evidence.change.one_regime import one_regime

HAZARDS = (1.0 / 10_000.0, 1.0 / 400.0)
"""Probabilities that a regime changes from one of its trades to the next: in a memory where little ever changes, and in
a restless one. Before anything was seen, one is as likely as the other."""

KEPT = 0.1
"""Added to the probability of a change where blocks become one, so that short ones do even where all is certain."""

COMMON = 0.4
"""Share of the variance of a standardised mean that the policies of a regime have in common, other regimes or not."""

PRIOR_OBSERVATIONS = 10.0
"""How many observations the spread of a regime counts for in that of a policy and of a block."""

_SPREADS = (0.03, 0.1, 0.3)
"""For what is kept, which does not depend on settings."""

_HAZARDS = np.array(HAZARDS)

_STRETCHES = [
    [(start <= np.arange(MOST)) & (np.arange(MOST) <= end) for start in range(end + 1)] for end in range(MOST)
]
_IN_STRETCH = np.concatenate(_STRETCHES).astype(np.float64)
"""Which blocks each stretch holds: by its last block, then by its first; shape (stretches, blocks)."""


def squared_spread(weight: FloatColumn, squared_pnl: FloatColumn) -> FloatColumn:
    """Return the mean square of each policy's pnl, shrunk towards that of its regime; 1 where all pnl was 0.

    It rests on nothing but the regime, so that what another one earns changes nothing that is kept.

    Args:
        weight: W of the sums that decay, shape (..., 3).
        squared_pnl: S2, same shape.
    """
    of_regime = squared_pnl.sum(axis=-1, keepdims=True)
    known = of_regime > 0.0
    square = np.where(known, of_regime, 1.0) / np.where(known, weight.sum(axis=-1, keepdims=True), 1.0)
    shrunk: FloatColumn = (PRIOR_OBSERVATIONS * square + squared_pnl) / (PRIOR_OBSERVATIONS + weight)
    return shrunk


def log_beginnings(blocks: BlockCells, square: FloatColumn, spreads: Sequence[float]) -> FloatColumn:
    """Return how likely all trades of a regime are, with the present stretch beginning at each block, as a logarithm.

    By tau and hazard h, with any changes before it. With l_j the trades between the middles of block j and of the one
    before, a change there has the odds h l_j, and the sum over all ways to cut the trades into stretches is

        f_j exp E(blocks j..m) / product of (1 + h l),   f_1 = 1,   f_j = h l_j sum over i < j of f_i exp E(i..j-1).

    All E are of the spreads of pnl as they are now: what was believed of them once is kept nowhere.

    Args:
        blocks: the blocks, of each regime as many as there may be.
        square: what `squared_spread` gives, shape (..., 3).
        spreads: tau, the spreads that standardised means may have.

    Returns:
        Shape (..., taus, hazards, blocks); minus infinity where a regime has fewer blocks.
    """
    weight, scaled_sum = _as_looked_at(blocks, square)
    variance = np.square(spreads)[:, None]
    evidence = one_regime(
        (_IN_STRETCH @ weight)[..., None, :, :],
        (_IN_STRETCH @ scaled_sum)[..., None, :, :],
        COMMON * variance,
        (1.0 - COMMON) * variance,
    ).log_evidence[..., None, :]
    odds = _HAZARDS[:, None] * (_lengths(blocks) * blocks.is_there[..., 1:])[..., None, None, :]
    with np.errstate(divide="ignore"):
        log_odds = np.log(odds)
    before = np.zeros((*evidence.shape[:-2], _HAZARDS.size, MOST))
    first = 0
    for end in range(1, MOST):
        ways = before[..., :end] + evidence[..., first : first + end]
        before[..., end] = log_odds[..., end - 1] + np.logaddexp.reduce(ways, axis=-1)
        first += end
    found: FloatColumn = before + evidence[..., first:] - np.log1p(odds).sum(axis=-1, keepdims=True)
    return found


def began_by_spread(log_likelihood: FloatColumn) -> FloatColumn:
    """Return the probability of each tau together with when each regime's present stretch began.

    One tau and one hazard rule all regimes, so what one tells of them counts for the others.

    Args:
        log_likelihood: what `log_beginnings` gives, shape (..., regimes, taus, hazards, blocks).

    Returns:
        Shape (..., regimes, taus, blocks); those of a regime add up to 1.
    """
    of_regimes = log_of_sum(log_likelihood)
    together = of_regimes.sum(axis=-3)
    probability = np.exp(together - together.max(axis=(-2, -1), keepdims=True))
    probability /= probability.sum(axis=(-2, -1), keepdims=True)
    within = np.exp(log_likelihood - of_regimes[..., None])
    found: FloatColumn = (probability[..., None, :, :, None] * within).sum(axis=-2)
    return found


def least_apart(blocks: BlockCells, square: FloatColumn) -> NDArray[np.intp]:
    """Return which block becomes one with the next, the first of equal ones; shape (...).

    Those that are short for their age, unless a change between them is likely: the lowest
    (L + L next) / (trades after both + 10) times (0.1 + the probability that the present stretch began between them,
    were there one change at most).

    Args:
        blocks: the blocks, none of them missing.
        square: what `squared_spread` gives, shape (..., 3).
    """
    length = blocks.observations
    after = length[..., ::-1].cumsum(axis=-1)[..., ::-1] - length
    short = (length[..., :-1] + length[..., 1:]) / (after[..., 1:] + FULL)
    before, since = _log_evidence_around(blocks, square)
    log_likelihood = before + since
    log_likelihood[..., 1:] += np.log(HAZARDS[1] * _lengths(blocks))
    likely = np.exp(log_likelihood - log_of_sum(log_likelihood)[..., None])
    found: NDArray[np.intp] = (short * (KEPT + likely[..., 1:])).argmin(axis=-1)
    return found


def _lengths(blocks: BlockCells) -> FloatColumn:
    """Return the trades among which a change before each block but the first may have been."""
    lengths: FloatColumn = np.maximum(0.5 * (blocks.observations[..., :-1] + blocks.observations[..., 1:]), 0.5)
    return lengths


def _log_evidence_around(blocks: BlockCells, square: FloatColumn) -> tuple[FloatColumn, FloatColumn]:
    """Return the log evidence of all trades before each block, and of all others, each as one stretch."""
    weight, scaled_sum = _as_looked_at(blocks, square)
    last = weight.shape[-2]
    # Weight and sum; before each block, then from each on.
    stretches = np.zeros((2, *weight.shape[:-2], 2 * last, weight.shape[-1]))
    before, since = stretches[..., 1:last, :], stretches[..., last:, :][..., ::-1, :]
    for place, values in enumerate((weight, scaled_sum)):
        np.cumsum(values[..., :-1, :], axis=-2, out=before[place])
        np.cumsum(values[..., ::-1, :], axis=-2, out=since[place])
    found = _log_evidence(stretches[0], stretches[1])
    return found[..., :last], found[..., last:]


def _as_looked_at(blocks: BlockCells, square: FloatColumn) -> tuple[FloatColumn, FloatColumn]:
    """Return weight and sum of pnl in spreads of each block, as they count in looking for change."""
    square = square[..., None, :]
    # What is left of a regime that once earned a billion may be smaller by more than a float can say.
    with np.errstate(over="ignore"):
        spread_then = (PRIOR_OBSERVATIONS + blocks.squared_pnl / square) / (PRIOR_OBSERVATIONS + blocks.weight)
        tells = blocks.tells[..., None, None] / np.maximum(spread_then, 1.0)
        return tells * blocks.weight, tells * (blocks.pnl / np.sqrt(square))


def log_of_sum(log_likelihood: FloatColumn) -> FloatColumn:
    """Return ln sum exp(x) over the last axis, without overflow."""
    highest = log_likelihood.max(axis=-1)
    summed: FloatColumn = highest + np.log(np.exp(log_likelihood - highest[..., None]).sum(axis=-1))
    return summed


def from_each_on(values: FloatColumn) -> FloatColumn:
    """Sum over each block and all later ones; shape (..., blocks, 3)."""
    summed: FloatColumn = np.cumsum(values[..., ::-1, :], axis=-2)[..., ::-1, :]
    return summed


def _log_evidence(weight: FloatColumn, scaled_sum: FloatColumn) -> FloatColumn:
    """Return the log evidence of stretches, mixed over the spreads that standardised means may have."""
    variance = np.square(_SPREADS)
    by_spread = one_regime(
        weight[..., None, :], scaled_sum[..., None, :], COMMON * variance, (1.0 - COMMON) * variance
    ).log_evidence
    mixed: FloatColumn = log_of_sum(by_spread) - np.log(len(_SPREADS))
    return mixed
