"""The document that `GET /health` answers with. Pure: from state to JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, RegimeAdvice
from strategic_memory_server.advice.followed import Followed
from strategic_memory_server.advice.rules.override_reasons import said_by_operators
from strategic_memory_server.entries.rejections import RejectionLedger
from strategic_memory_server.evidence.view import EvidenceView
from strategic_memory_server.redis_access.redis_clock import ClockSkew
from strategic_memory_server.revisions.caps_json import encode_caps
from strategic_memory_server.revisions.guard_text import encode_guard
from strategic_memory_server.revisions.intervention_text import encode_freeze, encode_override
from strategic_memory_server.revisions.log_times import to_iso
from strategic_memory_server.revisions.replication import ReplicaRole, Replication
from strategic_memory_server.sync.shadow import risk_differs
from strategic_memory_server.sync.sync_status import SyncStatus

NO_PROBLEMS: Mapping[str, str] = MappingProxyType({})


def health_report(
    feedback: Feedback,
    sync: SyncStatus,
    rejections: RejectionLedger,
    tail_failure: str | None,
    subscribers: int,
    replication: Replication,
    log_failure: str | None = None,
    standing: Mapping[str, str] = NO_PROBLEMS,
    clock_skew: ClockSkew | None = None,
    shadow: Feedback | None = None,
) -> dict[str, Any]:
    """Describe the service.

    `.metrics.strategic_memory` is what the contract promises; what stands beside it is for operators. `standing` are
    the problems that parts of the service have stated, by name.
    """
    status = feedback.status.value.lower()
    problems = [
        f"{what}: {failure}"
        for what, failure in (
            ("sync", sync.failure),
            ("feedback log", tail_failure),
            ("leadership", replication.failure or _idle_leader(feedback, replication)),
            ("log of the service", log_failure),
            *said_by_operators(feedback.advice.reasons).items(),
            *((name.replace("_", " "), sentence) for name, sentence in standing.items()),
        )
        if failure is not None
    ]
    return {
        "status": status,
        "problems": problems,
        "metrics": {
            "strategic_memory": _strategic_memory(feedback, status),
            "feedback": _feedback(feedback, subscribers),
            "sync": _sync(sync),
            "replication": _replication(replication),
            "inputs": _inputs(sync, rejections),
            "clock": _clock(clock_skew),
            **({"shadow": _shadow(shadow, feedback)} if shadow else {}),
        },
    }


def _idle_leader(feedback: Feedback, replication: Replication) -> str | None:
    """Tell that nobody keeps the feedback from turning stale, and who should; None where that is not so."""
    if replication.role is not ReplicaRole.STANDBY or feedback.status is not FeedbackStatus.STALE:
        return None
    # A server that has just lost the lease is the last that it knows to have held it.
    if (holder := replication.leader) and holder != replication.server:
        return f"{holder} holds the lease and has not confirmed the feedback in time; look there, and at the clocks"
    return (
        "no server is known to hold the lease, and nobody has confirmed the feedback in time; "
        "metrics.sync.explanation says why this one does not lead"
    )


def _strategic_memory(feedback: Feedback, status: str) -> dict[str, Any]:
    advice = feedback.advice
    performance = advice.regime_performance
    return {
        "status": status,
        "preferred_regime": advice.preferred_regime,
        "recommended_policy": advice.updated_policy.name,
        "confidence_boost": advice.confidence_boost,
        "leverage_hint": advice.leverage_hint,
        "performance": performance
        and {
            "avg_pnl": performance.avg_pnl,
            "win_rate": performance.win_rate or 0.0,
            "sample_count": performance.sample_count,
        },
        "last_update": to_iso(feedback.times.computed_at_ms),
    }


def _feedback(feedback: Feedback, subscribers: int) -> dict[str, Any]:
    return {
        "revision": feedback.revision,
        "epoch": feedback.epoch,
        "current_regime": feedback.advice.current_regime,
        "data_as_of": to_iso(feedback.times.data_as_of_ms),
        "valid_until": to_iso(feedback.times.valid_until_ms),
        "reasons": [reason.sentence for reason in feedback.advice.reasons],
        "rules": feedback.advice.rules.value,
        "current": feedback.advice.current and _current(feedback.advice.current),
        "evidence": feedback.advice.evidence and _evidence(feedback.advice.evidence),
        "leverage_bound_by": feedback.advice.leverage_bound_by,
        "leverage_caps": encode_caps(feedback.advice.leverage_caps),
        "waiting": feedback.advice.followed and _waiting(feedback.advice.followed),
        "override": encode_override(feedback.advice.override),
        "freeze": encode_freeze(feedback.advice.freeze),
        "guard": encode_guard(feedback.advice.guard),
        "subscribers": subscribers,
    }


def _current(current: RegimeAdvice) -> dict[str, Any]:
    return {
        "policy": current.policy.name,
        "confidence": current.confidence_boost,
        "leverage": current.leverage_hint,
        "bound_by": current.leverage_bound_by,
        "is_probe": current.is_probe,
    }


def _waiting(followed: Followed) -> dict[str, Any]:
    """Show since when more risk waits, by what waits."""
    return {f"{advice}_{part}": to_iso(wait.since_ms) for advice, part, wait in followed.waits()}


def _evidence(evidence: EvidenceView) -> dict[str, Any]:
    return {
        "recommended": evidence.recommended_policy.name,
        "observations": evidence.observations,
        "cautions": list(evidence.cautions),
        "probability_best": {each.policy.name: each.probability_best for each in evidence.policies},
    }


def _sync(sync: SyncStatus) -> dict[str, Any]:
    return {
        "iteration": sync.iteration,
        "outcome": sync.outcome,
        "explanation": sync.explanation or None,
        "failure": sync.failure,
        "failures": sync.failures,
        "samples": sync.samples,
        "trades_remembered": sync.trades_remembered,
        "flaps": {"_".join(flap): count for flap, count in sorted(sync.flaps.items())},
        "catching_up": sync.catching_up,
        "elapsed_ms": round(sync.elapsed_s * 1000, 3),
        "completed_at": to_iso(sync.completed_at_ms),
    }


def _replication(replication: Replication) -> dict[str, Any]:
    return {
        "role": replication.role.value,
        "server": replication.server,
        "leader": replication.leader or None,
        "fencing_token": replication.fencing_token,
    }


def _shadow(shadow: Feedback, feedback: Feedback) -> dict[str, Any]:
    """Show what the shadow of this server said last, and whether it differs from what is in force."""
    advice = shadow.advice
    return {
        "differs": risk_differs(advice, feedback.advice),
        "revision": shadow.revision,
        "epoch": shadow.epoch,
        "preferred_regime": advice.preferred_regime,
        "recommended_policy": advice.updated_policy.name,
        "leverage_hint": advice.leverage_hint,
        "current": advice.current and _current(advice.current),
        "reasons": [reason.sentence for reason in advice.reasons],
        "last_update": to_iso(shadow.times.computed_at_ms),
    }


def _clock(skew: ClockSkew | None) -> dict[str, Any]:
    """Show by how much the clock of this machine is ahead of that of Redis, by which the times here are."""
    return {
        "skew_seconds": skew and skew.skew_ms / 1000,
        "uncertainty_seconds": skew and skew.uncertainty_ms / 1000,
    }


def _inputs(sync: SyncStatus, rejections: RejectionLedger) -> dict[str, Any]:
    """Show each source: what the last sync used and met, and the totals in which each rejected input counts once."""
    totals: dict[str, dict[str, int]] = {}
    for (source, reason), count in sorted(rejections.totals.items()):
        totals.setdefault(source, {})[reason] = count
    return {
        report.source: {
            "accepted": report.accepted,
            "rejected": dict(report.rejected),
            "noted": dict(report.noted),
            "examples": dict(report.examples),
            "rejected_total": totals.get(report.source, {}),
        }
        for report in sync.sources
    }
