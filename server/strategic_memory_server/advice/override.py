"""Overrides applied: an advice and what an operator allows, or sets, give another advice. Pure.

Without force an override is a bound: whatever the rules come to say, it only ever lowers. With force it is a value,
which may be above what the rules say; never above a cap on leverage, and not while a probe is tried. What the evidence
says is only ever lowered. In both cases its leverage is a cap, so that it binds the safe values as well.
"""

from __future__ import annotations

from dataclasses import replace

from strategic_memory_server.advice.drawdown_guard import under_guard
from strategic_memory_server.advice.feedback import Advice
from strategic_memory_server.advice.rules.override_reasons import OVERRIDE, overridden_by
from strategic_memory_server.memory.leverage_cap import LeverageCaps, capped, in_order
from strategic_memory_server.memory.override import OVERRIDE_CAP, Override, Risk, Risks
from strategic_memory_server.memory.policy import Policy


def overridden(advice: Advice, override: Override, *, may_raise: bool = True) -> Advice:
    """Return what is advised under an override.

    Args:
        advice: what is advised without it.
        override: what an operator has said.
        may_raise: whether one that is forced sets values: never where the safe values stand.
    """
    before = risks_of(advice)
    override = replace(override, without=before)
    caps = all_caps(advice.leverage_caps, override)

    def bound(risk: Risk) -> Risk:
        policy = risk.policy if override.policy is None else min(risk.policy, override.policy)
        return _capped(_with_policy(risk, policy), caps)

    def value(risk: Risk) -> Risk:
        told = _with_policy(risk, risk.policy if override.policy is None else override.policy)
        if override.leverage is not None and not told.is_probe:
            # Force does not lift the guard either.
            factor = 1.0 if advice.guard is None else advice.guard.factor
            hint, bound_by = under_guard(override.leverage, None, factor)
            told = replace(told, leverage_hint=hint, leverage_bound_by=bound_by)
        return _capped(told, caps)

    after = before.each(value if override.is_forced and may_raise else bound, of_evidence=bound)
    return replace(
        with_risks(advice, after),
        leverage_caps=caps,
        override=override,
        reasons=(overridden_by(override), *advice.reasons),
    )


def without_override(advice: Advice) -> Advice:
    """Return what would be advised without the override: the inverse of `overridden`."""
    override = advice.override
    if override is None or override.without is None:
        return advice
    return replace(
        with_risks(advice, override.without),
        leverage_caps=of_others(advice.leverage_caps),
        override=None,
        reasons=tuple(reason for reason in advice.reasons if reason.code != OVERRIDE),
    )


def all_caps(caps: LeverageCaps, override: Override | None) -> LeverageCaps:
    """Return the caps of other modules together with that of an override."""
    cap = override and override.cap
    return in_order((*of_others(caps), *([cap] if cap else [])))


def of_others(caps: LeverageCaps) -> LeverageCaps:
    """Return the caps without that of an override."""
    return tuple(cap for cap in caps if cap.source != OVERRIDE_CAP)


def risks_of(advice: Advice) -> Risks:
    """Return what an advice risks."""
    preferred = Risk(advice.updated_policy, advice.leverage_hint, advice.leverage_bound_by, advice.is_probe)
    current = evidence = None
    if (said := advice.current) is not None:
        current = Risk(said.policy, said.leverage_hint, said.leverage_bound_by, said.is_probe)
    if (seen := advice.evidence) is not None:
        evidence = Risk(seen.recommended_policy, seen.leverage_hint, seen.leverage_bound_by)
    return Risks(preferred, current, evidence)


def with_risks(advice: Advice, risks: Risks) -> Advice:
    """Return an advice that risks something else."""
    current, evidence = advice.current, advice.evidence
    if current is not None and (risk := risks.current) is not None:
        current = replace(
            current,
            policy=risk.policy,
            leverage_hint=risk.leverage_hint,
            leverage_bound_by=risk.leverage_bound_by,
            is_probe=risk.is_probe,
        )
    if evidence is not None and (risk := risks.evidence) is not None:
        evidence = replace(
            evidence,
            recommended_policy=risk.policy,
            leverage_hint=risk.leverage_hint,
            leverage_bound_by=risk.leverage_bound_by,
        )
    return replace(
        advice,
        updated_policy=risks.preferred.policy,
        leverage_hint=risks.preferred.leverage_hint,
        leverage_bound_by=risks.preferred.leverage_bound_by,
        current=current,
        evidence=evidence,
    )


def under_caps(risks: Risks, caps: LeverageCaps) -> Risks:
    """Return risks lowered to caps on leverage."""
    return risks.each(lambda risk: _capped(risk, caps))


def _with_policy(risk: Risk, policy: Policy) -> Risk:
    return risk if policy is risk.policy else replace(risk, policy=policy, is_probe=False)


def _capped(risk: Risk, caps: LeverageCaps) -> Risk:
    leverage, cap = capped(risk.leverage_hint, caps)
    return replace(risk, leverage_hint=leverage, leverage_bound_by=cap.source) if cap else risk
