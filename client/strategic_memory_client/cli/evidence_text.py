"""The advice for the current regime, the drawdown guard and the evidence as a person reads them."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_client.cli.text import NOT_KNOWN, name, number, plain, share
from strategic_memory_client.values.drawdown_guard import DrawdownGuard
from strategic_memory_client.values.results import Evidence, PolicyEvidence, RegimeAdvice


def leverage(hint: float, bound_by: str | None) -> str:
    """Return a leverage, and the cap that lowered it."""
    return number(hint) if bound_by is None else f"{number(hint)} (bound by {plain(bound_by)})"


def guard_text(guard: DrawdownGuard) -> str:
    """Return what the drawdown guard does; why is among the reasons."""
    seen = f"{guard.results} followed results"
    if guard.since is None:
        return f"leverage times {number(guard.factor)}, {seen}"
    return f"leverage times {number(guard.factor)} since {guard.since:%Y-%m-%d %H:%M:%S} UTC, {seen}"


def regime_advice(advice: RegimeAdvice) -> str:
    """Return what is advised for a regime; the regime itself is told beside it."""
    bears = leverage(advice.leverage_hint, advice.leverage_bound_by)
    probe = " (a probe)" if advice.is_probe else ""
    return f"{advice.policy.value}{probe}, leverage {bears}, confidence {number(advice.confidence_boost)}"


def evidence_rows(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield the evidence as rows of a name and a text."""
    bears = leverage(evidence.leverage_hint, evidence.leverage_bound_by)
    recommended = f"{plain(evidence.regime) or NOT_KNOWN}: {evidence.recommended_policy.value}, leverage {bears}"
    yield "evidence", f"{recommended}, confidence {number(evidence.confidence_boost)}; {evidence.observations} trades"
    for policy in evidence.policies:
        yield "", _policy(policy)
    if evidence.cautions:
        yield "cautions", ", ".join(plain(caution) for caution in evidence.cautions)


def evidence_note(evidence: Evidence) -> str:
    """Return the evidence as one short note: what it recommends, and how likely that is the best."""
    recommended = evidence.recommended_policy
    likely = next((each.probability_best for each in evidence.policies if each.policy is recommended), None)
    return f"evidence {recommended.value} (best: {share(likely)})"


def _policy(policy: PolicyEvidence) -> str:
    span = f"{number(policy.interval_low)} to {number(policy.interval_high)}"
    more = "" if policy.more_observations is None else f", some {policy.more_observations} more to be recommended"
    return (
        f"{name(policy.policy)}: best {share(policy.probability_best)}, mean pnl {number(policy.mean_pnl)} ({span}), "
        f"{policy.observations} trades{more}"
    )
