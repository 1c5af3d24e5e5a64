"""What the evidence has said over a record: the service's own sums and estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from strategic_memory_server.evidence.estimate import RegimeEstimate
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.exploration import NOTHING_TRIED, explore
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.replay.course import Advised, Course, courses_of
from strategic_memory_server.replay.entry_columns import Kind
from strategic_memory_server.replay.record import Progress, Record, Stretch

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
        self._regime_kind = record.regime_kind
        self._sums = EvidenceSums(settings.decay)
        self._regime = -1
        self._stretch: Stretch | None = None
        self._place = 0

    def enter(self, stretch: Stretch) -> None:
        """Take the next entries to move over."""
        self._stretch, self._place = stretch, 0

    def move_to(self, place: int) -> None:
        """Take in the entries before a place of the stretch. A trade whose id was seen before counts no more."""
        if self._stretch is None or place == self._place:
            return
        part = slice(self._place, place)
        entries, self._place = self._stretch.entries, place
        kind, regime = entries.kind[part], entries.regime[part]
        counts = np.flatnonzero((kind == Kind.TRADE) & (entries.policy[part] >= 0) & ~self._stretch.repeated[part])
        columns: Sequence[list[int]] = (regime[counts].tolist(), entries.policy[part][counts].tolist())
        for code, policy, pnl in zip(*columns, entries.pnl[part][counts].tolist(), strict=True):
            self._sums = updated(self._sums, self._names[code], policy, pnl)
        seen = np.flatnonzero(kind == self._regime_kind)
        if seen.size:
            self._regime = int(regime[seen[-1]])

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
    recommended, exploring = (Course(every, record.storage, tells_probabilities=True) for _ in range(2))
    courses_of(record, EvidenceRules(record, settings), (recommended, exploring), every, progress)
    return EvidenceCourses(recommended, exploring)
