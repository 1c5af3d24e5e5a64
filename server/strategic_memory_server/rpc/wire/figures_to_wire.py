"""The figures beside the advice as messages of the wire; part of `to_wire`."""

from __future__ import annotations

from strategic_memory.v1 import analysis_pb2, figures_pb2
from strategic_memory_server.figures.drawdown import Drawdown
from strategic_memory_server.figures.drift import Drift
from strategic_memory_server.figures.dwell import Dwell
from strategic_memory_server.figures.interval import Interval
from strategic_memory_server.figures.mean_pnl import IntervalMethod
from strategic_memory_server.figures.performance import Performance
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.rpc.wire.evidence_to_wire import evidence_message
from strategic_memory_server.rpc.wire.wire_names import POLICIES
from strategic_memory_server.what_if.deep_analysis import BUCKET_MS, Correlations, DeepAnalysis, RegimeDynamics
from strategic_memory_server.what_if.regime_details import RegimeDetails

METHODS = {
    None: figures_pb2.INTERVAL_METHOD_UNSPECIFIED,
    IntervalMethod.STUDENT_T: figures_pb2.INTERVAL_METHOD_STUDENT_T,
    IntervalMethod.BLOCK_BOOTSTRAP: figures_pb2.INTERVAL_METHOD_BLOCK_BOOTSTRAP,
}


def add_figures(message: analysis_pb2.Analysis, deep: DeepAnalysis) -> None:
    """Add the figures to the message of an analysis of the same memory; what there is not stays absent."""
    for regime in message.regimes:
        _add_group(regime, deep, regime.regime, None)
        for policy in regime.policies:
            _add_group(policy, deep, regime.regime, _POLICIES[policy.policy])
        evidence = evidence_message(deep.evidence.get(regime.regime))
        if evidence is not None:
            regime.evidence.CopyFrom(evidence)
        _add_details(regime, deep.details)
    message.transitions.extend(
        analysis_pb2.RegimeTransition(from_regime=each.from_regime, to_regime=each.to_regime, count=each.count)
        for each in deep.details.transitions
    )
    if deep.dynamics is not None:
        message.regime_dynamics.CopyFrom(dynamics_message(deep.dynamics))
    if deep.correlations is not None:
        message.correlations.CopyFrom(correlations_message(deep.correlations))


_POLICIES = {on_wire: policy for policy, on_wire in POLICIES.items() if policy is not None}


def _add_group(
    message: analysis_pb2.RegimeAnalysis | analysis_pb2.PolicyAnalysis,
    deep: DeepAnalysis,
    regime: str,
    policy: Policy | None,
) -> None:
    group = deep.groups.get((regime, policy))
    if group is not None:
        message.performance.CopyFrom(performance_message(group.performance))
        message.drift.CopyFrom(drift_message(group.drift))


def _add_details(message: analysis_pb2.RegimeAnalysis, details: RegimeDetails) -> None:
    message.strategies.extend(
        analysis_pb2.StrategyAnalysis(
            strategy=name, trades=figures.trades, avg_pnl=figures.avg_pnl, win_rate=figures.win_rate
        )
        for name, figures in details.strategies.get(message.regime, ())
    )
    runs = details.runs.get(message.regime)
    if runs is None:
        return
    message.episodes = runs.episodes
    if runs.mean_observations is not None:
        message.mean_dwell_observations = runs.mean_observations
    if runs.mean_seconds is not None:
        message.mean_dwell_seconds = runs.mean_seconds


