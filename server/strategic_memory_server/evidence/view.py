"""What a feedback shows of an estimate: rounded, so that the last digits of a float make no revision."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.evidence.estimate import PolicyEstimate, RegimeEstimate
from strategic_memory_server.memory.policy import Policy

PROBABILITY_DECIMALS = 4
LEVERAGE_DECIMALS = 2
MONEY_DIGITS = 6


@dataclass(frozen=True, slots=True)
class PolicyEvidence:
    """One policy in the regime. Money is in the unit of pnl; see `PolicyEstimate` for the meaning of each.

    Attributes:
        policy: which.
        observations: trades seen, unweighted.
        effective_observations: equally weighted trades that would say as much; None without any.
        mean_pnl: posterior mean of the pnl of a trade.
        interval_low: lower bound of its 90 % interval.
        interval_high: upper bound.
        utility: mean pnl less the price of its risk.
        probability_best: that its utility is the highest of the three.
        probability_beats_conservative: that its utility is above that of CONSERVATIVE; None for CONSERVATIVE.
        probability_mean_positive: that its mean pnl is above 0.
        more_observations: how many more observations of the regime until it is recommended; None where not defined.
    """

    policy: Policy
    observations: int
    effective_observations: float | None
    mean_pnl: float
    interval_low: float
    interval_high: float
    utility: float
    probability_best: float
    probability_beats_conservative: float | None
    probability_mean_positive: float
    more_observations: int | None


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """What all trades so far say about one regime.

    Attributes:
        regime: which.
        recommended_policy: the policy that the evidence recommends there.
        confidence_boost: probability that its mean pnl is above 0.
        leverage_hint: leverage that the evidence bears, multiple of the base position.
        leverage_bound_by: name of the cap that lowered it; None when none did.
        policies: CONSERVATIVE, BALANCED, AGGRESSIVE.
        cautions: stable names of what to know before trusting this.
        observations: trades in all regimes that this rests on.
    """

    regime: str
    recommended_policy: Policy
    confidence_boost: float
    leverage_hint: float
    leverage_bound_by: str | None
    policies: tuple[PolicyEvidence, ...]
    cautions: tuple[str, ...]
    observations: int


def view_of(estimate: RegimeEstimate, observations: int) -> EvidenceView:
    """Round an estimate; the leverage never exceeds a cap."""
    hint, bound_by = estimate.leverage.rounded(LEVERAGE_DECIMALS)
    return EvidenceView(
        regime=estimate.regime,
        recommended_policy=estimate.recommended,
        confidence_boost=round(estimate.confidence_boost, PROBABILITY_DECIMALS),
        leverage_hint=hint,
        leverage_bound_by=bound_by,
        policies=tuple(_policy(policy) for policy in estimate.policies),
        cautions=tuple(caution.value for caution in estimate.cautions),
        observations=observations,
    )


def _policy(estimate: PolicyEstimate) -> PolicyEvidence:
    beats, effective = estimate.probability_beats_conservative, estimate.effective_observations
    return PolicyEvidence(
        policy=estimate.policy,
        observations=estimate.observations,
        effective_observations=None if effective is None else _money(effective),
        mean_pnl=_money(estimate.mean_pnl),
        interval_low=_money(estimate.interval_low),
        interval_high=_money(estimate.interval_high),
        utility=_money(estimate.utility),
        probability_best=round(estimate.probability_best, PROBABILITY_DECIMALS),
        probability_beats_conservative=None if beats is None else round(beats, PROBABILITY_DECIMALS),
        probability_mean_positive=round(estimate.probability_mean_positive, PROBABILITY_DECIMALS),
        more_observations=estimate.more_observations,
    )


def _money(value: float) -> float:
    return float(f"{value:.{MONEY_DIGITS}g}")
