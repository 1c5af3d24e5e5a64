"""KeptTrades: the sums of all trades so far, and up to where in the stream they reach. A value; adding gives a new one.

A trade counts once: its place in the stream says whether it is contained, and where a producer sends one trade twice,
its `trade_id` does, for as long as the id is remembered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.advice.drawdown_guard import NO_TRADES, ClosedTrades
from strategic_memory_server.columns.columns import FloatColumn, IndexColumn, PositionColumn
from strategic_memory_server.entries.counted_ids import NOTHING_COUNTED, NOWHERE, CountedIds
from strategic_memory_server.entries.trade_ids import TRADE_ID
from strategic_memory_server.evidence.regimes_apart import with_observations
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.long_memory.known_ids import KnownIds
from strategic_memory_server.windows.column_buffer import Columns

NOTHING_READ = "0-0"
"""Where a memory stands that has read no entry yet."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenTrades:
    """Trades as the stream gives them: parallel columns, oldest first.

    Attributes:
        trade_ids: their producer's names for them; empty: not given.
        regime_names: names of regimes.
        regimes: places in them: of its own regime, or of the one observed at its opening; any where there is no policy.
        policies: values of `Policy`, or -1: no evidence about any.
        pnl: realised pnl.
        positions: where in the stream they are; None where that does not matter.
        opened_ms: when each was opened, its close where that is not known; None where that does not matter.
    """

    trade_ids: Sequence[str]
    regime_names: Sequence[str]
    regimes: IndexColumn
    policies: IndexColumn
    pnl: FloatColumn
    positions: PositionColumn | None = None
    opened_ms: IndexColumn | None = None

    @classmethod
    def of(cls, columns: Columns, regime_names: Sequence[str], regimes: IndexColumn) -> SeenTrades:
        """Take trades as columns that were read of the stream."""
        ids = columns[TRADE_ID].tolist()
        policies, pnl, positions = columns["policy"], columns["pnl"], columns["position"]
        return cls(ids, regime_names, regimes, policies, pnl, positions, columns["opened_ms"])


@dataclass(frozen=True, slots=True)
class KeptTrades:
    """What is remembered.

    Attributes:
        sums: the sums of the trades.
        read_up_to: id of the newest entry of the trade stream that was read, whether or not it could be used.
        duplicates: trades that were left out because their id was known.
        numbered: trades with an id so far; places the next ids.
        counted_ids: stretches of the stream that were read.
        without_blocks: regimes of which nothing but the sums was read, where blocks are kept; each is one block.
    """

    sums: EvidenceSums
    read_up_to: str = NOTHING_READ
    duplicates: int = 0
    numbered: int = 0
    counted_ids: CountedIds = NOTHING_COUNTED
    without_blocks: int = 0


@dataclass(frozen=True, slots=True)
class Added:
    """What a page of trades has made of a memory.

    Attributes:
        kept: the new one.
        trade_ids: ids to remember with it, oldest first.
        left_out: trades that were left out since the stream has gone back and they were counted before.
        counted: the trades that count of the page, where it says when they were opened.
    """

    kept: KeptTrades
    trade_ids: tuple[str, ...]
    left_out: int = 0
    counted: ClosedTrades = NO_TRADES


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
    among = _among_counted(kept, trades)
    read_before = among & ~_proved_new(kept, trades, known_ids) if among.any() else among
    trade_ids = trades.trade_ids
    if read_before.any():
        trade_ids = ["" if before else name for name, before in zip(trade_ids, read_before.tolist(), strict=True)]
    found = known_ids.deduplicate(trade_ids)
    counts = (trades.policies >= 0) & ~read_before
    counts[list(found.duplicates)] = False
    places = np.flatnonzero(counts)
    columns = trades.regimes[places], trades.policies[places], trades.pnl[places]
    # What a revision rests on is computed again from the same trades, in other pages.
    sums = with_observations(kept.sums, trades.regime_names, *columns, max_regimes, exactly=True)
    duplicates, numbered = kept.duplicates + len(found.duplicates), kept.numbered + found.numbered
    changed = replace(kept, sums=sums, read_up_to=read_up_to, duplicates=duplicates, numbered=numbered)
    opened_ms = trades.opened_ms
    positions = None if trades.positions is None else trades.positions[places]
    if positions is not None and among[places].any():
        positions = np.where(among[places], NOWHERE, positions)
    counted = NO_TRADES if opened_ms is None else ClosedTrades(opened_ms[places], *columns[1:], positions)
    return Added(changed, found.fresh, int(np.count_nonzero(read_before)), counted)


def _among_counted(kept: KeptTrades, trades: SeenTrades) -> NDArray[np.bool_]:
    """Tell which trades stand where something was read before."""
    if trades.positions is None:
        return np.zeros(len(trades.policies), dtype=np.bool_)
    return kept.counted_ids.among(trades.positions)


def _proved_new(kept: KeptTrades, trades: SeenTrades, known_ids: KnownIds) -> NDArray[np.bool_]:
    """Tell which trades have an id that was never seen, where all ids that were ever seen are remembered."""
    # Where none are to be remembered none are numbered either.
    if not known_ids.horizon or len(known_ids) < kept.numbered:
        return np.zeros(len(trades.policies), dtype=np.bool_)
    return np.array([bool(trade_id) and trade_id not in known_ids for trade_id in trades.trade_ids], dtype=np.bool_)
