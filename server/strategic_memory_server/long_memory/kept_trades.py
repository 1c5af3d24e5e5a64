"""KeptTrades: the sums of all trades so far, and up to where in the stream they reach. A value; adding gives a new one.

A trade counts once: its place in the stream says whether it is contained, and where a producer sends one trade twice,
its `trade_id` does, for as long as the id is remembered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns import FloatColumn, IndexColumn
from strategic_memory_server.evidence.regimes_apart import with_observations
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.long_memory.known_ids import KnownIds

NOTHING_READ = "0-0"
"""Where a memory stands that has read no entry yet."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenTrades:
    """Trades as the stream gives them: parallel columns, oldest first.

    Attributes:
        trade_ids: their producer's names for them; empty: not given.
        regime_names: names of regimes.
        regimes: places in them: of its own regime, or of the one observed at its time; any where there is no policy.
        policies: values of `Policy`, or -1: no evidence about any.
        pnl: realised pnl.
    """

    trade_ids: Sequence[str]
    regime_names: Sequence[str]
    regimes: IndexColumn
    policies: IndexColumn
    pnl: FloatColumn


@dataclass(frozen=True, slots=True)
class KeptTrades:
    """What is remembered.

    Attributes:
        sums: the sums of the trades.
        read_up_to: id of the newest entry of the trade stream that was read, whether or not it could be used.
        duplicates: trades that were left out because their id was known.
        numbered: trades with an id so far; places the next ids.
    """

    sums: EvidenceSums
    read_up_to: str = NOTHING_READ
    duplicates: int = 0
    numbered: int = 0


@dataclass(frozen=True, slots=True)
class Added:
    """What a page of trades has made of a memory: the new one, and the ids to remember with it, oldest first."""

    kept: KeptTrades
    trade_ids: tuple[str, ...]


AT_ONCE = 256
"""More trades are not added on the event loop: where each has a regime of its own that takes its time."""


async def add_page(
    kept: KeptTrades, trades: SeenTrades, read_up_to: str, known_ids: KnownIds, max_regimes: int
) -> Added:
    """Do as `add_trades`, and let other tasks have their turn meanwhile."""
    if len(trades.policies) <= AT_ONCE:
        return add_trades(kept, trades, read_up_to, known_ids, max_regimes)
    return await asyncio.to_thread(add_trades, kept, trades, read_up_to, known_ids, max_regimes)


def add_trades(kept: KeptTrades, trades: SeenTrades, read_up_to: str, known_ids: KnownIds, max_regimes: int) -> Added:
    """Add the trades of the entries up to `read_up_to`.

    Args:
        kept: the memory so far.
        trades: the usable trades after it.
        read_up_to: id of the last entry that was read for them.
        known_ids: ids that count no more; it is not changed.
        max_regimes: regimes that are kept apart; the others are OTHER.
    """
    told = known_ids.tell_apart(trades.trade_ids)
    counts = trades.policies >= 0
    counts[list(told.duplicates)] = False
    places = np.flatnonzero(counts)
    columns = trades.regimes[places], trades.policies[places], trades.pnl[places]
    sums = with_observations(kept.sums, trades.regime_names, *columns, max_regimes)
    duplicates, numbered = kept.duplicates + len(told.duplicates), kept.numbered + told.numbered
    return Added(KeptTrades(sums, read_up_to, duplicates, numbered), told.fresh)
