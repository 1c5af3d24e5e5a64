"""The drawdown guard: a factor that lowers leverage while the followed results spread more widely than they usually do.

The factor is clip(sqrt(V / v), 0.5, 1): v is the mean square of the newest results, V that of all of them (volatility
targeting that only ever lowers; Moreira and Muir, Journal of Finance 72, 2017). It is a guard against drawdowns and no
edge; docs/drawdown-guard.md says what it was measured to do, and what not.

A followed result is that of a trade whose policy was the one advised at its opening: said strictly before it. It counts
from its close, and once: a long memory that is built anew reads its trades again. A synchronous state machine over
values: it has no clock, and what comes later changes nothing earlier.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn, PositionColumn, index_column
from strategic_memory_server.columns.stream_position import position_column
from strategic_memory_server.entries.counted_ids import NOTHING_COUNTED, CountedIds
from strategic_memory_server.memory.policy import Policy

HALF_LIFE = 40
"""Results after which a result counts half as much in v."""

FREE = 60
"""So many followed results lower nothing: there is too little yet to tell what is usual."""

GUARD_CAP = "drawdown_guard"
"""Names the guard where it has lowered a leverage."""

LOWEST = 0.5
STEP = 0.1
"""The factor moves by more than this, or stays."""

KEPT = 64
"""Newest changes of the advised policy that are kept; a trade that was opened before them counts as not followed."""

LARGEST_PNL = 1e100
"""What is larger, or no number, is no result: readers refuse it long before, and its square could not be summed."""

_DECIMALS = 2

_DECAY = 0.5 ** (1.0 / HALF_LIFE)


@dataclass(frozen=True, slots=True)
class SaidPolicy:
    """A policy, and since when it was the one advised, milliseconds since 1970-01-01 UTC."""

    since_ms: int
    policy: Policy


@dataclass(frozen=True, slots=True)
class GuardReading:
    """How the guard stands.

    Attributes:
        factor: what leverage is multiplied by, 0.5 to 1.
        since_ms: when the factor moved last, milliseconds since 1970-01-01 UTC; None: it never did.
        results: followed results so far.
        recent_spread: root mean square of the newest of them, in the unit of pnl.
        usual_spread: root mean square of all of them.
        recent_largest_share: share of one result in the square of `recent_spread`, 0 to 1.
        usual_largest_share: share of one result in the square of `usual_spread`, 0 to 1.
    """

    factor: float
    since_ms: int | None
    results: int
    recent_spread: float
    usual_spread: float
    recent_largest_share: float
    usual_largest_share: float

    @property
    def is_free(self) -> bool:
        """Whether there are too few results for it to lower anything."""
        return self.results <= FREE


@dataclass(frozen=True, slots=True, eq=False)
class ClosedTrades:
    """Trades that count, in the order of their closes: parallel columns.

    Attributes:
        opened_ms: when each was opened, its close where that is not known; milliseconds since 1970-01-01 UTC.
        policy: values of `Policy`.
        pnl: realised pnl.
        positions: where in the stream they are, NOWHERE for what a `trade_id` proves new; None: they are read once.
        read: stretches of the stream that were read up to them.
    """

    opened_ms: IndexColumn
    policy: IndexColumn
    pnl: FloatColumn
    positions: PositionColumn | None = None
    read: CountedIds = NOTHING_COUNTED

    def beyond(self, read: CountedIds) -> ClosedTrades:
        """Return those that stand where nothing was read yet."""
        if self.positions is None:
            return self
        new = ~read.among(self.positions)
        return ClosedTrades(self.opened_ms[new], self.policy[new], self.pnl[new], self.positions[new], self.read)


NO_TRADES = ClosedTrades(index_column([]), index_column([]), np.zeros(0), position_column([]))


def joined_trades(parts: Iterable[ClosedTrades], newest: int | None = None) -> ClosedTrades:
    """Return the trades of several parts of a stream, one after the other and each once; so many of the newest.

    Args:
        parts: the parts, each with positions.
        newest: how many; None: all.
    """
    found, read = [NO_TRADES], NOTHING_COUNTED
    for part in parts:
        found.append(part.beyond(read))
        read = read.with_others(part.read)
    names = ("opened_ms", "policy", "pnl", "positions")
    kept = slice(None if newest is None else -newest, None)
    columns = {name: np.concatenate([getattr(part, name) for part in found])[kept] for name in names}
    return ClosedTrades(**columns, read=read)


@dataclass(frozen=True, slots=True)
class GuardState:
    """What the guard goes on from.

    Attributes:
        results: followed results so far.
        squares: sum of their squares.
        largest: the largest of the squares.
        weight: sum of the weights of the newest, each half of that of the one `HALF_LIFE` results later.
        recent: weighted sum of their squares.
        recent_largest: the largest weighted square.
        factor: what leverage is multiplied by.
        since_ms: when that moved last, milliseconds since 1970-01-01 UTC; None: it never did.
        said: the policy advised, oldest first, as far as it is kept.
        counted: stretches of the trade stream that it has taken in.
    """

    results: int = 0
    squares: float = 0.0
    largest: float = 0.0
    weight: float = 0.0
    recent: float = 0.0
    recent_largest: float = 0.0
    factor: float = 1.0
    since_ms: int | None = None
    said: tuple[SaidPolicy, ...] = ()
    counted: CountedIds = NOTHING_COUNTED

    def reading(self) -> GuardReading:
        """Tell how it stands."""
        return GuardReading(
            self.factor,
            self.since_ms,
            self.results,
            math.sqrt(self.recent / self.weight) if self.weight else 0.0,
            math.sqrt(self.squares / self.results) if self.results else 0.0,
            self.recent_largest / self.recent if self.recent else 0.0,
            self.largest / self.squares if self.squares else 0.0,
        )

    def saying(self, policy: Policy, said_ms: int) -> GuardState:
        """Note which policy is advised from now on.

        Args:
            policy: which.
            said_ms: when it is said, milliseconds since 1970-01-01 UTC; no result that it rests on is later.
        """
        last = self.said[-1] if self.said else None
        if last is not None and last.policy is policy:
            return self
        since_ms = said_ms if last is None else max(said_ms, last.since_ms)
        return replace(self, said=(*self.said, SaidPolicy(since_ms, policy))[-KEPT:])

    def after(self, trades: ClosedTrades, now_ms: int) -> GuardState:
        """Take in trades that were closed after those taken in before, of which nothing counts again.

        Args:
            trades: the trades.
            now_ms: the time now: from when on the factor moves, milliseconds since 1970-01-01 UTC.
        """
        results, squares, largest = self.results, self.squares, self.largest
        weight, recent, recent_largest = self.weight, self.recent, self.recent_largest
        factor, since_ms = self.factor, self.since_ms
        for pnl in trades.pnl[self._followed(trades)].tolist():
            square = pnl * pnl
            results, squares, largest = results + 1, squares + square, max(largest, square)
            weight, recent = weight * _DECAY + 1.0, recent * _DECAY + square
            recent_largest = max(recent_largest * _DECAY, square)
            asked = _asked(squares / results, recent / weight) if results > FREE else 1.0
            if abs(asked - factor) > STEP:
                factor, since_ms = asked, now_ms
        counted = self.counted.with_others(trades.read)
        return GuardState(
            results, squares, largest, weight, recent, recent_largest, factor, since_ms, self.said, counted
        )

    def _followed(self, trades: ClosedTrades) -> IndexColumn:
        """Return the places of the trades that have followed what was advised when they were opened."""
        since = index_column([said.since_ms for said in self.said])
        policy = index_column([-1, *(said.policy for said in self.said)])
        advised = policy[np.searchsorted(since, trades.opened_ms, side="left")]
        counts = (advised == trades.policy) & (advised >= 0) & (np.abs(trades.pnl) <= LARGEST_PNL)
        if trades.positions is not None:
            counts &= ~self.counted.among(trades.positions)
        followed: IndexColumn = np.flatnonzero(counts)
        return followed


def under_guard(leverage: float, bound_by: str | None, factor: float) -> tuple[float, str | None]:
    """Multiply a leverage, to 2 decimals; with the name of what has lowered it the last. By 1 it stays as it is."""
    lowered = min(round(leverage * factor, _DECIMALS), leverage)
    return (lowered, GUARD_CAP) if factor < 1.0 and lowered < leverage else (leverage, bound_by)


def _asked(usual: float, recent: float) -> float:
    """Return the factor that mean squares ask for, before it is kept from moving by less than a step."""
    return min(max(math.sqrt(usual / recent), LOWEST), 1.0) if recent > 0.0 else 1.0
