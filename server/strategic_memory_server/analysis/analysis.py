"""Analysis: what PatternAnalyzer has worked out from one memory, as values."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.columns.exact_sum import rounded
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.memory.pnl_tallies import PnlTotal
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import NEVER_PREFERRED


@dataclass(frozen=True, slots=True)
class TradeFigures:
    """Realised results of a group of trades.

    Attributes:
        trades: number of trades.
        avg_pnl: mean realised pnl, in the unit of the inputs.
        wins: trades with a positive pnl.
        losses: trades with a negative pnl.
    """

    trades: int
    avg_pnl: float
    wins: int
    losses: int

    @property
    def win_rate(self) -> float | None:
        """Wins / (wins + losses), 0 to 1; None when nothing was won or lost."""
        return win_rate(self.wins, self.losses)


@dataclass(frozen=True, slots=True)
class RegimeFigures:
    """Figures of one regime over the windows.

    Attributes:
        regime: its name, upper case.
        sample_count: entries of the three windows that carry it.
        total_pnl: sum of their pnl, in the unit of the inputs, correctly rounded.
        wins: regime observations and trades with a positive pnl.
        losses: regime observations and trades with a negative pnl.
        confidence: mean confidence of the observations, an absent one counting as 0; None without an observation.
        best_policy: policy with the highest mean realised pnl among those with enough trades; None when there is none.
        policies: figures by policy, in the order of risk, for the policies that traded.
    """

    regime: str
    sample_count: int
    total_pnl: float
    wins: int
    losses: int
    confidence: float | None
    best_policy: Policy | None
    policies: tuple[tuple[Policy, TradeFigures], ...] = ()

    @property
    def avg_pnl(self) -> float:
        """`total_pnl` / `sample_count`, in the unit of the inputs."""
        return self.total_pnl / self.sample_count

    @property
    def win_rate(self) -> float | None:
        """Wins / (wins + losses), 0 to 1; None when nothing was won or lost."""
        return win_rate(self.wins, self.losses)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What advice is made of, worked out from one memory.

    Attributes:
        regimes: figures by regime, best first: highest mean pnl, then more samples, then name.
        current_regime: regime of the newest observation; "UNKNOWN" without one.
        sample_count: entries of the three windows.
        data_as_of_ms: time of the newest entry, milliseconds since 1970-01-01 UTC; None when there is none or
            times are not known.
        leverage_caps: limits on leverage in force, whatever is advised.
    """

    regimes: tuple[RegimeFigures, ...]
    current_regime: str
    sample_count: int
    data_as_of_ms: int | None
    leverage_caps: LeverageCaps = NO_CAPS

    @property
    def known_regimes(self) -> tuple[RegimeFigures, ...]:
        """The regimes that can be preferred, best first: all but UNKNOWN and OTHER."""
        return tuple(figures for figures in self.regimes if figures.regime not in NEVER_PREFERRED)


def win_rate(wins: int, losses: int) -> float | None:
    """Wins / (wins + losses), 0 to 1; None when nothing was won or lost."""
    decided = wins + losses
    return wins / decided if decided else None


def mean_of(total: PnlTotal) -> float:
    """Mean of a group: its sum, rounded, over its count."""
    return rounded(total.units) / total.entries


def trade_figures(total: PnlTotal) -> TradeFigures:
    """The figures of a group of trades."""
    return TradeFigures(trades=total.entries, avg_pnl=mean_of(total), wins=total.wins, losses=total.losses)