def performance_message(found: Performance) -> figures_pb2.Performance:
    """Give the figures of a group of trades."""
    return figures_pb2.Performance(
        trades=found.trades,
        effective_trades=found.effective_trades,
        newest_age_ms=found.newest_age_ms,
        wins=found.win_rate.wins,
        losses=found.win_rate.losses,
        break_even=found.win_rate.break_even,
        win_rate=found.win_rate.rate,
        win_rate_interval=interval_message(found.win_rate.interval),
        mean_pnl=found.mean_pnl.mean,
        mean_pnl_interval=interval_message(found.mean_pnl.interval),
        mean_pnl_method=METHODS[found.mean_pnl.method],
        mean_pnl_block_trades=found.mean_pnl.block_trades,
        gross_profit=found.profit.gross_profit,
        gross_loss=found.profit.gross_loss,
        profit_factor=found.profit.profit_factor,
        payoff_ratio=found.profit.payoff_ratio,
        expectancy=found.profit.expectancy,
        expectancy_ratio=found.profit.expectancy_ratio,
        sharpe_ratio=found.sharpe.ratio,
        sharpe_standard_error=found.sharpe.standard_error,
        sortino_ratio=found.sortino,
        drawdown=_drawdown(found.drawdown),
        skewness=found.shape.skewness,
        kurtosis=found.shape.kurtosis,
        value_at_risk=found.tail_risk.value_at_risk,
        conditional_value_at_risk=found.tail_risk.conditional_value_at_risk,
        autocorrelation=found.autocorrelation.lag_one,
        autocorrelation_significant=found.autocorrelation.significant,
        longest_losing_run=found.longest_losing_run,
    )


def drift_message(found: Drift) -> figures_pb2.Drift:
    """Give the newest trades against those before."""
    return figures_pb2.Drift(
        recent_trades=found.recent_trades,
        memory_trades=found.memory_trades,
        difference=found.difference,
        standard_error=found.standard_error,
        statistic=found.statistic,
        degrees=found.degrees,
    )


def dynamics_message(dynamics: RegimeDynamics) -> figures_pb2.RegimeDynamics:
    """Give how regimes follow each other and how long they last."""
    return figures_pb2.RegimeDynamics(
        prior_transitions=dynamics.found.prior,
        regimes=[
            _course(
                regime,
                dynamics.found.probabilities[place],
                None if dynamics.stationary is None else dynamics.stationary[place],
                dynamics.dwells[place],
            )
            for place, regime in enumerate(dynamics.regimes)
        ],
    )


def correlations_message(found: Correlations) -> figures_pb2.Correlations:
    """Give whether regimes, and policies, earn at the same times."""
    return figures_pb2.Correlations(
        regime_bucket_ms=BUCKET_MS,
        regimes=[
            figures_pb2.RegimeCorrelation(
                first_regime=found.names[each.first],
                second_regime=found.names[each.second],
                common_buckets=each.common,
                coefficient=each.coefficient,
                interval=interval_message(each.interval),
            )
            for each in found.regimes
        ],
        policies=[
            figures_pb2.PolicyCorrelation(
                first_policy=POLICIES[Policy(each.first)],
                second_policy=POLICIES[Policy(each.second)],
                common_times=each.common,
                coefficient=each.coefficient,
                interval=interval_message(each.interval),
            )
            for each in found.policies
        ],
    )


def _course(
    regime: str, probabilities: tuple[float, ...] | None, share: float | None, found: Dwell
) -> figures_pb2.RegimeCourse:
    return figures_pb2.RegimeCourse(
        regime=regime,
        next_probabilities=probabilities or (),
        stationary_share=share,
        ended_runs=found.ended_runs,
        mean_dwell_observations=found.mean_observations,
        longest_dwell_observations=found.longest_observations,
        mean_dwell_ms=found.mean_ms,
        expected_dwell_observations=found.expected_observations,
        expected_dwell_ms=found.expected_ms,
    )


def _drawdown(found: Drawdown | None) -> figures_pb2.Drawdown | None:
    if found is None:
        return None
    return figures_pb2.Drawdown(
        depth=found.depth,
        fall_trades=found.fall_trades,
        fall_ms=found.fall_ms,
        length_trades=found.length_trades,
        length_ms=found.length_ms,
        recovered=found.recovered,
    )


def interval_message(found: Interval | None) -> figures_pb2.Interval | None:
    """Give an interval; None stays absent."""
    return None if found is None else figures_pb2.Interval(low=found.low, high=found.high)
