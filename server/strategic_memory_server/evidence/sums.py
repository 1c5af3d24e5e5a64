"""The sums that are the memory of the estimator: five numbers for each regime and policy, however many trades it saw.

An observation weighs `decay` to the power of the number of later observations of its regime. So another regime's
observation changes nothing, and one of the same regime multiplies nine cells' worth of numbers by a constant: nothing
has to be put off, and an update costs the same after ten trades as after ten million.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from strategic_memory_server.evidence.change.blocks import NO_TRADES, Blocks
from strategic_memory_server.evidence.change.growth import with_trade
from strategic_memory_server.memory.policy import Policy

MAX_PNL = 1e100
"""Largest absolute pnl that is taken: the sums of its squares are still finite."""


FORGOTTEN = 1e-250
"""A cell of less weight says nothing of its trades: floats end at 5e-324, where decay leaves sums with no digits."""


class CellSums(NamedTuple):
    """What is kept of the trades of one policy in one regime.

    Attributes:
        observations: how many, unweighted.
        weight: sum of the weights w.
        squared_weight: sum of w^2; weight^2 / squared_weight is the effective number of observations.
        pnl: sum of w pnl, in the unit of pnl.
        squared_pnl: sum of w pnl^2, in the square of that unit.
    """

    observations: int = 0
    weight: float = 0.0
    squared_weight: float = 0.0
    pnl: float = 0.0
    squared_pnl: float = 0.0

    @property
    def effective_observations(self) -> float | None:
        """Number of equally weighted observations that would say as much (Kish); None without any."""
        return self.weight * self.weight / self.squared_weight if self.squared_weight > 0.0 else None


RegimeSums = tuple[CellSums, CellSums, CellSums]
"""The cells of one regime, in the order of `Policy`."""

NO_OBSERVATIONS: RegimeSums = (CellSums(), CellSums(), CellSums())


@dataclass(frozen=True, slots=True)
class EvidenceSums:
    """The sums of every regime that was seen, as a value: what adds to them returns new ones.

    Attributes:
        decay: weight that an observation keeps when one more of its regime arrives.
        regimes: sums by regime, in the order of the newest observation of each, the oldest first.
        last_trade_id: id of the newest trade contained; None while there is none, or where trades carry no id.
        blocks: blocks by regime, in which change is looked for; None where they are not kept.
    """

    decay: float
    regimes: Mapping[str, RegimeSums] = field(default_factory=dict)
    last_trade_id: str | None = None
    blocks: Mapping[str, Blocks] | None = None

    @property
    def observations(self) -> int:
        """Observations contained, unweighted."""
        return sum(cell.observations for cells in self.regimes.values() for cell in cells)

    def of(self, regime: str) -> RegimeSums:
        """The cells of a regime, empty ones for a regime never seen."""
        return self.regimes.get(regime, NO_OBSERVATIONS)

    def count_of(self, regime: str) -> int:
        """Observations of a regime, unweighted."""
        return sum(cell.observations for cell in self.of(regime))


def nothing_summed(decay: float, *, change: bool) -> EvidenceSums:
    """Return sums without any observation.

    Args:
        decay: weight that an observation keeps when one more of its regime arrives.
        change: whether blocks are kept beside the sums, in which change is looked for.
    """
    return EvidenceSums(decay, blocks={} if change else None)


def updated(
    sums: EvidenceSums, regime: str, policy: Policy | int, pnl: float, trade_id: str | None = None
) -> EvidenceSums:
    """The sums with one more observation, the newest.

    Args:
        sums: what was seen so far.
        regime: regime of the trade.
        policy: its policy; ValueError when it is none of the three.
        pnl: its realised pnl; ValueError when it is not finite or larger than `MAX_PNL`.
        trade_id: its id; None keeps the last one.
    """
    require_policy(policy)
    require_pnl(pnl)
    regimes, blocks = dict(sums.regimes), None if sums.blocks is None else dict(sums.blocks)
    add_observation(regimes, blocks, sums.decay, regime, policy, pnl)
    return EvidenceSums(sums.decay, regimes, sums.last_trade_id if trade_id is None else trade_id, blocks)


def add_observation(
    regimes: dict[str, RegimeSums],
    blocks: dict[str, Blocks] | None,
    decay: float,
    regime: str,
    policy: Policy | int,
    pnl: float,
) -> None:
    """Add the newest observation to sums that are being made; policy and pnl have been checked."""
    cells = list(decayed(regimes.pop(regime, NO_OBSERVATIONS), decay))
    observations, weight, squared_weight, total, squares = cells[policy]
    cells[policy] = CellSums(observations + 1, weight + 1.0, squared_weight + 1.0, total + pnl, squares + pnl * pnl)
    regimes[regime] = (cells[0], cells[1], cells[2])
    if blocks is not None:
        blocks[regime] = with_trade(blocks.get(regime, NO_TRADES), policy, pnl, cells)


def decayed(cells: RegimeSums, factor: float) -> RegimeSums:
    """Multiply the weight of every observation of a regime by a factor."""
    square = factor * factor
    return (_decayed(cells[0], factor, square), _decayed(cells[1], factor, square), _decayed(cells[2], factor, square))


def _decayed(cell: CellSums, factor: float, square: float) -> CellSums:
    observations, weight, squared_weight, pnl, squared_pnl = cell
    return CellSums(observations, weight * factor, squared_weight * square, pnl * factor, squared_pnl * factor)


def require_policy(policy: int) -> None:
    """Raise ValueError for what is no policy; -1 is a trade without one, which is no evidence about any."""
    if not Policy.CONSERVATIVE <= policy <= Policy.AGGRESSIVE:
        raise ValueError(f"policy is {policy}, it has to be 0, 1 or 2: leave out trades without a policy")


def require_pnl(pnl: float) -> None:
    """Raise ValueError for a pnl that is not finite or too large to be squared and summed."""
    if not math.isfinite(pnl) or abs(pnl) > MAX_PNL:
        raise ValueError(f"pnl is {pnl!r}, it has to be finite and at most {MAX_PNL:g} in size")
