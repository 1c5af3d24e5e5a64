"""Reasons of an advice that the evidence gives."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.advice.rules.reasons import Reason
from strategic_memory_server.advice.rules.rule_table import Comparison
from strategic_memory_server.evidence.estimate import RegimeEstimate
from strategic_memory_server.evidence.group import Borrowed
from strategic_memory_server.evidence.recommendation import is_sure
from strategic_memory_server.evidence.view import EvidenceView, PolicyEvidence
from strategic_memory_server.memory.policy import Policy

LEVERAGE = "EVIDENCE_LEVERAGE"


def reasons(
    view: EvidenceView,
    estimate: RegimeEstimate,
    is_preferred: bool,
    required_probability: float,
    minimum_weight: float,
) -> tuple[Reason, ...]:
    """The steps: which regime, which policy and why, which leverage, and what to be careful about.

    Args:
        view: the evidence about the regime that the advice is for.
        estimate: the same before it was rounded, by which was decided.
        is_preferred: whether the evidence chose that regime; the reference rules did otherwise.
        required_probability: probability that a policy needs to be recommended.
        minimum_weight: weight of its trades that it needs, likewise.
    """
    policy = _policy(view, estimate, required_probability, minimum_weight)
    found = [_regime(view, is_preferred=is_preferred), policy, _leverage(view)]
    if view.cautions:
        found.append(Reason("EVIDENCE_CAUTION", f"Be careful: {', '.join(view.cautions)}."))
    return tuple(found)


def borrowed(group: str, lent: Borrowed) -> Reason:
    """Say what other portfolios of a group are part of it, and how far they agree with this one."""
    others = f"{lent.portfolios} other portfolios" if lent.portfolios > 1 else "one other portfolio"
    return Reason(
        "EVIDENCE_GROUP",
        f"Borrows from {others} of group {group}, {lent.observations} trades, whose means agree with these by "
        f"{lent.correlation:.2f} of 1.",
    )


def probe(
    regime: str, policy: Policy, recommended: Policy, leverage: tuple[float, str | None], seen: int, hold: int
) -> Reason:
    """Say that a policy is tried, in place of which, and for how long.

    Args:
        regime: the current regime.
        policy: the policy that is tried.
        recommended: the policy that the evidence recommends.
        leverage: leverage of the probe, and the cap that lowered it.
        seen: observations of the regime since the trial began.
        hold: observations for which a trial lasts.
    """
    left = hold - seen
    if left > 0:
        length = f"for {left} more trades of {regime}" if left > 1 else f"for one more trade of {regime}"
    else:
        length = "for as long as it promises most"
    return Reason(
        "EVIDENCE_PROBE",
        f"A probe: in {regime}, the regime now, {policy.name} is tried in place of {recommended.name}, which the "
        f"evidence recommends, {length}; leverage {_bound(*leverage)}.",
        (Comparison("observations_since_trial_began", seen, "<", hold, holds=left > 0),),
    )


def with_probe(
    found: tuple[Reason, ...], said: Reason, leverage: tuple[float, str | None] | None
) -> tuple[Reason, ...]:
    """Put the reason for a probe first; where the advice itself is the probe, its leverage takes the other's place.

    Args:
        found: the reasons of the advice.
        said: the reason for the probe.
        leverage: leverage of the advice and the cap that lowered it, where that is the probe's; None: it is not.
    """
    if leverage is None:
        return (said, *found)
    own = Reason(LEVERAGE, f"Leverage {_bound(*leverage)}.")
    return (said, *(own if reason.code == LEVERAGE else reason for reason in found))


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


def _policy(view: EvidenceView, estimate: RegimeEstimate, required_probability: float, minimum_weight: float) -> Reason:
    beats = {each.policy: each.probability_beats_conservative or 0.0 for each in estimate.policies}
    comparisons = tuple(
        _compared(policy, beats[policy.policy], required_probability)
        for policy in view.policies
        if policy.policy is not Policy.CONSERVATIVE
    )
    if view.recommended_policy is Policy.CONSERVATIVE:
        likeliest = max(beats, key=beats.__getitem__)
        sentence = f"CONSERVATIVE: no other policy is shown to be better with probability {required_probability:g}."
        if _is_sure(beats[likeliest], required_probability):
            sentence = (
                f"CONSERVATIVE: {likeliest.name} is better with probability {beats[likeliest]:.3g}, but its trades "
                f"weigh less than the {minimum_weight:g} that are needed."
            )
        return Reason("EVIDENCE_NOT_ENOUGH", sentence, comparisons)
    sentence = (
        f"{view.recommended_policy.name}: better than CONSERVATIVE with probability "
        f"{view.policies[view.recommended_policy].probability_beats_conservative:.3g}."
    )
    return Reason("EVIDENCE_POLICY", sentence, comparisons)


def _compared(policy: PolicyEvidence, beats: float, required: float) -> Comparison:
    """Show the rounded probability, unless it would be on the other side of what is required."""
    sure, shown = _is_sure(beats, required), policy.probability_beats_conservative or 0.0
    value = shown if (shown >= required) is (beats >= required) else beats
    return Comparison(f"probability_beats_conservative.{policy.policy.name}", value, ">=", required, holds=sure)


def _is_sure(probability: float, required: float) -> bool:
    return bool(is_sure(np.array(probability), required))


def _leverage(view: EvidenceView) -> Reason:
    return Reason(LEVERAGE, f"Leverage {_bound(view.leverage_hint, view.leverage_bound_by)}.")


def _bound(hint: float, bound_by: str | None) -> str:
    return f"{hint:g}, lowered by {bound_by}" if bound_by else f"{hint:g}"
