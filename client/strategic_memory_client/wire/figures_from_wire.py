"""Figures of the wire as values of this library; part of `from_wire`."""

from __future__ import annotations

from collections.abc import Mapping

from strategic_memory.v1 import figures_pb2
from strategic_memory_client.values.figures import (
    Correlations,
    Drawdown,
    Drift,
    Interval,
    IntervalMethod,
    Performance,
    PolicyCorrelation,
    RegimeCorrelation,
    RegimeCourse,
    RegimeDynamics,
)
from strategic_memory_client.wire.policies import POLICIES

METHODS: Mapping[int, IntervalMethod] = {
    figures_pb2.INTERVAL_METHOD_STUDENT_T: IntervalMethod.STUDENT_T,
    figures_pb2.INTERVAL_METHOD_BLOCK_BOOTSTRAP: IntervalMethod.BLOCK_BOOTSTRAP,
}


def performance_from_wire(wire: figures_pb2.Performance) -> Performance:
    """Return the figures of a group of trades."""
    return Performance(
        trades=wire.trades,
        effective_trades=wire.effective_trades if wire.HasField("effective_trades") else None,
        newest_age_ms=wire.newest_age_ms if wire.HasField("newest_age_ms") else None,
        wins=wire.wins,
        losses=wire.losses,
        break_even=wire.break_even,
        win_rate=wire.win_rate if wire.HasField("win_rate") else None,
        win_rate_interval=interval_from_wire(wire.win_rate_interval) if wire.HasField("win_rate_interval") else None,
        mean_pnl=wire.mean_pnl if wire.HasField("mean_pnl") else None,
        mean_pnl_interval=interval_from_wire(wire.mean_pnl_interval) if wire.HasField("mean_pnl_interval") else None,
        mean_pnl_method=METHODS.get(wire.mean_pnl_method),
        mean_pnl_block_trades=wire.mean_pnl_block_trades if wire.HasField("mean_pnl_block_trades") else None,
        gross_profit=wire.gross_profit if wire.HasField("gross_profit") else None,
        gross_loss=wire.gross_loss if wire.HasField("gross_loss") else None,
        profit_factor=wire.profit_factor if wire.HasField("profit_factor") else None,
        payoff_ratio=wire.payoff_ratio if wire.HasField("payoff_ratio") else None,
        expectancy=wire.expectancy if wire.HasField("expectancy") else None,
        expectancy_ratio=wire.expectancy_ratio if wire.HasField("expectancy_ratio") else None,
        sharpe_ratio=wire.sharpe_ratio if wire.HasField("sharpe_ratio") else None,
        sharpe_standard_error=wire.sharpe_standard_error if wire.HasField("sharpe_standard_error") else None,
        sortino_ratio=wire.sortino_ratio if wire.HasField("sortino_ratio") else None,
        drawdown=_drawdown(wire.drawdown) if wire.HasField("drawdown") else None,
        skewness=wire.skewness if wire.HasField("skewness") else None,
        kurtosis=wire.kurtosis if wire.HasField("kurtosis") else None,
        value_at_risk=wire.value_at_risk if wire.HasField("value_at_risk") else None,
        conditional_value_at_risk=(
            wire.conditional_value_at_risk if wire.HasField("conditional_value_at_risk") else None
        ),
        autocorrelation=wire.autocorrelation if wire.HasField("autocorrelation") else None,
        autocorrelation_significant=wire.autocorrelation_significant,
        longest_losing_run=wire.longest_losing_run if wire.HasField("longest_losing_run") else None,
    )


def drift_from_wire(wire: figures_pb2.Drift) -> Drift:
    """Return the newest trades against those before."""
    return Drift(
        recent_trades=wire.recent_trades,
        memory_trades=wire.memory_trades,
        difference=wire.difference if wire.HasField("difference") else None,
        standard_error=wire.standard_error if wire.HasField("standard_error") else None,
        statistic=wire.statistic if wire.HasField("statistic") else None,
        degrees=wire.degrees if wire.HasField("degrees") else None,
    )


def dynamics_from_wire(wire: figures_pb2.RegimeDynamics) -> RegimeDynamics:
    """Return how regimes follow each other."""
    return RegimeDynamics(tuple(_course(regime) for regime in wire.regimes), wire.prior_transitions)


def correlations_from_wire(wire: figures_pb2.Correlations) -> Correlations:
    """Return whether regimes, and policies, earn at the same times."""
    return Correlations(
        regimes=tuple(
            RegimeCorrelation(
                first_regime=each.first_regime,
                second_regime=each.second_regime,
                common_buckets=each.common_buckets,
                coefficient=each.coefficient if each.HasField("coefficient") else None,
                interval=interval_from_wire(each.interval) if each.HasField("interval") else None,
            )
            for each in wire.regimes
        ),
        policies=tuple(
            PolicyCorrelation(
                first_policy=POLICIES.get(each.first_policy),
                second_policy=POLICIES.get(each.second_policy),
                common_times=each.common_times,
                coefficient=each.coefficient if each.HasField("coefficient") else None,
                interval=interval_from_wire(each.interval) if each.HasField("interval") else None,
            )
            for each in wire.policies
        ),
        regime_bucket_ms=wire.regime_bucket_ms,
    )


def _course(wire: figures_pb2.RegimeCourse) -> RegimeCourse:
    return RegimeCourse(
        regime=wire.regime,
        next_probabilities=tuple(wire.next_probabilities),
        stationary_share=wire.stationary_share if wire.HasField("stationary_share") else None,
        ended_runs=wire.ended_runs,
        mean_dwell_observations=wire.mean_dwell_observations if wire.HasField("mean_dwell_observations") else None,
        longest_dwell_observations=(
            wire.longest_dwell_observations if wire.HasField("longest_dwell_observations") else None
        ),
        mean_dwell_ms=wire.mean_dwell_ms if wire.HasField("mean_dwell_ms") else None,
        expected_dwell_observations=(
            wire.expected_dwell_observations if wire.HasField("expected_dwell_observations") else None
        ),
        expected_dwell_ms=wire.expected_dwell_ms if wire.HasField("expected_dwell_ms") else None,
    )


def _drawdown(wire: figures_pb2.Drawdown) -> Drawdown:
    return Drawdown(
        depth=wire.depth,
        fall_trades=wire.fall_trades,
        fall_ms=wire.fall_ms if wire.HasField("fall_ms") else None,
        length_trades=wire.length_trades,
        length_ms=wire.length_ms if wire.HasField("length_ms") else None,
        recovered=wire.recovered,
    )


def interval_from_wire(wire: figures_pb2.Interval) -> Interval:
    """Return the interval."""
    return Interval(wire.low, wire.high)
