"""Memories from seeded randomness, as plain rows and as the values that the service makes of them."""

from __future__ import annotations

import math
from random import Random

from brute_force import PortfolioRow, RegimeRow, Rows, TradeRow

from strategic_memory_server.inputs.entries import PortfolioEntry, RegimeObservation, TradeResult
from strategic_memory_server.inputs.memory_columns import Readings, build_memory
from strategic_memory_server.inputs.timeline import Timeline
from strategic_memory_server.memory import Context, StrategicMemory
from strategic_memory_server.policy import NO_POLICY, Policy
from strategic_memory_server.stream_position import position_of_time

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
    observed = Timeline(
        [
            RegimeObservation(
                row.regime, row.pnl, math.nan, math.nan, math.nan if row.confidence is None else row.confidence
            )
            for row in rows.regimes
        ],
        _positions([row.time_ms for row in rows.regimes], timed=timed),
    )
    readings = Readings(
        regimes=observed,
        portfolio=Timeline(
            [PortfolioEntry(row.regime, row.pnl) for row in rows.portfolio],
            _positions([row.time_ms for row in rows.portfolio], timed=timed),
        ),
        trades=Timeline(
            [
                TradeResult(row.regime, row.pnl, Policy[row.policy] if row.policy else NO_POLICY, row.strategy)
                for row in rows.trades
            ],
            _positions([row.time_ms for row in rows.trades], timed=timed),
        ),
        observed=observed,
    )
    return build_memory(readings, Context(max_leverage_hint=max_leverage_hint), timed=timed)


def _positions(times_ms: list[int], *, timed: bool) -> list[int]:
    return [position_of_time(time_ms) for time_ms in times_ms] if timed else list(range(len(times_ms)))
