"""KeptTrades: the sums of all trades so far, and up to where in the stream they reach. A value; adding gives a new one.

A trade counts once: its place in the stream says whether it is contained, and where a producer sends one trade twice,
its `trade_id` does, for as long as the id is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from strategic_memory_server.evidence.sums import EvidenceSums, updated

NOTHING_READ = "0-0"
"""Where a memory stands that has read no entry yet."""


@dataclass(frozen=True, slots=True)
class SeenTrade:
    """One trade as the stream gives it.

    Attributes:
        trade_id: its producer's name for it; empty: not given.
        regime: its own regime, or the one observed at its time.
        policy: a value of `Policy`, or -1: no evidence about any.
        pnl: realised pnl.
    """

    trade_id: str
    regime: str
    policy: int
    pnl: float


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


def add_trades(kept: KeptTrades, trades: Iterable[SeenTrade], read_up_to: str, known_ids: KnownIds) -> Added:
    """Add the trades of the entries up to `read_up_to`, oldest first.

    Args:
        kept: the memory so far.
        trades: the usable trades after it.
        read_up_to: id of the last entry that was read for them.
        known_ids: ids that count no more; it is not changed.
    """
    sums, duplicates = kept.sums, kept.duplicates
    fresh: dict[str, None] = {}
    for trade in trades:
        if trade.trade_id and known_ids.horizon:
            if trade.trade_id in fresh or trade.trade_id in known_ids:
                duplicates += 1
                continue
            fresh[trade.trade_id] = None
        if trade.policy >= 0:
            sums = updated(sums, trade.regime, trade.policy, trade.pnl)
    return Added(KeptTrades(sums, read_up_to, duplicates, kept.numbered + len(fresh)), tuple(fresh))


class KnownIds:
    """The newest ids of trades, at most so many.

    Args:
        horizon: how many are remembered; 0: none, every trade counts.
        ids: the ones known so far, oldest first.
    """

    def __init__(self, horizon: int, ids: Iterable[str] = ()) -> None:
        self.horizon = horizon
        self._ids: dict[str, None] = {}
        self.add(ids)

    def __contains__(self, trade_id: str) -> bool:
        return trade_id in self._ids

    def add(self, ids: Iterable[str]) -> None:
        """Remember more, and forget the oldest beyond the horizon."""
        self._ids.update(dict.fromkeys(ids))
        for forgotten in list(self._ids)[: max(len(self._ids) - self.horizon, 0)]:
            del self._ids[forgotten]
