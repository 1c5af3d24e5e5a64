"""The figures that an answer must hold, straight from the pure functions and plain rows, as values of the client."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from brute_force import RegimeRow, TradeRow

import strategic_memory_client as client
from strategic_memory_server.columns.columns import FloatColumn, IndexColumn, float_column, index_column
from strategic_memory_server.figures.correlation import Correlation, correlations
from strategic_memory_server.figures.drift import recent_drift
from strategic_memory_server.figures.dwell import dwell
from strategic_memory_server.figures.interval import Interval
from strategic_memory_server.figures.performance import performance
from strategic_memory_server.figures.stationary import stationary_distribution
from strategic_memory_server.figures.transitions import transitions
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.what_if.deep_analysis import BUCKET_MS


def expected_performance(
    rows: Sequence[TradeRow], regime: str, policy: str | None, *, decay: float, now_ms: int | None
) -> client.Performance | None:
    """Figures of the trades of a regime, or of a policy there; None without one. `now_ms=None`: no times."""
    of_regime = [row for row in rows if row.regime == regime]
    later = {id(row): float(sum(bool(each.policy) for each in of_regime[at:])) for at, row in enumerate(of_regime, 1)}
    group = [row for row in of_regime if policy is None or row.policy == policy]
    if not group:
        return None
    found = performance(
        _pnl(group),
        time_ms=None if now_ms is None else index_column([row.time_ms for row in group]),
        now_ms=now_ms,
        weights=np.power(decay, [later[id(row)] for row in group]),
    )
    fall, method = found.drawdown, found.mean_pnl.method
    return client.Performance(
        found.trades,
        found.effective_trades,
        found.newest_age_ms,
        found.win_rate.wins,
        found.win_rate.losses,
        found.win_rate.break_even,
        found.win_rate.rate,
        _interval(found.win_rate.interval),
        found.mean_pnl.mean,
        _interval(found.mean_pnl.interval),
        None if method is None else client.IntervalMethod[method.name],
        found.mean_pnl.block_trades,
        found.profit.gross_profit,
        found.profit.gross_loss,
        found.profit.profit_factor,
        found.profit.payoff_ratio,
        found.profit.expectancy,
        found.profit.expectancy_ratio,
        found.sharpe.ratio,
        found.sharpe.standard_error,
        found.sortino,
        None
        if fall is None
        else client.Drawdown(
            fall.depth, fall.fall_trades, fall.fall_ms, fall.length_trades, fall.length_ms, fall.recovered
        ),
        found.shape.skewness,
        found.shape.kurtosis,
        found.tail_risk.value_at_risk,
        found.tail_risk.conditional_value_at_risk,
        found.autocorrelation.lag_one,
        found.autocorrelation.significant,
        found.longest_losing_run,
    )


def expected_drift(rows: Sequence[TradeRow], regime: str, policy: str | None) -> client.Drift | None:
    """The newest 50 trades of a group against those before; None without a trade."""
    group = [row for row in rows if row.regime == regime and (policy is None or row.policy == policy)]
    if not group:
        return None
    found = recent_drift(_pnl(group), 50)
    return client.Drift(
        found.recent_trades,
        found.memory_trades,
        found.difference,
        found.standard_error,
        found.statistic,
        found.degrees,
    )


def expected_dynamics(rows: Sequence[RegimeRow], *, timed: bool) -> client.RegimeDynamics | None:
    """How regimes follow each other; None without an observation."""
    names = sorted({row.regime for row in rows})
    codes = index_column([names.index(row.regime) for row in rows])
    found = transitions(codes)
    assert found is not None
    if not names:
        return None
    shares = stationary_distribution(found)
    lasting = dwell(codes, found, index_column([row.time_ms for row in rows]) if timed else None)
    return client.RegimeDynamics(
        tuple(
            client.RegimeCourse(
                name,
                found.probabilities[place] or (),
                None if shares is None else shares[place],
                each.ended_runs,
                each.mean_observations,
                each.longest_observations,
                each.mean_ms,
                each.expected_observations,
                each.expected_ms,
            )
            for place, (name, each) in enumerate(zip(names, lasting, strict=True))
        ),
        0.5,
    )


def expected_correlations(rows: Sequence[TradeRow]) -> client.Correlations:
    """Whether regimes, and policies, earn at the same times."""
    names = sorted({row.regime for row in rows})
    times, pnl = index_column([row.time_ms for row in rows]), _pnl(rows)
    regimes = _compared(pnl, index_column([names.index(row.regime) for row in rows]), times, BUCKET_MS)
    policies = _compared(pnl, index_column([Policy[row.policy] if row.policy else -1 for row in rows]), times, 1)
    return client.Correlations(
        tuple(
            client.RegimeCorrelation(
                names[each.first], names[each.second], each.common, each.coefficient, _interval(each.interval)
            )
            for each in regimes
        ),
        tuple(
            client.PolicyCorrelation(
                client.Policy[Policy(each.first).name],
                client.Policy[Policy(each.second).name],
                each.common,
                each.coefficient,
                _interval(each.interval),
            )
            for each in policies
        ),
        BUCKET_MS,
    )


def _compared(pnl: FloatColumn, series: IndexColumn, times: IndexColumn, bucket_ms: int) -> tuple[Correlation, ...]:
    return correlations(pnl, series, times, bucket_ms=bucket_ms)


def _pnl(rows: Sequence[TradeRow]) -> FloatColumn:
    return float_column([row.pnl for row in rows])


def _interval(found: Interval | None) -> client.Interval | None:
    return None if found is None else client.Interval(found.low, found.high)
