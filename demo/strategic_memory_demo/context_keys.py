"""What governance, exposure, risk and exit modules write beside the streams, following the market."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from strategic_memory_demo.market_model import START_EQUITY, MarketStep, Position, Trade
from strategic_memory_demo.market_parameters import SYMBOLS
from strategic_memory_server.entries.input_keys import (
    EXIT_STATISTICS,
    EXPOSURE_SUMMARY,
    GOVERNANCE_POLICY,
    GOVERNANCE_PREFERRED_REGIME,
    GOVERNANCE_REGIME_STATS,
    LEVERAGE_LIMITS,
)

_DRAWDOWN_CONSERVATIVE = 0.03
_DRAWDOWN_BALANCED = 0.01
_LEVERAGE_LIMIT = {"CONSERVATIVE": 1.2, "BALANCED": 1.6, "AGGRESSIVE": 2.0}


@dataclass(slots=True)
class _RegimeTally:
    count: int = 0
    total_pnl: float = 0.0
    wins: int = 0
    losses: int = 0
    total_volatility: float = 0.0
    total_confidence: float = 0.0

    def statistics(self) -> dict[str, float]:
        decided = self.wins + self.losses
        return {
            "count": self.count,
            "total_pnl": round(self.total_pnl, 6),
            "avg_pnl": round(self.total_pnl / self.count, 6),
            "wins": self.wins,
            "losses": self.losses,
            "win_rate": round(self.wins / decided, 4) if decided else 0.0,
            "avg_volatility": round(self.total_volatility / self.count, 5),
            "avg_confidence": round(self.total_confidence / self.count, 4),
        }


class ContextKeys:
    """Follows the market and gives the values of the context keys."""

    def __init__(self) -> None:
        self._regimes: dict[str, _RegimeTally] = {}
        self._equity = START_EQUITY
        self._peak = START_EQUITY
        self._exposure = dict.fromkeys(SYMBOLS, 0.0)
        self._exits: Counter[str] = Counter()
        self._trades = 0
        self._trade_wins = 0

    def follow(self, step: MarketStep) -> None:
        """Take in one step."""
        seen = step.observation
        tally = self._regimes.setdefault(seen.regime, _RegimeTally())
        tally.count += 1
        tally.total_pnl += seen.pnl_pct
        tally.wins += seen.pnl_pct > 0
        tally.losses += seen.pnl_pct < 0
        tally.total_volatility += seen.volatility
        tally.total_confidence += seen.confidence
        if step.portfolio is not None:
            self._equity = START_EQUITY + step.portfolio.total_pnl
            self._peak = max(self._peak, self._equity)
            self._follow_position(step.portfolio.position)
        self._follow_trade(step.trade)

    def values(self) -> dict[str, str]:
        """Return source (a key without the prefix) to value, after at least one step."""
        policy = self._policy()
        best = max(self._regimes, key=lambda name: self._regimes[name].total_pnl / self._regimes[name].count)
        return {
            GOVERNANCE_POLICY: policy,
            GOVERNANCE_PREFERRED_REGIME: best,
            GOVERNANCE_REGIME_STATS: json.dumps(
                {name: tally.statistics() for name, tally in sorted(self._regimes.items())}
            ),
            EXPOSURE_SUMMARY: json.dumps(self._exposure_summary()),
            LEVERAGE_LIMITS: json.dumps(
                {"max_leverage_hint": _LEVERAGE_LIMIT[policy], "drawdown": round(self._drawdown(), 5)}
            ),
            EXIT_STATISTICS: json.dumps(self._exit_statistics()),
        }

    def _follow_position(self, position: Position | None) -> None:
        if position is not None:
            sign = -1.0 if position.side == "SHORT" else 1.0
            self._exposure[position.symbol] = sign * position.size * position.leverage
            self._exits[position.exit_reason] += 1

    def _follow_trade(self, trade: Trade | None) -> None:
        if trade is not None:
            self._trades += 1
            self._trade_wins += trade.realized_pnl_pct > 0

    def _drawdown(self) -> float:
        return 1.0 - self._equity / self._peak

    def _policy(self) -> str:
        if self._drawdown() > _DRAWDOWN_CONSERVATIVE:
            return "CONSERVATIVE"
        return "BALANCED" if self._drawdown() > _DRAWDOWN_BALANCED else "AGGRESSIVE"

    def _exposure_summary(self) -> dict[str, object]:
        gross = sum(abs(size) for size in self._exposure.values())
        return {
            "equity": round(self._equity, 2),
            "gross_exposure": round(gross, 2),
            "gross_leverage": round(gross / self._equity, 4),
            "by_symbol": {symbol: round(size, 2) for symbol, size in self._exposure.items()},
        }

    def _exit_statistics(self) -> dict[str, object]:
        return {
            "exits": dict(sorted(self._exits.items())),
            "trades": self._trades,
            "win_rate": round(self._trade_wins / self._trades, 4) if self._trades else 0.0,
        }
