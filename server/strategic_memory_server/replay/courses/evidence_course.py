"""What the evidence has said over a record: the service's own sums and estimator."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from strategic_memory_server.evidence.estimate import RegimeEstimate
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.exploration import NOTHING_TRIED, explore
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.replay.courses.course import Advised, Course, decisions_of
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Progress, Record

_NOT_KNOWN = ("", UNKNOWN_REGIME)
"""Regimes in which the service tries nothing either."""


class EvidenceRules:
    """The evidence in the regime that is present: that of the newest observation, or trade where none is observed.

    The sums take in every trade with a policy, whatever the cadence of the decisions.

    Args:
        record: what they are brought forward over.
        settings: how evidence is weighed.
    """

    def __init__(self, record: Record, settings: EvidenceSettings) -> None:
        self._settings = settings
        self._exploring = replace(settings, explore=True)
        self._exploration = NOTHING_TRIED
        self._names = record.regime_names
        self._sums = EvidenceSums(settings.decay)
        entries = record.entries
        counts = (entries.kind == Kind.TRADE) & (entries.policy >= 0) & ~record.repeated
        self._trades, self._taken = np.flatnonzero(counts), 0
        self._seen = np.flatnonzero(entries.kind == record.regime_kind)
        self._entries = entries
        self._regime = -1

    def move_to(self, place: int) -> None:
        """Take in the entries before a place of the record. A trade whose id was seen before counts no more."""
        end = int(np.searchsorted(self._trades, place))
        trades, self._taken = self._trades[self._taken : end], end
        columns = (self._entries.regime[trades].tolist(), self._entries.policy[trades].tolist())
        for code, policy, pnl in zip(*columns, self._entries.pnl[trades].tolist(), strict=True):
            self._sums = updated(self._sums, self._names[code], policy, pnl)
        seen = int(np.searchsorted(self._seen, place))
        if seen:
            self._regime = int(self._entries.regime[self._seen[seen - 1]])

    def said(self) -> RegimeEstimate:
        """Give what the evidence says of the regime that is present."""
        (said,) = estimate(self._sums, [self._names[self._regime] if self._regime >= 0 else ""], self._settings).regimes
        return said

    def advise(self) -> tuple[Advised, Advised]:
        """Advise what the evidence recommends, and what is followed while policies are explored."""
        said = self.said()
        followed = said.recommended
        if said.regime not in _NOT_KNOWN:
            followed, self._exploration = explore(self._exploration, said, self._exploring)
        return (
            self._advised(said, said.recommended, said.confidence_boost),
            self._advised(said, followed, said.policies[followed].probability_mean_positive),
        )

    def _advised(self, said: RegimeEstimate, policy: Policy, confidence: float) -> Advised:
        return Advised(
            policy=int(policy),
            advised=True,
            confidence=confidence,
            regime=self._regime,
            probability_best=tuple(each.probability_best for each in said.policies),
        )


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceCourses:
    """What comes of the evidence.

    Attributes:
        recommended: what it recommends.
        exploring: what is followed where policies are explored; elsewhere what it recommends.
    """

    recommended: Course
    exploring: Course


def evidence_courses(record: Record, settings: EvidenceSettings, every: int, progress: Progress) -> EvidenceCourses:
    """Judge the current regime at each decision point, and after the last entry.

    Args:
        record: what happened.
        settings: how evidence is weighed, and how policies are explored.
        every: entries from one decision to the next.
        progress: told how much is done, 0 to 1.
    """
    recommended, exploring = decisions_of(record, EvidenceRules(record, settings), every, progress)
    return EvidenceCourses(
        Course(every, recommended, tells_probabilities=True), Course(every, exploring, tells_probabilities=True)
    )
