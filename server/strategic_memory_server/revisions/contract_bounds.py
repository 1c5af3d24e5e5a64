"""What a feedback that is served has to be, whoever wrote it to Redis: the bounds of the contract.

Another program can write to the log. Whatever is read from it is held to these bounds before it is served, and what
this service writes is held to them before it is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, Times
from strategic_memory_server.advice.followed import FollowedLevel
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.evidence.view import EvidenceView
from strategic_memory_server.memory.leverage_cap import HIGHEST_LEVERAGE, NO_CAPS, LeverageCaps, capped
from strategic_memory_server.memory.override import LONGEST_MS, LONGEST_REASON, Freeze, Override

LONGEST_VALIDITY_MS = 3 * 86_400_000
"""The longest validity that the settings allow, milliseconds: three intervals of a day; `prelude.lua` knows it too."""
LONGEST_NAME = 3 * 64
"""Longest name of a regime: an input may have 64 characters, and some become three in upper case."""

_ROUNDING = 1e-9
_EPOCH = re.compile(r"[A-Za-z0-9_-]{1,64}")


def outside_contract(feedback: Feedback) -> str | None:
    """Say what about a revision is outside the bounds of the contract, naming the field; None: nothing is."""
    return next(_findings(feedback), None)


def times_outside_contract(times: Times) -> str | None:
    """Say what about some times is outside the bounds; None: nothing is."""
    computed_at_ms, valid_until_ms = times.computed_at_ms, times.valid_until_ms
    if valid_until_ms is None:
        return None
    if computed_at_ms is None:
        return "valid_until is told without timestamp"
    validity_ms = valid_until_ms - computed_at_ms
    return f"valid_until is {validity_ms} ms after timestamp" if validity_ms > LONGEST_VALIDITY_MS else None


def intervention_outside_contract(intervention: Intervention) -> str | None:
    """Say what about an intervention is outside the bounds, naming the field; None: nothing is."""
    return next(_of_intervention(intervention), None)


def is_epoch(text: str) -> bool:
    """Tell whether a text can name an epoch."""
    return _EPOCH.fullmatch(text) is not None


def _findings(feedback: Feedback) -> Iterator[str]:
    if feedback.status is not FeedbackStatus.ACTIVE:
        yield f"status is {feedback.status.value}"
    if not is_epoch(feedback.epoch):
        yield "epoch is no name of an epoch"
    if feedback.revision < 1:
        yield "revision is 0"
    if feedback.times.valid_until_ms is None:
        yield "valid_until is absent"
    if (wrong := times_outside_contract(feedback.times)) is not None:
        yield wrong
    yield from _of_advice(feedback.advice)
    if feedback.advice.evidence is not None:
        yield from _of_evidence(feedback.advice.evidence)


def _of_advice(advice: Advice) -> Iterator[str]:
    yield from _name("preferred_regime", advice.preferred_regime)
    yield from _name("current_regime", advice.current_regime)
    yield from _share("confidence_boost", advice.confidence_boost)
    yield from _leverage("leverage_hint", advice.leverage_hint, advice.leverage_caps)
    if advice.regime_performance is not None:
        yield from _finite("regime_performance.avg_pnl", advice.regime_performance.avg_pnl)
    current = advice.current
    if current is not None:
        yield from _name("current.regime", current.regime)
        yield from _share("current.confidence_boost", current.confidence_boost)
        yield from _leverage("current.leverage_hint", current.leverage_hint, advice.leverage_caps)
    if advice.followed is not None:
        yield from _of_followed("followed.preferred", advice.followed.preferred)
        if advice.followed.current is not None:
            yield from _of_followed("followed.current", advice.followed.current)
    if advice.override is not None:
        yield from _of_override(advice.override)
    if advice.freeze is not None:
        yield from _of_hand("freeze", advice.freeze)
    if advice.guard is not None:
        yield from _of_guard(advice.guard)


def _of_guard(guard: GuardReading) -> Iterator[str]:
    for field in ("factor", "recent_largest_share", "usual_largest_share"):
        yield from _share(f"guard.{field}", getattr(guard, field))
    for field in ("recent_spread", "usual_spread"):
        yield from _finite(f"guard.{field}", getattr(guard, field))


def _of_followed(where: str, level: FollowedLevel) -> Iterator[str]:
    yield from _leverage(f"{where}.leverage", level.leverage)
    if level.leverage_waits is not None:
        yield from _leverage(f"{where}.leverage_waits.asked", level.leverage_waits.asked)


def _of_intervention(intervention: Intervention) -> Iterator[str]:
    if intervention.override is not None:
        yield from _of_override(intervention.override)
    if intervention.freeze is not None:
        yield from _of_hand("freeze", intervention.freeze)
    if intervention.frozen is not None:
        yield from _of_advice(intervention.frozen)


def _of_override(override: Override) -> Iterator[str]:
    yield from _of_hand("override", override)
    if override.leverage is not None:
        yield from _leverage("override.leverage", override.leverage)
    if (without := override.without) is not None:
        for risk in (without.preferred, without.current, without.evidence):
            if risk is not None:
                yield from _leverage("override.without", risk.leverage_hint)


def _of_hand(where: str, said: Override | Freeze) -> Iterator[str]:
    # They are never None but where somebody else wrote them.
    times = said.set_at_ms, said.until_ms
    if None in times or not said.set_at_ms < said.until_ms <= said.set_at_ms + LONGEST_MS:
        yield f"{where}.until is not within a day of {where}.set_at"
    if len(said.reason) > LONGEST_REASON:
        yield f"{where}.reason has {len(said.reason)} characters"
    if len(said.set_by) > LONGEST_NAME:
        yield f"{where}.set_by has {len(said.set_by)} characters"


def _of_evidence(evidence: EvidenceView) -> Iterator[str]:
    yield from _name("evidence.regime", evidence.regime)
    yield from _share("evidence.confidence_boost", evidence.confidence_boost)
    yield from _leverage("evidence.leverage_hint", evidence.leverage_hint)
    for policy in evidence.policies:
        where = f"evidence.policies.{policy.policy.name}"
        for field in ("mean_pnl", "interval_low", "interval_high", "utility"):
            yield from _finite(f"{where}.{field}", getattr(policy, field))
        for field in ("probability_best", "probability_beats_conservative", "probability_mean_positive"):
            if (value := getattr(policy, field)) is not None:
                yield from _share(f"{where}.{field}", value)


def _name(field: str, name: str) -> Iterator[str]:
    if len(name) > LONGEST_NAME:
        yield f"{field} has {len(name)} characters"


def _share(field: str, value: float) -> Iterator[str]:
    yield from _within(field, value, 1.0)


def _leverage(field: str, value: float, caps: LeverageCaps = NO_CAPS) -> Iterator[str]:
    yield from _within(field, value, capped(HIGHEST_LEVERAGE, caps)[0])


def _within(field: str, value: float, highest: float) -> Iterator[str]:
    # NaN compares false.
    if not -_ROUNDING <= value <= highest + _ROUNDING:
        yield f"{field} is {value!r}, which is not from 0 to {highest:g}"


def _finite(field: str, value: float) -> Iterator[str]:
    if not math.isfinite(value):
        yield f"{field} is {value!r}"
