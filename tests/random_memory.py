"""Memories from seeded randomness, as plain rows and as the values that the service makes of them."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from brute_force import PortfolioRow, RegimeRow, Rows, TradeRow
from regime_figures import caps

from strategic_memory_server.columns.columns import IndexColumn, float_column, index_column
from strategic_memory_server.entries.input_keys import META_REGIME, PORTFOLIO_MEMORY, TRADE_RESULTS
from strategic_memory_server.memory.policy import NO_POLICY, Policy
from strategic_memory_server.memory.strategic_memory import (
    Context,
    PortfolioWindow,
    RegimeWindow,
    SourceReport,
    StrategicMemory,
    TradeWindow,
)
from strategic_memory_server.windows.name_table import NameTable

REGIMES = ("BULL", "BEAR", "RANGE", "VOLATILE", "UNKNOWN", "ÉTÉ")
POLICIES = ("", "CONSERVATIVE", "BALANCED", "AGGRESSIVE")
STRATEGIES = ("", "momentum", "Momentum", "carry")
EVEN_PNL = (-1.0, -0.5, -0.25, 0.0, -0.0, 0.25, 0.5, 1.0)
"""Few values whose sums are exact, so that ties happen."""

START_MS = 1_766_296_800_000


def random_rows(seed: int) -> Rows:
    """Windows of up to 50, 50 and 30 rows; every third seed gives many ties, every seventh empty windows."""
    random = Random(seed)
    regimes = random.sample(REGIMES, random.randint(1, len(REGIMES)))
    even = seed % 3 == 0

    def pnl() -> float:
        if even:
            return random.choice(EVEN_PNL)
        return random.choice((random.gauss(0.1, 1.0), random.uniform(-1e15, 1e15), 1e-300, 0.0))

    def times(longest: int) -> list[int]:
        count = 0 if seed % 7 == 0 and random.random() < 0.5 else random.randint(0, longest)
        return sorted(START_MS + random.randrange(0, 100_000) for _ in range(count))

    def confidence() -> float | None:
        return None if random.random() < 0.2 else random.uniform(0.0, 1.0)

    return Rows(
        regimes=[RegimeRow(time, random.choice(regimes), pnl(), confidence()) for time in times(50)],
        portfolio=[PortfolioRow(time, random.choice(regimes), pnl()) for time in times(50)],
        trades=[
            TradeRow(time, random.choice(regimes), pnl(), random.choice(POLICIES), random.choice(STRATEGIES))
            for time in times(30)
        ],
    )


def memory_of(rows: Rows, *, timed: bool = True, max_leverage_hint: float | None = None) -> StrategicMemory:
    """The same memory as columns."""
    names, strategies = NameTable(), NameTable()
    unknown = np.full(len(rows.regimes), math.nan)
    confidence = [math.nan if row.confidence is None else row.confidence for row in rows.regimes]
    return StrategicMemory(
        regimes=RegimeWindow(
            regime=names.column(row.regime for row in rows.regimes),
            pnl=float_column([row.pnl for row in rows.regimes]),
            volatility=unknown,
            trend=unknown,
            confidence=float_column(confidence),
            time_ms=_times([row.time_ms for row in rows.regimes], timed=timed),
        ),
        portfolio=PortfolioWindow(
            regime=names.column(row.regime for row in rows.portfolio),
            pnl=float_column([row.pnl for row in rows.portfolio]),
            time_ms=_times([row.time_ms for row in rows.portfolio], timed=timed),
            opened_ms=_times([row.time_ms for row in rows.portfolio], timed=timed),
        ),
        trades=TradeWindow(
            regime=names.column(row.regime for row in rows.trades),
            pnl=float_column([row.pnl for row in rows.trades]),
            policy=index_column([Policy[row.policy] if row.policy else NO_POLICY for row in rows.trades]),
            strategy=strategies.column(row.strategy for row in rows.trades),
            time_ms=_times([row.time_ms for row in rows.trades], timed=timed),
            opened_ms=_times([row.begun_ms for row in rows.trades], timed=timed),
        ),
        regime_names=names.names,
        strategy_names=strategies.names,
        context=Context(leverage_caps=caps(max_leverage_hint)),
        sources=(
            SourceReport(META_REGIME, len(rows.regimes)),
            SourceReport(PORTFOLIO_MEMORY, len(rows.portfolio)),
            SourceReport(TRADE_RESULTS, len(rows.trades)),
        ),
        timed=timed,
    )


def _times(times_ms: list[int], *, timed: bool) -> IndexColumn:
    return index_column(times_ms if timed else range(len(times_ms)))
