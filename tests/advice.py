"""Advice and feedback as the service holds them, made by hand or by hypothesis."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.feedback import (
    Advice,
    Feedback,
    FeedbackStatus,
    RegimeAdvice,
    RegimePerformance,
    Rules,
    Times,
)
from strategic_memory_server.advice.followed import Followed, FollowedLevel
from strategic_memory_server.advice.hysteresis import LeverageWait, PolicyWait, Wait
from strategic_memory_server.advice.rules.reasons import Reason
from strategic_memory_server.advice.rules.rule_table import Comparison
from strategic_memory_server.evidence.view import EvidenceView, PolicyEvidence
from strategic_memory_server.memory.leverage_cap import LeverageCap, in_order
from strategic_memory_server.memory.override import Freeze, Override, Risk, Risks
from strategic_memory_server.memory.policy import Policy

NOW_MS = 1_766_296_800_000
EARLIEST_MS, LATEST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The first and the last millisecond of the years 1 to 9999."""


def advice(label: object = "a", *, leverage_hint: float = 1.5) -> Advice:
    """An advice; another label makes another advice."""
    return Advice(
        preferred_regime="BULL",
        updated_policy=Policy.AGGRESSIVE,
        confidence_boost=0.75,
        leverage_hint=leverage_hint,
        regime_performance=RegimePerformance(avg_pnl=0.3, sample_count=10, wins=7, losses=3),
        current_regime=str(label),
        best_policy=Policy.BALANCED,
        reasons=(Reason("MADE_UP", f"It is {label}.", (Comparison("win_rate", 0.7, ">", 0.6, holds=True),)),),
        version="1.0.0",
    )


def feedback(
    revision: int,
    epoch: str = "e1",
    label: object | None = None,
    *,
    valid_until_ms: int | None = NOW_MS + 180_000,
    computed_at_ms: int = NOW_MS,
) -> Feedback:
    """An active feedback; without a label its advice is that of its place, so that each place has its own."""
    return Feedback(
        advice(f"{epoch}/{revision}" if label is None else label),
        FeedbackStatus.ACTIVE,
        revision=revision,
        epoch=epoch,
        times=Times(computed_at_ms, NOW_MS - 1_000, valid_until_ms),
    )


def renewed(one: Feedback, times: Times) -> Feedback:
    """The same feedback at another time."""
    return replace(one, times=times)


def evidence_view(*, leverage_hint: float = 1.25, cautions: tuple[str, ...] = ("ONE_POLICY_ONLY",)) -> EvidenceView:
    """What 40 trades say about BULL, made by hand: no two numbers of a policy are the same."""
    return EvidenceView(
        regime="BULL",
        recommended_policy=Policy.BALANCED,
        confidence_boost=0.8125,
        leverage_hint=leverage_hint,
        leverage_bound_by="risk:leverage_limits",
        policies=(
            PolicyEvidence(Policy.CONSERVATIVE, 12, None, 0.01, -0.02, 0.04, 0.005, 0.0625, None, 0.75, None),
            PolicyEvidence(Policy.BALANCED, 20, 18.5, 0.1, 0.05, 0.15, 0.09, 0.9, 0.96, 0.99, 0),
            PolicyEvidence(Policy.AGGRESSIVE, 8, 7.25, 0.06, -0.3, 0.42, -0.2, 0.0375, 0.3, 0.6, 150),
        ),
        cautions=cautions,
        observations=40,
    )


def with_evidence(one: Advice) -> Advice:
    """The advice under the evidence rules: with a probe for the current regime, and with the evidence."""
    return replace(
        one,
        rules=Rules.EVIDENCE,
        leverage_bound_by="risk:leverage_limits",
        current=RegimeAdvice("BULL", Policy.BALANCED, 0.6, 1.75, "evidence:kelly", is_probe=True),
        evidence=evidence_view(),
        leverage_caps=(LeverageCap("risk:leverage_limits", 1.75, NOW_MS), LeverageCap("exposure:summary", 2.5)),
    )


TEXT = st.text(max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 2**63 - 1)
TIMES = st.none() | st.integers(EARLIEST_MS, LATEST_MS)


@st.composite
def any_reason(draw: st.DrawFn) -> Reason:
    """A reason with any text and any numbers."""
    comparisons = st.builds(
        Comparison,
        measurement=TEXT,
        value=st.none() | NUMBERS,
        operator=st.sampled_from([">", ">=", "<", "<=", "="]),
        threshold=NUMBERS,
        holds=st.booleans(),
    )
    return Reason(draw(TEXT), draw(TEXT), tuple(draw(st.lists(comparisons, max_size=3))))


POLICIES = st.sampled_from(Policy)
CAPS = st.none() | st.text(min_size=1, max_size=12)
ANY_CAPS = st.lists(st.builds(LeverageCap, TEXT, st.floats(0.0, 1e15), TIMES), max_size=2)

