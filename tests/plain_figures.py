"""Figures of a regime as the plain values of the brute force."""

from __future__ import annotations

from strategic_memory_server.analysis.analysis import RegimeFigures, TradeFigures
from strategic_memory_server.what_if.regime_details import RegimeDetails, RegimeRuns

NO_RUNS = RegimeRuns(0, None, None)


def plain_trades(figures: TradeFigures) -> dict[str, object]:
    return {"trades": figures.trades, "avg_pnl": figures.avg_pnl, "win_rate": figures.win_rate}


def plain(figures: RegimeFigures, details: RegimeDetails) -> dict[str, object]:
    """The figures under the names of `ExpectedRegime`."""
    runs = details.runs.get(figures.regime, NO_RUNS)
    strategies = details.strategies.get(figures.regime, ())
    return {
        "regime": figures.regime,
        "sample_count": figures.sample_count,
        "total_pnl": figures.total_pnl,
        "avg_pnl": figures.avg_pnl,
        "wins": figures.wins,
        "losses": figures.losses,
        "win_rate": figures.win_rate,
        "confidence": figures.confidence,
        "best_policy": figures.best_policy.name if figures.best_policy is not None else None,
        "policies": {policy.name: plain_trades(trades) for policy, trades in figures.policies},
        "strategies": {name: plain_trades(trades) for name, trades in strategies},
        "episodes": runs.episodes,
        "dwell_observations": runs.mean_observations,
        "dwell_seconds": runs.mean_seconds,
    }
