"""Advice and feedback as the service holds them, made by hand or by hypothesis."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from strategic_memory_server.feedback import Advice, Feedback, FeedbackStatus, RegimePerformance, Times
from strategic_memory_server.policy import Policy
from strategic_memory_server.rules.reasons import Reason
from strategic_memory_server.rules.rule_table import Comparison

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


@st.composite
def any_feedback(draw: st.DrawFn) -> Feedback:
    """Any feedback that can be said."""
    performance = st.builds(RegimePerformance, avg_pnl=NUMBERS, sample_count=COUNTS, wins=COUNTS, losses=COUNTS)
    return Feedback(
        advice=Advice(
            preferred_regime=draw(TEXT),
            updated_policy=draw(st.sampled_from(Policy)),
            confidence_boost=draw(NUMBERS),
            leverage_hint=draw(NUMBERS),
            regime_performance=draw(st.none() | performance),
            current_regime=draw(TEXT),
            best_policy=draw(st.none() | st.sampled_from(Policy)),
            reasons=tuple(draw(st.lists(any_reason(), max_size=3))),
            version=draw(TEXT),
        ),
        status=draw(st.sampled_from(FeedbackStatus)),
        revision=draw(COUNTS),
        epoch=draw(TEXT),
        times=Times(draw(TIMES), draw(TIMES), draw(TIMES)),
    )
