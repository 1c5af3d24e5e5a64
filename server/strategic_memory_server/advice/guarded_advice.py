"""An advice under the drawdown guard: every leverage in it is multiplied by the factor of the guard. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from strategic_memory_server.advice.drawdown_guard import GuardReading, under_guard
from strategic_memory_server.advice.feedback import Advice, RegimeAdvice, Rules, Times
from strategic_memory_server.advice.override import risks_of, with_risks
from strategic_memory_server.advice.rules.guard_reasons import CODES, guard_reasons
from strategic_memory_server.evidence.view import EvidenceView
from strategic_memory_server.memory.override import Risk
from strategic_memory_server.memory.policy import Policy

OfRegimeT = TypeVar("OfRegimeT", RegimeAdvice, EvidenceView)


def guarded(advice: Advice, reading: GuardReading) -> Advice:
    """Return an advice under the guard.

    Args:
        advice: what is advised without it, or with it as it stood before.
        reading: how it stands.
    """
    before = 1.0 if advice.guard is None else advice.guard.factor
    # Where the guard has let go since, what was held goes on as it was said: it never raises anything.
    factor = min(reading.factor / before, 1.0)

    def lowered(risk: Risk) -> Risk:
        hint, bound_by = under_guard(risk.leverage_hint, risk.leverage_bound_by, factor)
        return replace(risk, leverage_hint=hint, leverage_bound_by=bound_by)

    reasons = tuple(reason for reason in advice.reasons if reason.code not in CODES)
    return replace(
        with_risks(advice, risks_of(advice).each(lowered)),
        guard=reading,
        reasons=(*reasons, *guard_reasons(reading)),
    )


def regime_under_guard(said: OfRegimeT, reading: GuardReading | None) -> OfRegimeT:
    """Return what is advised for a regime, or what the evidence says of it, under the guard; None: there is none."""
    if reading is None:
        return said
    hint, bound_by = under_guard(said.leverage_hint, said.leverage_bound_by, reading.factor)
    return replace(said, leverage_hint=hint, leverage_bound_by=bound_by)


def advised_policy(advice: Advice) -> Policy:
    """Return the policy that counts as the one advised to a trade: the one that a replay judges the rules by.

    By the reference rules it is that for the preferred regime; by the evidence that for the current one.
    """
    if advice.rules is Rules.EVIDENCE and advice.current is not None:
        return advice.current.policy
    return advice.updated_policy


def said_ms(times: Times, now_ms: int) -> int:
    """Return when an advice counts as said: nothing that it rests on is later, whatever the clock of the server says.

    Args:
        times: its times.
        now_ms: the time now, milliseconds since 1970-01-01 UTC.
    """
    return max(now_ms, times.data_as_of_ms or now_ms)
