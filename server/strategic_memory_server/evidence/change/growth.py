"""How the blocks of a regime come about: trade by trade, from sums that decay, or from two stretches of history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from strategic_memory_server.evidence.change.beginnings import (
    PRIOR_OBSERVATIONS,
    least_apart,
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
    observations, weight, earned, squares = held[-1]
    newest = Block(
        observations + 1,
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
    blocks = Blocks((Block(observations, weight, pnl, squares),))
    return blocks if observations < FULL else _closed(blocks, cells)


def joined(earlier: Blocks, later: Blocks, cells: Sequence[Decayed]) -> Blocks:
    """Join two stretches of history: the blocks of one after those of the other.

    Args:
        earlier: blocks of the first stretch.
        later: blocks of the second one.
        cells: the regime's sums that decay, of both.
    """
    held = earlier.held if earlier.held[-1].observations else earlier.held[:-1]
    if not held:
        return later
    found = Blocks((*held, *later.held), joined_residuals(earlier.residuals, later.residuals))
    while len(found.held) > MOST:
        found = _merged(found, cells)
    return found if found.held[-1].observations < FULL else _closed(found, cells)


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
    held = (blocks if len(blocks.held) < MOST else _merged(blocks, cells)).held
    return Blocks((*held, Block()), blocks.residuals)


def _merged(blocks: Blocks, cells: Sequence[Decayed]) -> Blocks:
    """Make one block of two neighbours that are short for their age, and between which a change is unlikely."""
    place = int(least_apart(block_cells((blocks,)), np.array([_squares(cells)]))[0])
    one, other = blocks.held[place], blocks.held[place + 1]
    both = Block(
        one.observations + other.observations,
        _sum(one.weight, other.weight),
        _sum(one.pnl, other.pnl),
        _sum(one.squared_pnl, other.squared_pnl),
    )
    return Blocks((*blocks.held[:place], both, *blocks.held[place + 2 :]), blocks.residuals)


def _plus(values: Triple, policy: int, value: float) -> Triple:
    first, second, third = values
    if policy == 0:
        return first + value, second, third
    return (first, second + value, third) if policy == 1 else (first, second, third + value)


def _sum(one: Triple, other: Triple) -> Triple:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
