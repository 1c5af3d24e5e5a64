"""SyncStatus: how the sync loop is doing, as one immutable value for health, metrics and the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strategic_memory_server.advice.held_advice import Flap
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME, SourceReport


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """State after a cycle; replaced whole after each.

    Attributes:
        iteration: cycles that were completed.
        failures: cycles that failed since the last one that was completed.
        failure: why the last cycle failed; None when it did not.
        outcome: what the last completed cycle did: "none", "published", "confirmed", or the code of the reason why
            there was no advice.
        explanation: sentence for an outcome without advice; empty otherwise.
        samples: entries it used.
        best_regime: regime it preferred.
        policy: policy it advised.
        confidence: confidence boost of its advice.
        elapsed_s: how long it took, seconds.
        completed_at_ms: when it ended, milliseconds since 1970-01-01 UTC; None before the first one.
        trades_remembered: trades that the long memory rests on.
        catching_up: whether more is in the streams than it has read so far: the next cycle begins at once.
        sources: what each source contributed to it.
        is_overridden: whether its advice, or the safe values, were under the hand of an operator.
        flaps: how often more risk was asked for and taken back before it was followed, while this server led.
    """

    iteration: int = 0
    failures: int = 0
    failure: str | None = None
    outcome: str = "none"
    explanation: str = ""
    samples: int = 0
    best_regime: str = UNKNOWN_REGIME
    policy: Policy = Policy.CONSERVATIVE
    confidence: float = 0.0
    elapsed_s: float = 0.0
    completed_at_ms: int | None = None
    trades_remembered: int = 0
    catching_up: bool = False
    sources: tuple[SourceReport, ...] = ()
    flaps: Mapping[Flap, int] = field(default_factory=dict)
    is_overridden: bool = False
