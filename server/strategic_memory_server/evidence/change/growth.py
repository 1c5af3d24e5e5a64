"""How the blocks of a regime come about: trade by trade, from sums that decay, or from two stretches of history."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

import numpy as np

from strategic_memory_server.evidence.change.beginnings import log_beginnings, log_of_sum, squared_spread
from strategic_memory_server.evidence.change.blocks import FULL, MOST, Block, Blocks, Triple, block_cells


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
    observations, log_before, weight, earned, squares = blocks[-1]
    newest = Block(
        observations + 1,
        log_before,
        _plus(weight, policy, 1.0),
        _plus(earned, policy, pnl),
        _plus(squares, policy, pnl * pnl),
    )
    blocks = (*blocks[:-1], newest)
    return blocks if observations + 1 < FULL else _closed(blocks, cells)


def adopted(cells: Sequence[Decayed]) -> Blocks:
    """Return the blocks of a regime of which only the sums that decay are known: they are one block."""
    by_policy = [(cell.weight, cell.pnl, cell.squared_pnl) for cell in cells]
    weight, pnl, squares = ((a, b, c) for a, b, c in zip(*by_policy, strict=True))
    observations = sum(cell.observations for cell in cells)
    blocks = (Block(observations, 0.0, weight, pnl, squares),)
    return blocks if observations < FULL else _closed(blocks, cells)


def joined(earlier: Blocks, later: Blocks, cells: Sequence[Decayed]) -> Blocks:
    """Join two stretches of history: the blocks of one after those of the other, their evidence worked out anew.

    Args:
        earlier: blocks of the first stretch.
        later: blocks of the second one.
        cells: the regime's sums that decay, of both.
    """
    found = earlier if earlier[-1].observations else earlier[:-1]
    if not found:
        return later
    for block in later:
        *before, newest = _closed(found, cells)
        found = (*before, block._replace(log_before=newest.log_before))
    return found if found[-1].observations < FULL else _closed(found, cells)


def _closed(blocks: Blocks, cells: Sequence[Decayed]) -> Blocks:
    """Close the newest block and begin an empty one; where there are too many, two neighbours become one first."""
    square = squared_spread(np.array([cell.weight for cell in cells]), np.array([cell.squared_pnl for cell in cells]))
    held = block_cells((blocks,))
    log_evidence = float(log_of_sum(log_beginnings(held, square[None]))[0])
    if len(blocks) == MOST:
        blocks = _merged(blocks)
    return (*blocks, Block(log_before=log_evidence))


def _merged(blocks: Blocks) -> Blocks:
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
        one.log_before,
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
