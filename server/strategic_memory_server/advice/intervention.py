"""Intervention: what operators have said about the advice, and what comes of it. The last step before publishing.

Pure: the same advice and the same intervention give the same advice. Caps on leverage bind after it, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus
from strategic_memory_server.advice.guarded_advice import guarded
from strategic_memory_server.advice.override import overridden, risks_of, under_caps, with_risks
from strategic_memory_server.advice.rules.override_reasons import frozen_by
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.memory.override import Freeze, Override

ENDS_EARLY_MS = 250
"""So long before its end an intervention is lifted: what comes after it is known before its validity has passed."""


@dataclass(frozen=True, slots=True)
class Intervention:
    """What operators have said.

    Attributes:
        number: grows by one with each thing that is said; 0: nothing ever was.
        override: what is allowed or set; None: nothing.
        freeze: which revision is held; None: none.
        frozen: what the rules said in it; None: nothing is held.
    """

    number: int = 0
    override: Override | None = None
    freeze: Freeze | None = None
    frozen: Advice | None = None

    @property
    def ends_ms(self) -> int | None:
        """When the first part of it ends, milliseconds since 1970-01-01 UTC; None: there is nothing to end."""
        return min((part.until_ms for part in (self.override, self.freeze) if part is not None), default=None)

    def bounded(self, valid_until_ms: int) -> int:
        """Return until when an advice under it holds: no part of it outlives its end, even where nobody leads then."""
        return valid_until_ms if self.ends_ms is None else min(valid_until_ms, self.ends_ms)

    def at(self, now_ms: int) -> Intervention:
        """Return what is left of it at a moment."""
        override, freeze = self.override, self.freeze
        if override is not None and override.until_ms <= now_ms:
            override = None
        if freeze is not None and freeze.until_ms <= now_ms:
            freeze = None
        return Intervention(self.number, override, freeze, None if freeze is None else self.frozen)


NO_INTERVENTION = Intervention()


def intervene(
    advice: Advice, intervention: Intervention, caps: LeverageCaps, guard: GuardReading | None = None
) -> Advice:
    """Return what is published.

    Args:
        advice: what the rules say under the caps in force.
        intervention: what operators say just now, nothing of which has ended.
        caps: the caps on leverage of other modules in force.
        guard: how the drawdown guard stands, which lowers what is held as well; None: it is off.
    """
    if intervention.freeze is not None and intervention.frozen is not None:
        frozen = intervention.frozen if guard is None else guarded(intervention.frozen, guard)
        advice = _held(frozen, intervention.freeze, caps)
    return advice if intervention.override is None else overridden(advice, intervention.override)


def is_under(feedback: Feedback, intervention: Intervention) -> bool:
    """Tell whether a feedback is under what operators say: one of a version that knows of no operators is not.

    The safe values are under an override as well; nothing is held where they stand.
    """
    override = feedback.advice.override
    bounds = intervention.override in (None, override and replace(override, without=None))
    holds = intervention.freeze in (None, feedback.advice.freeze) or feedback.status is not FeedbackStatus.ACTIVE
    return bounds and holds


def _held(frozen: Advice, freeze: Freeze, caps: LeverageCaps) -> Advice:
    """Return an advice that is held, under the caps of now."""
    return replace(
        with_risks(frozen, under_caps(risks_of(frozen), caps)),
        leverage_caps=caps,
        freeze=freeze,
        reasons=(frozen_by(freeze), *frozen.reasons),
    )
