"""PastRevision: what one revision of the log said, as far as it can be judged."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, RegimeAdvice, Rules
from strategic_memory_server.advice.override import without_override
from strategic_memory_server.memory.policy import Policy


class Subject(enum.Enum):
    """What a confidence was said about."""

    PREFERRED_REGIME = "PREFERRED_REGIME"
    CURRENT_REGIME = "CURRENT_REGIME"
    EVIDENCE = "EVIDENCE"


@dataclass(frozen=True, slots=True)
class Statement:
    """A confidence, and which trades it is about.

    Attributes:
        regime: they are made in this regime.
        policy: and under this policy; None: under any.
        confidence: that they earn something, 0 to 1.
    """

    regime: str
    policy: Policy | None
    confidence: float


@dataclass(frozen=True, slots=True)
class PastRevision:
    """What one revision said.

    Attributes:
        epoch: name of the log that it counts in.
        revision: its number.
        said_ms: when it was said, milliseconds since 1970-01-01 UTC; no entry that it rests on is later.
        rules: which rules were in charge.
        version: their version.
        preferred_regime: the regime that it preferred.
        policy: the policy that it advised there.
        leverage: and the leverage.
        current: what it advised for the current regime; None where nothing was known of that.
        statements: its confidences.
    """

    epoch: str
    revision: int
    said_ms: int
    rules: Rules
    version: str
    preferred_regime: str
    policy: Policy
    leverage: float
    current: RegimeAdvice | None
    statements: Mapping[Subject, Statement]


def past_revision(feedback: Feedback) -> PastRevision | None:
    """Return what a feedback of the log said; None for one that no service has published as advice."""
    advice, times = feedback.advice, feedback.times
    # An override changes what is risked, and none of the confidences: they are about what the rules advise.
    statements = _statements(without_override(advice))
    if feedback.status is not FeedbackStatus.ACTIVE or times.computed_at_ms is None:
        return None
    if not all(0.0 <= statement.confidence <= 1.0 for statement in statements.values()):
        return None
    return PastRevision(
        epoch=feedback.epoch,
        revision=feedback.revision,
        # Where the clock of the server runs behind that of Redis, it has seen entries from after its own time.
        said_ms=max(times.computed_at_ms, times.data_as_of_ms or times.computed_at_ms),
        rules=advice.rules,
        version=advice.version,
        preferred_regime=advice.preferred_regime,
        policy=advice.updated_policy,
        leverage=advice.leverage_hint,
        current=advice.current,
        statements=statements,
    )


def _statements(advice: Advice) -> Mapping[Subject, Statement]:
    """Return the confidences by what they are about.

    The reference rules rate a regime, whatever policy was followed in it; the evidence says how likely the mean pnl of
    the policy that it recommends there is above 0.
    """
    by_policy = advice.rules is Rules.EVIDENCE
    found = {
        Subject.PREFERRED_REGIME: Statement(
            advice.preferred_regime, advice.updated_policy if by_policy else None, advice.confidence_boost
        )
    }
    if advice.current is not None:
        current = advice.current
        found[Subject.CURRENT_REGIME] = Statement(
            current.regime, current.policy if by_policy else None, current.confidence_boost
        )
    if advice.evidence is not None:
        evidence = advice.evidence
        found[Subject.EVIDENCE] = Statement(evidence.regime, evidence.recommended_policy, evidence.confidence_boost)
    return found
