"""The sums of many observations at once, and of two stretches of history one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.columns.distinct import distinct
from strategic_memory_server.evidence.change.blocks import NO_TRADES
from strategic_memory_server.evidence.change.growth import joined
from strategic_memory_server.evidence.sums import (
    MAX_PNL,
    NO_OBSERVATIONS,
    CellSums,
    EvidenceSums,
    RegimeSums,
    decayed,
    require_pnl,
    require_policy,
)
from strategic_memory_server.memory.policy import Policy


def batch(
    decay: float, regimes: Sequence[str], policies: ArrayLike, pnl: ArrayLike, last_trade_id: str | None = None
) -> EvidenceSums:
    """Sum observations, oldest first: the same as `updated` for one after the other, up to rounding.

    Args:
        decay: weight that an observation keeps when one more of its regime arrives.
        regimes: regime of each.
        policies: policy of each, 0 to 2; ValueError for any other.
        pnl: realised pnl of each; ValueError when one is not finite or larger than `MAX_PNL`.
        last_trade_id: id of the last one.
    """
    codes = {name: code for code, name in enumerate(dict.fromkeys(regimes))}
    regime_column = np.fromiter((codes[name] for name in regimes), dtype=np.int64, count=len(regimes))
    policy_column, pnl_column = np.asarray(policies, dtype=np.int64), np.asarray(pnl, dtype=np.float64)
    return batch_of_codes(decay, tuple(codes), regime_column, policy_column, pnl_column, last_trade_id)


def batch_of_codes(
    decay: float,
    names: Sequence[str],
    regime: IndexColumn,
    policy: IndexColumn,
    pnl: FloatColumn,
    last_trade_id: str | None = None,
) -> EvidenceSums:
    """Do as `batch` for regimes that are given as places in `names`."""
    if not regime.size == policy.size == pnl.size:
        raise ValueError(
            f"regimes, policies and pnl have {regime.size}, {policy.size} and {pnl.size} entries, "
            "they need the same number"
        )
    _require_valid(policy, pnl)
    seen = distinct(regime)
    # One sort serves all regimes, however many there are.
    regimes = {
        names[code]: _regime_sums(decay, policy[chosen], pnl[chosen])
        for code, chosen in sorted(
            zip(seen.found.tolist(), seen.members(), strict=True), key=lambda each: int(each[1][-1])
        )
    }
    return EvidenceSums(decay, regimes, last_trade_id)


def merged(earlier: EvidenceSums, later: EvidenceSums) -> EvidenceSums:
    """Join two stretches of history: `later` begins where `earlier` ends.

    Blocks are joined at the border of the stretches: they are not those of one stretch, but hold the same trades.

    Raises:
        ValueError: they decay differently, or one has blocks and the other has none.
    """
    if earlier.decay != later.decay:
        raise ValueError(f"sums that decay by {earlier.decay} and by {later.decay} cannot be joined: sum one anew")
    if (earlier.blocks is None) != (later.blocks is None):
        raise ValueError("sums with blocks and sums without any cannot be joined: sum one anew")
    regimes, blocks = dict(earlier.regimes), dict(earlier.blocks or {})
    for name, cells in later.regimes.items():
        regimes[name] = joined_cells(regimes.pop(name, NO_OBSERVATIONS), cells, later.decay)
        if later.blocks is not None:
            blocks[name] = joined(blocks.get(name, NO_TRADES), later.blocks[name], regimes[name])
    last_trade_id = earlier.last_trade_id if later.last_trade_id is None else later.last_trade_id
    return EvidenceSums(earlier.decay, regimes, last_trade_id, None if later.blocks is None else blocks)


def joined_cells(earlier: RegimeSums, later: RegimeSums, decay: float) -> RegimeSums:
    """Join two stretches of history of one regime."""
    aged = decayed(earlier, decay ** sum(cell.observations for cell in later))
    return (_added(aged[0], later[0]), _added(aged[1], later[1]), _added(aged[2], later[2]))


def _added(one: CellSums, other: CellSums) -> CellSums:
    return CellSums(
        one.observations + other.observations,
        one.weight + other.weight,
        one.squared_weight + other.squared_weight,
        one.pnl + other.pnl,
        one.squared_pnl + other.squared_pnl,
    )


def _regime_sums(decay: float, policies: IndexColumn, pnl: FloatColumn) -> RegimeSums:
    later = np.arange(pnl.size - 1, -1, -1, dtype=np.float64)
    weight = np.power(decay, later)
    of_cells = [np.flatnonzero(policies == policy) for policy in Policy]
    cells = tuple(_cell_sums(weight[chosen], pnl[chosen]) for chosen in of_cells)
    return (cells[0], cells[1], cells[2])


def _cell_sums(weight: FloatColumn, pnl: FloatColumn) -> CellSums:
    return CellSums(
        observations=pnl.size,
        weight=float(weight.sum()),
        squared_weight=float((weight * weight).sum()),
        pnl=float((weight * pnl).sum()),
        squared_pnl=float((weight * (pnl * pnl)).sum()),
    )


def _require_valid(policies: IndexColumn, pnl: FloatColumn) -> None:
    strange = (policies < Policy.CONSERVATIVE) | (policies > Policy.AGGRESSIVE)
    if strange.any():
        require_policy(int(policies[strange][0]))
    unusable = ~(np.abs(pnl) <= MAX_PNL)
    if unusable.any():
        require_pnl(float(pnl[unusable][0]))
