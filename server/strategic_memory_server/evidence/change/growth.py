"""How the blocks of a regime come about: trade by trade, from sums that decay, or from two stretches of history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

import numpy as np

from strategic_memory_server.evidence.change.beginnings import (
    PRIOR_OBSERVATIONS,
    log_beginnings,
    log_of_stretches_before,
    log_of_sum,
)
from strategic_memory_server.evidence.change.blocks import FULL, MOST, Block, Blocks, Triple, block_cells
from strategic_memory_server.evidence.change.residuals import joined_residuals, with_residual


class Decayed(Protocol):
    """The sums of one policy that decay."""

    @property
    def observations(self) -> int:
        """Observations, unweighted."""

    @property
    def weight(self) -> float:
        """W."""

    @property
    def pnl(self) -> float:
        """S1."""

    @property
    def squared_pnl(self) -> float:
        """S2."""


def with_trade(blocks: Blocks, policy: int, pnl: float, cells: Sequence[Decayed]) -> Blocks:
    """Return the blocks with the regime's newest trade.

    Args:
        blocks: those before it.
        policy: its policy.
        pnl: what it earned.
        cells: the regime's sums that decay, with the trade.
    """
    held, residuals = blocks
    observations, log_changed, weight, earned, squares = held[-1]
    newest = Block(
        observations + 1,
        log_changed,
        _plus(weight, policy, 1.0),
        _plus(earned, policy, pnl),
        _plus(squares, policy, pnl * pnl),
    )
    blocks = Blocks((*held[:-1], newest), with_residual(residuals, _residual(policy, pnl, cells)))
    return blocks if observations + 1 < FULL else _closed(blocks, cells)


def adopted(cells: Sequence[Decayed]) -> Blocks:
    """Return the blocks of a regime of which only the sums that decay are known: they are one block."""
    by_policy = [(cell.weight, cell.pnl, cell.squared_pnl) for cell in cells]
    weight, pnl, squares = ((a, b, c) for a, b, c in zip(*by_policy, strict=True))
    observations = sum(cell.observations for cell in cells)
    blocks = Blocks((Block(observations, 0.0, weight, pnl, squares),))
    return blocks if observations < FULL else _closed(blocks, cells)


def joined(earlier: Blocks, later: Blocks, cells: Sequence[Decayed]) -> Blocks:
    """Join two stretches of history: the blocks of one after those of the other, their evidence worked out anew.

    Args:
        earlier: blocks of the first stretch.
        later: blocks of the second one.
        cells: the regime's sums that decay, of both.
    """
    held = earlier.held if earlier.held[-1].observations else earlier.held[:-1]
    if not held:
        return later
    found = Blocks(held, joined_residuals(earlier.residuals, later.residuals))
    for block in later.held:
        *before, newest = _closed(found, cells).held
        found = found._replace(held=(*before, block._replace(log_changed=newest.log_changed)))
    return found if found.held[-1].observations < FULL else _closed(found, cells)


def of_whole_evidence(blocks: Blocks, cells: Sequence[Decayed]) -> Blocks:
    """Return blocks as they are kept, of some whose F was the whole evidence of all before them, as it once was kept.

    Args:
        blocks: the blocks.
        cells: the regime's sums that decay.
    """
    before = log_of_stretches_before(block_cells((blocks,)), np.array([_squares(cells)]))[0].tolist()
    held = [
        block._replace(log_changed=block.log_changed - evidence)
        for block, evidence in zip(blocks.held, before, strict=False)
    ]
    return blocks._replace(held=tuple(held))


def _residual(policy: int, pnl: float, cells: Sequence[Decayed]) -> float:
    """Return the residual of a trade that the sums contain, in spreads: what was expected of it is shrunk towards 0."""
    chosen = cells[policy]
    counted = PRIOR_OBSERVATIONS + chosen.weight
    square = (_prior_squares(cells) + chosen.squared_pnl) / counted
    # 0 where a spread is too small for a float.
    return (pnl - chosen.pnl / counted) / math.sqrt(square) if square > 0.0 else 0.0


def _squares(cells: Sequence[Decayed]) -> Triple:
    """Do as `squared_spread` for one regime, in a tenth of the time."""
    prior = _prior_squares(cells)
    one, two, three = ((prior + cell.squared_pnl) / (PRIOR_OBSERVATIONS + cell.weight) for cell in cells)
    return one, two, three


def _prior_squares(cells: Sequence[Decayed]) -> float:
    one, two, three = cells
    squares = one.squared_pnl + two.squared_pnl + three.squared_pnl
    return PRIOR_OBSERVATIONS * (squares / (one.weight + two.weight + three.weight) if squares > 0.0 else 1.0)


def _closed(blocks: Blocks, cells: Sequence[Decayed]) -> Blocks:
    """Close the newest block and begin an empty one; where there are too many, two neighbours become one first."""
    log_changed = float(log_of_sum(log_beginnings(block_cells((blocks,)), np.array([_squares(cells)])))[0])
    held = blocks.held if len(blocks.held) < MOST else _merged(blocks.held)
    return Blocks((*held, Block(log_changed=log_changed)), blocks.residuals)


def _merged(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Make one block of the two neighbours that are the shortest for their age; of equal ones, of the older two."""
    lengths = [block.observations for block in blocks]
    until = list(accumulate(lengths))
    shares = [
        (lengths[place] + lengths[place + 1]) / (until[-1] - until[place + 1] + FULL)
        for place in range(len(blocks) - 1)
    ]
    place = shares.index(min(shares))
    one, other = blocks[place], blocks[place + 1]
    both = Block(
        one.observations + other.observations,
        one.log_changed,
        _sum(one.weight, other.weight),
        _sum(one.pnl, other.pnl),
        _sum(one.squared_pnl, other.squared_pnl),
    )
    return (*blocks[:place], both, *blocks[place + 2 :])


def _plus(values: Triple, policy: int, value: float) -> Triple:
    first, second, third = values
    if policy == 0:
        return first + value, second, third
    return (first, second + value, third) if policy == 1 else (first, second, third + value)


def _sum(one: Triple, other: Triple) -> Triple:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
