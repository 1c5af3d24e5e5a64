"""Blocks for a memory that has none: those of the trades in the stream, where these give the same sums."""

from __future__ import annotations

import math
from dataclasses import replace

import structlog

from strategic_memory_server.evidence.sums import EvidenceSums, RegimeSums, nothing_summed
from strategic_memory_server.long_memory.kept_trades import NOTHING_READ, KeptTrades, add_page
from strategic_memory_server.long_memory.known_ids import KnownIds
from strategic_memory_server.long_memory.trade_reader import TradeReader

PAGES = 20
"""Most pages that are read again: some 50,000 trades, a second."""

ROUNDING = 1e-9
"""Share by which sums of the same trades may differ."""

logger = structlog.get_logger(__name__)


async def with_blocks_again(reader: TradeReader, kept: KeptTrades, horizon: int, max_regimes: int) -> KeptTrades:
    """Return a memory with the blocks of its own trades, for the regimes of which the stream still holds all.

    A server that keeps no blocks (an older version, or with other settings) has written the sums since blocks were
    kept last, or always. Where the trades of the stream give other sums of a regime, by more than rounding, it stays
    with the one block that is made of its sums.

    Args:
        reader: reads the trades.
        kept: the memory.
        horizon: ids of trades that are remembered.
        max_regimes: regimes that are kept apart.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    again, held = await _summed(reader, kept, horizon, max_regimes), kept.sums
    same = {name for name, cells in held.regimes.items() if _are_same(again.of(name), cells)}
    blocks = {**(held.blocks or {}), **{name: each for name, each in (again.blocks or {}).items() if name in same}}
    begun_anew = len(held.regimes) - len(same)
    logger.info(
        "Blocks in which change is looked for are missing beside the long memory; they are made of the trade stream, "
        "and of the sums for regimes of which it does not hold every trade",
        regimes=len(held.regimes),
        of_sums=begun_anew,
    )
    return replace(kept, sums=replace(held, blocks=blocks), without_blocks=begun_anew)


def _are_same(summed: RegimeSums, held: RegimeSums) -> bool:
    """Tell whether two sums are of the same trades: older versions have added them in another order."""
    return all(
        one.observations == other.observations
        and math.isclose(one.weight, other.weight, rel_tol=ROUNDING)
        and math.isclose(one.squared_pnl, other.squared_pnl, rel_tol=ROUNDING)
        and abs(one.pnl - other.pnl) <= ROUNDING * math.sqrt(other.weight * other.squared_pnl)
        for one, other in zip(summed, held, strict=True)
    )


async def _summed(reader: TradeReader, kept: KeptTrades, horizon: int, max_regimes: int) -> EvidenceSums:
    """Sum the trades of the stream up to where the memory stands; the first ones of a stream that is too long."""
    summed, known_ids = KeptTrades(nothing_summed(kept.sums.decay, change=True)), KnownIds(horizon)
    start = NOTHING_READ
    for _ in range(PAGES):
        page = await reader.read_after(start, kept.read_up_to)
        added = await add_page(summed, page.trades, page.read_up_to, known_ids, max_regimes)
        known_ids.add(added.trade_ids)
        summed, start = added.kept, page.read_up_to
        if page.is_last:
            break
    return summed.sums
