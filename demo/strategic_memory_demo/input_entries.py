"""The entries that producers write about a step of the market, in the formats of the service's inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle

from strategic_memory_demo.market_model import (
    MarketStep,
    Observation,
    PortfolioReport,
    Position,
    Trade,
)
from strategic_memory_server.entries.input_keys import META_REGIME, PORTFOLIO_MEMORY, TRADE_RESULTS

_FIRST_MALFORMED_STEP = 5
_MALFORMED_EVERY_STEPS = 25


@dataclass(frozen=True, slots=True)
class InputEntry:
    """One stream entry: the source (a stream key without the prefix) and the fields as they are written."""

    source: str
    fields: dict[str, str | bytes]
    malformed: bool = False


def entries_of(step: MarketStep, written_at: datetime) -> list[InputEntry]:
    """Return the entries that report a step; `written_at` (aware) becomes their timestamp."""
    timestamp = written_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    entries = [InputEntry(META_REGIME, {**_observation(step.observation), "timestamp": timestamp})]
    if step.portfolio is not None:
        fields = _portfolio(step.portfolio, step.observation)
        entries.append(InputEntry(PORTFOLIO_MEMORY, {**fields, "timestamp": timestamp}))
    if step.trade is not None:
        entries.append(InputEntry(TRADE_RESULTS, {**_trade(step.trade), "timestamp": timestamp}))
    return entries


def malformed_entries() -> Iterator[InputEntry | None]:
    """Yield for each step a broken entry as they occur in the wild, or None, which is usual."""
    kinds = cycle(
        [
            InputEntry(TRADE_RESULTS, {"market_regime": "BULL", "realized_pnl": "nan"}, malformed=True),
            InputEntry(META_REGIME, {"pnl": "0.1", "confidence": "0.5"}, malformed=True),
            InputEntry(PORTFOLIO_MEMORY, {"regime": "RANGE", "pnl": "a lot"}, malformed=True),
            InputEntry(TRADE_RESULTS, {"market_regime": b"\xff\xfe", "realized_pnl": "0.1"}, malformed=True),
            InputEntry(META_REGIME, {"regime": "BULL", "pnl": "1e400"}, malformed=True),
            InputEntry(PORTFOLIO_MEMORY, {"regime": "BEAR"}, malformed=True),
        ]
    )
    step = 0
    while True:
        step += 1
        due = step % _MALFORMED_EVERY_STEPS == _FIRST_MALFORMED_STEP
        yield next(kinds) if due else None


def _observation(observation: Observation) -> dict[str, str | bytes]:
    return {
        "regime": observation.regime,
        "pnl": f"{observation.pnl_pct:.6f}",
        "volatility": f"{observation.volatility:.5f}",
        "trend": f"{observation.trend:.5f}",
        "confidence": f"{observation.confidence:.4f}",
    }


def _portfolio(report: PortfolioReport, observation: Observation) -> dict[str, str | bytes]:
    fields: dict[str, str | bytes] = {"pnl": f"{report.pnl_pct:.6f}"}
    if report.regime is not None:
        return {**fields, "regime": report.regime, "total_pnl": f"{report.total_pnl:.2f}"}
    if report.position is not None:
        return {**fields, **_position(report.position, observation)}
    return fields


def _position(position: Position, observation: Observation) -> dict[str, str | bytes]:
    return {
        "symbol": position.symbol,
        "side": position.side,
        "leverage": f"{position.leverage:.1f}",
        "confidence": f"{observation.confidence:.4f}",
        "volatility": f"{observation.volatility:.5f}",
        "position_size": f"{position.size:.2f}",
        "exit_reason": position.exit_reason,
    }


def _trade(trade: Trade) -> dict[str, str | bytes]:
    return {
        "market_regime": trade.regime,
        "realized_pnl": f"{trade.realized_pnl_pct:.6f}",
        "policy": trade.policy,
        "symbol": trade.symbol,
        "strategy": trade.strategy,
        "trade_id": f"demo-{trade.number:06d}",
    }
