"""What a server says while it knows of a lower cap on leverage than the log does."""

from __future__ import annotations

from dataclasses import replace

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus
from strategic_memory_server.advice.override import risks_of, under_caps, with_risks
from strategic_memory_server.advice.rules.reasons import leverage_capped
from strategic_memory_server.memory.leverage_cap import LeverageCaps, capped, in_order


def withheld(said: Feedback, lower: LeverageCaps, ended_ms: int) -> Feedback | None:
    """Return a feedback under lower caps, with the safe values; None: they lower nothing in it.

    Args:
        said: what the log says, before its validity is looked at.
        lower: caps that it does not know yet.
        ended_ms: its validity has ended then, milliseconds since 1970-01-01 UTC.
    """
    caps = in_order({cap.source: cap for cap in (*said.advice.leverage_caps, *lower)}.values())
    risks = risks_of(said.advice)
    if (lowered := under_caps(risks, caps)) == risks:
        return None
    reasons, hint = said.advice.reasons, said.advice.leverage_hint
    if (cap := capped(hint, caps)[1]) is not None:
        reasons = (leverage_capped(cap, hint), *reasons)
    advice = replace(with_risks(said.advice, lowered), leverage_caps=caps, reasons=reasons)
    under = replace(said, advice=advice)
    if said.status is not FeedbackStatus.ACTIVE:
        return under
    return replace(under, times=replace(said.times, valid_until_ms=ended_ms)).at(ended_ms + 1)
