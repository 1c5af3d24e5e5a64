"""HeldAdvice: what an agent is told at one step, the same whether it is live or recorded."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.results import SAFE_LEVERAGE, UNKNOWN_REGIME, Feedback, FeedbackStatus, RegimeAdvice

POLICIES = (Policy.CONSERVATIVE, Policy.BALANCED, Policy.AGGRESSIVE)


@dataclass(frozen=True, slots=True)
class HeldAdvice:
    """What is held at one step.

    Attributes:
        status: whether it may be acted upon.
        policy: advised policy.
        confidence: how sure that is, 0 to 1.
        leverage: multiple of the base position, 0 to 2.
        current_regime: regime of the newest observation, upper case.
        revision: place in its log, or in its record; 0 before any.
        probability_best: of each policy, in the order of the risk they take, that it is the best in the current regime;
            None where nothing is known of that.
        effective_trades: equally weighted trades that say as much as those of the policy; 0 without any.
        guard: what the drawdown guard has multiplied the leverage by, 0.5 to 1; 1 where it is off.
    """

    status: FeedbackStatus = FeedbackStatus.WARMING_UP
    policy: Policy = Policy.CONSERVATIVE
    confidence: float = 0.0
    leverage: float = SAFE_LEVERAGE
    current_regime: str = UNKNOWN_REGIME
    revision: int = 0
    probability_best: tuple[float, float, float] | None = None
    effective_trades: float = 0.0
    guard: float = 1.0


SAFE_ADVICE = HeldAdvice()
"""What holds where nothing is known."""


def held_advice(feedback: Feedback, *, of_current: bool) -> HeldAdvice:
    """Return what an agent is told by a feedback.

    Args:
        feedback: what may be acted upon now.
        of_current: whether the advice for the regime that is counts, in place of that for the regime that pays best;
            where nothing is advised for it, the safe values do.
    """
    advice: Feedback | RegimeAdvice | None = feedback.current if of_current else feedback
    if isinstance(advice, RegimeAdvice):
        policy, confidence, leverage = advice.policy, advice.confidence_boost, advice.leverage_hint
    elif advice is None:
        policy, confidence, leverage = Policy.CONSERVATIVE, 0.0, min(SAFE_LEVERAGE, feedback.leverage_hint)
    else:
        policy, confidence, leverage = advice.updated_policy, advice.confidence_boost, advice.leverage_hint
    evidence = {} if feedback.evidence is None else {each.policy: each for each in feedback.evidence.policies}
    said = [evidence[each] for each in POLICIES if each in evidence]
    return HeldAdvice(
        feedback.status,
        policy,
        confidence,
        leverage,
        feedback.current_regime,
        feedback.revision,
        (said[0].probability_best, said[1].probability_best, said[2].probability_best)
        if len(said) == len(POLICIES)
        else None,
        (evidence[policy].effective_observations or 0.0) if policy in evidence else 0.0,
        1.0 if feedback.guard is None else feedback.guard.factor,
    )
