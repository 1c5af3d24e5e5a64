"""What the evidence would advise for a regime with another policy than the one that it recommends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strategic_memory_server.advice.feedback import RegimeAdvice
from strategic_memory_server.evidence.estimate import RegimeEstimate
from strategic_memory_server.evidence.leverage import leverage_hint
from strategic_memory_server.evidence.view import LEVERAGE_DECIMALS, PROBABILITY_DECIMALS
from strategic_memory_server.memory.policy import Policy

ByPolicy = Mapping[str, Sequence[RegimeAdvice]]
"""By regime, what is advised with each policy, in the order of `Policy`."""


def advice_with(policy: Policy, estimate: RegimeEstimate, caps: Mapping[str, float]) -> RegimeAdvice:
    """Advise a policy: with the probability that its own mean pnl is above 0, and the leverage that it bears.

    Args:
        policy: which.
        estimate: what is known of the regime.
        caps: highest leverage by the name of who says so.
    """
    known = estimate.policies[policy]
    confidence = known.probability_mean_positive
    bearing = leverage_hint(confidence, estimate.relative_spread, known.interval_low, caps)
    hint, bound_by = bearing.rounded(LEVERAGE_DECIMALS)
    return RegimeAdvice(estimate.regime, policy, round(confidence, PROBABILITY_DECIMALS), hint, bound_by)


def advice_by_policy(estimates: Mapping[str, RegimeEstimate], caps: Mapping[str, float]) -> ByPolicy:
    """Advise each policy for each regime."""
    return {
        regime: [advice_with(policy, estimate, caps) for policy in Policy] for regime, estimate in estimates.items()
    }
