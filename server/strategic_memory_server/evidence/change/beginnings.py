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
    """Return the logarithm of how likely it is that the present stretch began with each block, shape (..., blocks).

    F_i + c_i + E(blocks i..m): the evidence before it, the probability of a change there, and the evidence of all that
    came since if nothing changed. Not normalised: its log-sum-exp is the evidence of all blocks.

    Args:
        blocks: the blocks.
        square: what `squared_spread` gives, shape (..., 3).
    """
    square = square[..., None, :]
    # What is left of a regime that once earned a billion may be smaller by more than a float can say.
    with np.errstate(over="ignore"):
        spread_then = (PRIOR_OBSERVATIONS + blocks.squared_pnl / square) / (PRIOR_OBSERVATIONS + blocks.weight)
        widened = np.maximum(spread_then, 1.0)
        weight, scaled_sum = blocks.weight / widened, blocks.pnl / (np.sqrt(square) * widened)
    log_change = np.zeros(blocks.observations.shape)
    lengths = 0.5 * (blocks.observations[..., :-1] + blocks.observations[..., 1:])
    log_change[..., 1:] = np.log(HAZARD * np.maximum(lengths, 0.5))
    found: FloatColumn = blocks.log_before + log_change + _log_evidence(from_each_on(weight), from_each_on(scaled_sum))
    return found


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
