"""What a memory says by contract 2, worked out again from plain rows: no columns, no numpy, exact fractions.

Shares no code with the service on purpose. Slow on purpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cmp_to_key


@dataclass(frozen=True, slots=True)
class RegimeRow:
    """A regime observation; `pnl` math.nan or `confidence` None: not given."""

    time_ms: int
    regime: str
    pnl: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """A portfolio entry."""

    time_ms: int
    regime: str
    pnl: float


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A trade result; an empty policy or strategy was not given, nor an opening of None."""

    time_ms: int
    regime: str
    pnl: float
    policy: str = ""
    strategy: str = ""
    opened_ms: int | None = None

    @property
    def begun_ms(self) -> int:
        """When it was opened, as far as that is known; else when it was closed."""
        return self.time_ms if self.opened_ms is None else self.opened_ms


@dataclass(slots=True)
class Rows:
    """The three windows, oldest first."""

    regimes: list[RegimeRow] = field(default_factory=list)
    portfolio: list[PortfolioRow] = field(default_factory=list)
    trades: list[TradeRow] = field(default_factory=list)

    def all(self) -> list[RegimeRow | PortfolioRow | TradeRow]:
        """Every row, window by window."""
        return [*self.regimes, *self.portfolio, *self.trades]

    def earned(self) -> list[tuple[str, float]]:
        """Regime and pnl of every row that has one."""
        return [(row.regime, row.pnl) for row in self.all() if not math.isnan(row.pnl)]


@dataclass(slots=True)
class ExpectedTrades:
    """Expected figures of a group of trades."""

    trades: int
    avg_pnl: float
    win_rate: float | None


@dataclass(slots=True)
class ExpectedRegime:
    """Expected figures of one regime."""

    regime: str
    sample_count: int
    total_pnl: float
    avg_pnl: float
    wins: int
    losses: int
    win_rate: float | None
    confidence: float | None
    best_policy: str | None
    policies: dict[str, ExpectedTrades]
    strategies: dict[str, ExpectedTrades]
    episodes: int
    dwell_observations: float | None
    dwell_seconds: float | None


def expected_regimes(rows: Rows, minimum_policy_trades: int = 3) -> list[ExpectedRegime]:
    """Figures of every regime, best first."""
    names = {regime for regime, _ in rows.earned()}
    return sorted((_regime(rows, name, minimum_policy_trades) for name in names), key=cmp_to_key(_better_first))


def expected_transitions(rows: Rows) -> dict[tuple[str, str], int]:
    """How often each regime followed each."""
    counts: dict[tuple[str, str], int] = {}
    for index in range(1, len(rows.regimes)):
        pair = (rows.regimes[index - 1].regime, rows.regimes[index].regime)
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def mean(values: list[float]) -> float:
    """The sum as an exact fraction, rounded once, over the count."""
    return total(values) / len(values)


def total(values: list[float]) -> float:
    """The exact sum, rounded once."""
    return float(sum((Fraction(value) for value in values), Fraction(0)))


def _better_first(one: ExpectedRegime, other: ExpectedRegime) -> int:
    if one.avg_pnl != other.avg_pnl:
        return -1 if one.avg_pnl > other.avg_pnl else 1
    if one.sample_count != other.sample_count:
        return -1 if one.sample_count > other.sample_count else 1
    return -1 if one.regime < other.regime else 1


def _regime(rows: Rows, name: str, minimum_policy_trades: int) -> ExpectedRegime:
    observed = [row for row in rows.regimes if row.regime == name and not math.isnan(row.pnl)]
    traded = [row for row in rows.trades if row.regime == name]
    pnl = [earned for regime, earned in rows.earned() if regime == name]
    decided = [row.pnl for row in observed] + [row.pnl for row in traded]
    wins = len([value for value in decided if value > 0])
    losses = len([value for value in decided if value < 0])
    policies = {
        policy: _trades([row.pnl for row in traded if row.policy == policy])
        for policy in ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")
        if any(row.policy == policy for row in traded)
    }
    runs, lengths, ended = _runs(rows.regimes, name)
    return ExpectedRegime(
        regime=name,
        sample_count=len(pnl),
        total_pnl=total(pnl),
        avg_pnl=mean(pnl),
        wins=wins,
        losses=losses,
        win_rate=_rate(wins, losses),
        confidence=mean([row.confidence or 0.0 for row in observed]) if observed else None,
        best_policy=_best_policy(policies, minimum_policy_trades),
        policies=policies,
        strategies={
            strategy: _trades([row.pnl for row in traded if row.strategy == strategy])
            for strategy in sorted({row.strategy for row in traded if row.strategy})
        },
        episodes=runs,
        dwell_observations=sum(lengths) / len(lengths) if lengths else None,
        dwell_seconds=sum(ended) / len(ended) / 1000 if ended else None,
    )


def _best_policy(policies: dict[str, ExpectedTrades], minimum: int) -> str | None:
    """Of two that paid the same the one that risks less; `policies` is in the order of risk."""
    best: str | None = None
    for policy, figures in policies.items():
        if figures.trades >= minimum and (best is None or figures.avg_pnl > policies[best].avg_pnl):
            best = policy
    return best


def _trades(pnl: list[float]) -> ExpectedTrades:
    wins = len([value for value in pnl if value > 0])
    losses = len([value for value in pnl if value < 0])
    return ExpectedTrades(len(pnl), mean(pnl), _rate(wins, losses))


def _rate(wins: int, losses: int) -> float | None:
    return wins / (wins + losses) if wins + losses else None


def _runs(observations: list[RegimeRow], name: str) -> tuple[int, list[int], list[int]]:
    """How many runs of a regime there are, and lengths in observations and times in ms of those that have ended."""
    runs = 0
    lengths: list[int] = []
    lasted: list[int] = []
    index = 0
    while index < len(observations):
        start = index
        while index < len(observations) and observations[index].regime == observations[start].regime:
            index += 1
        if observations[start].regime == name:
            runs += 1
            if index < len(observations):
                lengths.append(index - start)
                lasted.append(observations[index].time_ms - observations[start].time_ms)
    return runs, lengths, lasted
