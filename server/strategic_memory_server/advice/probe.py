"""What becomes of an advice by the evidence while a policy is explored: a probe, and unmistakably one.

Pure: the same estimate and the same state give the same advice and the same next state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from strategic_memory_server.advice.feedback import Advice
from strategic_memory_server.advice.other_policies import advice_with
from strategic_memory_server.advice.rules import evidence_reasons
from strategic_memory_server.evidence.estimate import RegimeEstimate
from strategic_memory_server.evidence.exploration import Exploration, explore
from strategic_memory_server.evidence.leverage import NEUTRAL
from strategic_memory_server.evidence.settings import EvidenceSettings

EXPLORATION_CAP = "exploration"
"""Names the cap on the leverage of a probe, which is `NEUTRAL`: nobody risks more to find something out."""


@dataclass(frozen=True, slots=True)
class Completed:
    """An advice, the state of exploration that goes with it, and what it rests on.

    Attributes:
        advice: what is advised.
        exploration: what is being tried.
        estimates: what the evidence says of the regimes that it is about, where the evidence is in charge.
    """

    advice: Advice
    exploration: Exploration
    estimates: Mapping[str, RegimeEstimate] = field(default_factory=dict)


def follow_exploration(
    advice: Advice,
    current: RegimeEstimate,
    exploration: Exploration,
    settings: EvidenceSettings,
    caps: Mapping[str, float],
    *,
    may_begin: bool,
) -> Completed:
    """Let the advice for the current regime follow what is tried there.

    Where that is what the evidence recommends, nothing changes. Where the current regime is the preferred one, the
    whole advice follows, so that its two parts never contradict each other.

    Args:
        advice: what the evidence advises.
        current: what it knows of the current regime.
        exploration: what is being tried.
        settings: whether and how to explore.
        caps: highest leverage by the name of who says so.
        may_begin: whether a trial may begin.
    """
    policy, after = explore(exploration, current, settings, may_begin=may_begin)
    if policy is current.recommended:
        return Completed(advice, after)
    probe = replace(advice_with(policy, current, {**caps, EXPLORATION_CAP: NEUTRAL}), is_probe=True)
    leverage = (probe.leverage_hint, probe.leverage_bound_by)
    seen = after.trials[current.regime].seen(current.observations)
    said = evidence_reasons.probe(current.regime, policy, current.recommended, leverage, seen, settings.trial_hold)
    if advice.preferred_regime != current.regime:
        reasons = evidence_reasons.with_probe(advice.reasons, said, None)
        return Completed(replace(advice, current=probe, reasons=reasons), after)
    return Completed(
        replace(
            advice,
            updated_policy=policy,
            confidence_boost=probe.confidence_boost,
            leverage_hint=probe.leverage_hint,
            leverage_bound_by=probe.leverage_bound_by,
            reasons=evidence_reasons.with_probe(advice.reasons, said, leverage),
            current=probe,
        ),
        after,
    )
