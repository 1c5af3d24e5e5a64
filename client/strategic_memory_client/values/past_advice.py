"""What past advice was worth, as an analysis tells it. None: not defined; a 0 was measured. "pnl" is the inputs' unit.

It shows what came after the advice, not what the advice has caused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strategic_memory_client.values.figures import Interval, IntervalMethod
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.results import Rules
from strategic_memory_client.values.unchanging import Unchanging


class AdviceSubject(StrEnum):
    """What a confidence was said about."""

    PREFERRED_REGIME = "PREFERRED_REGIME"
    """`confidence_boost`: trades in the preferred regime, under the evidence rules those with the policy advised."""
    CURRENT_REGIME = "CURRENT_REGIME"
    """`current.confidence_boost`: trades in the current regime, under the evidence rules those with that policy."""
    EVIDENCE = "EVIDENCE"
    """`evidence.confidence_boost`: trades in the current regime with the policy that the evidence recommends there."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin(Unchanging):
    """Confidences that fell into one range."""

    low: float
    """Lower end of the range, included."""
    high: float
    """Upper end, excluded but for 1."""
    statements: int
    """How many there are."""
    mean_confidence: float | None
    """Their mean. None without one."""
    frequency: float | None
    """Share of them that came true, 0 to 1. None without one."""
    frequency_interval: Interval | None
    """Interval of Wilson of that share. None without one."""


@dataclass(frozen=True, slots=True)
class AdviceCalibration(Unchanging):
    """Confidences about one subject against what then happened.

    Each is judged by the next `run_trades` trades that it is about, in the order of their openings, beginning with one
    before whose opening it was in force, by whether they earned anything together. No trade judges two of them.
    """

    subject: AdviceSubject | None
    """What they are about. None: something that this library does not know."""
    rules: Rules | None
    """Rules in charge when they were said. None: some that this library does not know."""
    version: str
    """Version of these, for example "1.0.0"."""
    revisions: int
    """Revisions that said one."""
    run_trades: int
    """Trades that one is judged by."""
    statements: int
    """Confidences that could be judged: enough trades came after, and they did not earn exactly 0."""
    base_rate: float | None
    """Share of them that came true, 0 to 1. None without one."""
    brier_score: float | None
    """Mean of (confidence - outcome)^2, 0 (always right and sure) to 1; 0.25 for always saying 0.5.

    None without one."""
    expected_calibration_error: float | None
    """Mean distance between the mean confidence and the share that came true of a bin. None without one."""
    bins: tuple[ReliabilityBin, ...]
    """Ten ranges of confidence of equal width, ascending."""


@dataclass(frozen=True, slots=True)
class AfterRevision(Unchanging):
    """Trades around one revision."""

    epoch: str
    """Name of the log that it counts in."""
    revision: int
    """Its number."""
    said: datetime | None
    """When it was said (aware, UTC)."""
    preferred_regime: str
    """The regime that it preferred."""
    updated_policy: Policy | None
    """The policy that it advised there. None: one that this library does not know."""
    trades_before: int
    """Trades since the revision before it, among those compared here, or since the first trade of the window."""
    mean_pnl_before: float | None
    """Their mean pnl. None without one."""
    trades_after: int
    """Trades until the next revision, or until the newest trade."""
    mean_pnl_after: float | None
    """Their mean pnl. None without one."""
    change: float | None
    """Mean pnl after less mean pnl before. None where either is."""


@dataclass(frozen=True, slots=True)
class AfterAdvice(Unchanging):
    """Trades after some revisions against those before them."""

    revisions: int
    """How many revisions there are."""
    compared: int
    """Those of them with trades before and after."""
    mean_change: float | None
    """Mean of their changes, pnl, each counting the same. None without one."""
    mean_change_interval: Interval | None
    """Interval of that mean, pnl. None below two, or where all changes are the same."""
    mean_change_method: IntervalMethod | None
    """How that interval was worked out. None: there is none, or by a way that this library does not know."""
    mean_change_block: int | None
    """Changes of a block of the bootstrap. None for another method."""
    newest: tuple[AfterRevision, ...]
    """The newest of the revisions, at most 50, oldest first."""


@dataclass(frozen=True, slots=True)
class PastAdvice(Unchanging):
    """The newest revisions of the feedback log against the trades of the window that came after them.

    What was advised to a trade is what was in force when it was opened; where that is not known, when it was closed.
    """

    revisions: int
    """Revisions judged."""
    left_out: int
    """Entries of the log that were passed over on the way, because they are no advice of the service."""
    first_said: datetime | None
    """When the oldest of the revisions was said (aware, UTC). None without one."""
    last_said: datetime | None
    """When the newest of them was said. None without one."""
    trades: int
    """Trades of the window that were opened after the oldest of them."""
    calibrations: tuple[AdviceCalibration, ...]
    """Whether confidences came true, by version of the rules and by subject."""
    after_revisions: AfterAdvice
    """Trades between revisions; where nearly every trade makes a revision, one trade against the next."""
    after_changes: AfterAdvice
    """Trades between the revisions that named another preferred regime, or another policy for it."""
    trades_as_of_close: int = 0
    """Those of `trades` that do not say when they were opened: their close counts."""
