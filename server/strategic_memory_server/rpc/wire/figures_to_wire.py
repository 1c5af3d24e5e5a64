"""The figures beside the advice as messages of the wire; part of `to_wire`."""

from __future__ import annotations

from strategic_memory.v1 import analysis_pb2, figures_pb2
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.rpc.wire.message_writer import Writer
from strategic_memory_server.rpc.wire.to_wire import evidence_message
from strategic_memory_server.rpc.wire.wire_names import POLICIES
from strategic_memory_server.what_if.deep_analysis import BUCKET_MS, Correlations, DeepAnalysis, RegimeDynamics
from strategic_memory_server.what_if.regime_details import RegimeDetails

_PERFORMANCE = Writer(
    figures_pb2.Performance,
    {
        "wins": "win_rate.wins",
        "losses": "win_rate.losses",
        "break_even": "win_rate.break_even",
        "win_rate": "win_rate.rate",
        "win_rate_interval": "win_rate.interval",
        "mean_pnl": "mean_pnl.mean",
        "mean_pnl_interval": "mean_pnl.interval",
        "mean_pnl_method": "mean_pnl.method",
        "mean_pnl_block_trades": "mean_pnl.block_trades",
        "gross_profit": "profit.gross_profit",
        "gross_loss": "profit.gross_loss",
        "profit_factor": "profit.profit_factor",
        "payoff_ratio": "profit.payoff_ratio",
        "expectancy": "profit.expectancy",
        "expectancy_ratio": "profit.expectancy_ratio",
        "sharpe_ratio": "sharpe.ratio",
        "sharpe_standard_error": "sharpe.standard_error",
        "sortino_ratio": "sortino",
        "skewness": "shape.skewness",
        "kurtosis": "shape.kurtosis",
        "value_at_risk": "tail_risk.value_at_risk",
        "conditional_value_at_risk": "tail_risk.conditional_value_at_risk",
        "autocorrelation": "autocorrelation.lag_one",
        "autocorrelation_significant": "autocorrelation.significant",
    },
)
_DRIFT = Writer(figures_pb2.Drift)
_COURSE = Writer(
    figures_pb2.RegimeCourse,
    {
        "mean_dwell_observations": "mean_observations",
        "longest_dwell_observations": "longest_observations",
        "mean_dwell_ms": "mean_ms",
        "expected_dwell_observations": "expected_observations",
        "expected_dwell_ms": "expected_ms",
    },
    given=("regime", "next_probabilities", "stationary_share"),
)
_OF_TWO_REGIMES = Writer(
    figures_pb2.RegimeCorrelation, {"common_buckets": "common"}, given=("first_regime", "second_regime")
)
_OF_TWO_POLICIES = Writer(
    figures_pb2.PolicyCorrelation, {"common_times": "common"}, given=("first_policy", "second_policy")
)
_STRATEGY = Writer(analysis_pb2.StrategyAnalysis, given=("strategy",))
_TRANSITION = Writer(analysis_pb2.RegimeTransition)
_POLICIES = {on_wire: policy for policy, on_wire in POLICIES.items() if policy is not None}


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
    message.transitions.extend(map(_TRANSITION.write, deep.details.transitions))
    if deep.dynamics is not None:
        message.regime_dynamics.CopyFrom(_dynamics(deep.dynamics))
    if deep.correlations is not None:
        message.correlations.CopyFrom(_correlations(deep.correlations))


def _add_group(
    message: analysis_pb2.RegimeAnalysis | analysis_pb2.PolicyAnalysis,
    deep: DeepAnalysis,
    regime: str,
    policy: Policy | None,
) -> None:
    group = deep.groups.get((regime, policy))
    if group is not None:
        message.performance.CopyFrom(_PERFORMANCE.write(group.performance))
        message.drift.CopyFrom(_DRIFT.write(group.drift))


def _add_details(message: analysis_pb2.RegimeAnalysis, details: RegimeDetails) -> None:
    strategies = details.strategies.get(message.regime, ())
    message.strategies.extend(_STRATEGY.write(figures, strategy=name) for name, figures in strategies)
    if runs := details.runs.get(message.regime):
        message.MergeFrom(
            analysis_pb2.RegimeAnalysis(
                episodes=runs.episodes,
                mean_dwell_observations=runs.mean_observations,
                mean_dwell_seconds=runs.mean_seconds,
            )
        )


def _dynamics(dynamics: RegimeDynamics) -> figures_pb2.RegimeDynamics:
    shares = dynamics.stationary or (None,) * len(dynamics.regimes)
    found = zip(dynamics.regimes, dynamics.found.probabilities, shares, dynamics.dwells, strict=True)
    return figures_pb2.RegimeDynamics(
        prior_transitions=dynamics.found.prior,
        regimes=[
            _COURSE.write(dwell, regime=regime, next_probabilities=probabilities or (), stationary_share=share)
            for regime, probabilities, share, dwell in found
        ],
    )


def _correlations(found: Correlations) -> figures_pb2.Correlations:
    names = found.names
    return figures_pb2.Correlations(
        regime_bucket_ms=BUCKET_MS,
        regimes=[
            _OF_TWO_REGIMES.write(each, first_regime=names[each.first], second_regime=names[each.second])
            for each in found.regimes
        ],
        policies=[
            _OF_TWO_POLICIES.write(
                each, first_policy=POLICIES[Policy(each.first)], second_policy=POLICIES[Policy(each.second)]
            )
            for each in found.policies
        ],
    )
