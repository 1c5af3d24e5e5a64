"""When the present stretch of a regime began: how likely it is that its policies earn alike since each block.

Bayesian online change-point detection (Adams and MacKay, arXiv 0710.3742, 2007) over blocks whose length grows with
their age. It looks at standardised pnl. A noisy week, a fat tail or a crash is no change of means, so a block whose pnl
spreads more widely than usual is weighed less here; in the means it counts in full, for otherwise a policy that
crashes would look better than it is.
"""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.evidence.change.blocks import BlockCells
from strategic_memory_server.evidence.change.one_regime import one_regime

HAZARD = 1.0 / 800.0
"""Probability that a regime changes from one of its trades to the next."""

PRIOR_OBSERVATIONS = 10.0
"""How many observations the spread of a regime counts for in that of a policy and of a block."""

_SPREADS = np.array([0.03, 0.1, 0.3])
_COMMON, _OWN = 0.4 * np.square(_SPREADS), 0.6 * np.square(_SPREADS)


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


def log_beginnings(blocks: BlockCells, square: FloatColumn) -> FloatColumn:
    """Return how much likelier than no change at all it is that the present stretch began with each block.

    F_i + E(blocks 1..i-1) + c_i + E(blocks i..m) - E(blocks 1..m), a logarithm, shape (..., blocks): what changes
    before it have explained, the probability of a change there, and by how much two stretches explain more than one.
    All E are of the spreads as they are now. So a spread that turns out to be another one, after a crash or in wild
    times, is the same for all beginnings; were the evidence of the past kept as it was, only the newest beginnings
    would owe nothing to the spread that was wrong, and a change of spread would pass for one of means. Not normalised:
    the log-sum-exp is the F of a block that begins now.

    Args:
        blocks: the blocks.
        square: what `squared_spread` gives, shape (..., 3).
    """
    log_change = np.zeros(blocks.observations.shape)
    lengths = 0.5 * (blocks.observations[..., :-1] + blocks.observations[..., 1:])
    log_change[..., 1:] = np.log(HAZARD * np.maximum(lengths, 0.5))
    before, since = _log_evidence_around(blocks, square)
    found: FloatColumn = blocks.log_changed + log_change + (before + since - since[..., :1])
    return found


def log_of_stretches_before(blocks: BlockCells, square: FloatColumn) -> FloatColumn:
    """Return the log evidence of all trades before each block as one stretch, shape (..., blocks)."""
    return _log_evidence_around(blocks, square)[0]


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


def probabilities(log_likelihood: FloatColumn) -> FloatColumn:
    """Return exp(x) / sum exp(x) over the last axis, without overflow."""
    relative = np.exp(log_likelihood - log_likelihood.max(axis=-1, keepdims=True))
    shares: FloatColumn = relative / relative.sum(axis=-1, keepdims=True)
    return shares


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
    by_spread = one_regime(weight[..., None, :], scaled_sum[..., None, :], _COMMON, _OWN).log_evidence
    mixed: FloatColumn = log_of_sum(by_spread) - np.log(_SPREADS.size)
    return mixed