ANY_CURRENT = st.builds(
    RegimeAdvice,
    regime=TEXT,
    policy=POLICIES,
    confidence_boost=NUMBERS,
    leverage_hint=NUMBERS,
    leverage_bound_by=CAPS,
    is_probe=st.booleans(),
)

ANY_EVIDENCE = st.builds(
    EvidenceView,
    regime=TEXT,
    recommended_policy=POLICIES,
    confidence_boost=NUMBERS,
    leverage_hint=NUMBERS,
    leverage_bound_by=CAPS,
    policies=st.lists(
        st.builds(
            PolicyEvidence,
            policy=POLICIES,
            observations=COUNTS,
            effective_observations=st.none() | NUMBERS,
            mean_pnl=NUMBERS,
            interval_low=NUMBERS,
            interval_high=NUMBERS,
            utility=NUMBERS,
            probability_best=NUMBERS,
            probability_beats_conservative=st.none() | NUMBERS,
            probability_mean_positive=NUMBERS,
            more_observations=st.none() | COUNTS,
        ),
        max_size=3,
    ).map(tuple),
    cautions=st.lists(TEXT, max_size=3).map(tuple),
    observations=COUNTS,
)


_ANY_WAIT = st.builds(Wait, since_ms=st.integers(EARLIEST_MS, LATEST_MS), result=st.none() | COUNTS)
_ANY_LEVEL = st.builds(
    FollowedLevel,
    policy=POLICIES,
    leverage=NUMBERS,
    policy_waits=st.none() | st.builds(PolicyWait, asked=POLICIES, wait=_ANY_WAIT),
    leverage_waits=st.none() | st.builds(LeverageWait, asked=NUMBERS, wait=_ANY_WAIT),
)
ANY_FOLLOWED = st.builds(Followed, preferred=_ANY_LEVEL, current=st.none() | _ANY_LEVEL)


_ANY_RISK = st.builds(
    Risk, policy=POLICIES, leverage_hint=st.floats(0.0, 1e15), leverage_bound_by=CAPS, is_probe=st.booleans()
)
_KNOWN_TIMES = st.integers(EARLIEST_MS, LATEST_MS)
ANY_OVERRIDE = st.builds(
    Override,
    policy=st.none() | POLICIES,
    leverage=st.none() | NUMBERS,
    is_forced=st.booleans(),
    reason=TEXT,
    set_by=TEXT,
    set_at_ms=_KNOWN_TIMES,
    until_ms=_KNOWN_TIMES,
    without=st.none()
    | st.builds(Risks, preferred=_ANY_RISK, current=st.none() | _ANY_RISK, evidence=st.none() | _ANY_RISK),
)
ANY_FREEZE = st.builds(
    Freeze,
    revision=COUNTS,
    epoch=TEXT,
    reason=TEXT,
    set_by=TEXT,
    set_at_ms=_KNOWN_TIMES,
    until_ms=_KNOWN_TIMES,
)


_SHARES = st.floats(0.0, 1.0)
ANY_GUARD = st.builds(
    GuardReading,
    factor=st.floats(0.5, 1.0),
    since_ms=st.none() | _KNOWN_TIMES,
    results=COUNTS,
    recent_spread=NUMBERS,
    usual_spread=NUMBERS,
    recent_largest_share=_SHARES,
    usual_largest_share=_SHARES,
)


@st.composite
def any_feedback(draw: st.DrawFn) -> Feedback:
    """Any feedback that can be said."""
    performance = st.builds(RegimePerformance, avg_pnl=NUMBERS, sample_count=COUNTS, wins=COUNTS, losses=COUNTS)
    return Feedback(
        advice=Advice(
            preferred_regime=draw(TEXT),
            updated_policy=draw(POLICIES),
            confidence_boost=draw(NUMBERS),
            leverage_hint=draw(NUMBERS),
            regime_performance=draw(st.none() | performance),
            current_regime=draw(TEXT),
            best_policy=draw(st.none() | POLICIES),
            reasons=tuple(draw(st.lists(any_reason(), max_size=3))),
            version=draw(TEXT),
            rules=draw(st.sampled_from(Rules)),
            leverage_bound_by=draw(CAPS),
            current=draw(st.none() | ANY_CURRENT),
            evidence=draw(st.none() | ANY_EVIDENCE),
            leverage_caps=in_order(draw(ANY_CAPS)),
            followed=draw(st.none() | ANY_FOLLOWED),
            override=draw(st.none() | ANY_OVERRIDE),
            freeze=draw(st.none() | ANY_FREEZE),
            guard=draw(st.none() | ANY_GUARD),
        ),
        status=draw(st.sampled_from(FeedbackStatus)),
        revision=draw(COUNTS),
        epoch=draw(TEXT),
        times=Times(draw(TIMES), draw(TIMES), draw(TIMES)),
    )
