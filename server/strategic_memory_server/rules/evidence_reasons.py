"""Reasons of an advice that the evidence gives."""

from __future__ import annotations

from strategic_memory_server.evidence.view import EvidenceView
from strategic_memory_server.policy import Policy
from strategic_memory_server.rules.reasons import Reason
from strategic_memory_server.rules.rule_table import Comparison


def reasons(view: EvidenceView, is_preferred: bool, required_probability: float) -> tuple[Reason, ...]:
    """Give the steps: which regime, which policy and why, which leverage, and what to be careful about.

    Args:
        view: the evidence about the regime that the advice is for.
        is_preferred: whether the evidence chose that regime; the reference rules did otherwise.
        required_probability: probability that a policy needs to be recommended.
    """
    found = [_regime(view, is_preferred=is_preferred), _policy(view, required_probability), _leverage(view)]
    if view.cautions:
        found.append(Reason("EVIDENCE_CAUTION", f"Be careful: {', '.join(view.cautions)}."))
    return tuple(found)


def _regime(view: EvidenceView, *, is_preferred: bool) -> Reason:
    if not is_preferred:
        return Reason(
            "EVIDENCE_NO_REGIME", f"No trade of a known regime was seen; {view.regime} is what the windows prefer."
        )
    followed = view.policies[view.recommended_policy]
    return Reason(
        "EVIDENCE_REGIME",
        f"{view.regime} has the highest utility: {followed.utility:.4g} a trade under {view.recommended_policy.name}, "
        f"from {view.observations} trades.",
    )


def _policy(view: EvidenceView, required_probability: float) -> Reason:
    comparisons = tuple(
        Comparison(
            f"probability_beats_conservative.{policy.policy.name}",
            policy.probability_beats_conservative,
            ">=",
            required_probability,
            holds=(policy.probability_beats_conservative or 0.0) >= required_probability,
        )
        for policy in view.policies
        if policy.policy is not Policy.CONSERVATIVE
    )
    if view.recommended_policy is Policy.CONSERVATIVE:
        sentence = f"CONSERVATIVE: no other policy is shown to be better with probability {required_probability:g}."
        return Reason("EVIDENCE_NOT_ENOUGH", sentence, comparisons)
    beats = view.policies[view.recommended_policy].probability_beats_conservative
    sentence = f"{view.recommended_policy.name}: better than CONSERVATIVE with probability {beats:.3g}."
    return Reason("EVIDENCE_POLICY", sentence, comparisons)


def _leverage(view: EvidenceView) -> Reason:
    bound = f", lowered by {view.leverage_bound_by}" if view.leverage_bound_by else ""
    return Reason("EVIDENCE_LEVERAGE", f"Leverage {view.leverage_hint:g}{bound}.")
