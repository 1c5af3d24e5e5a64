"""What the evidence has said over a record: the service's own sums and estimator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strategic_memory_server.columns import IndexColumn
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.policy import Policy
from strategic_memory_server.replay.course import Course
from strategic_memory_server.replay.decision_points import decision_points
from strategic_memory_server.replay.entry_columns import Kind
from strategic_memory_server.replay.record import Progress, Record

TOLD_EVERY = 200
"""Decisions between two words about the progress."""


def evidence_course(record: Record, settings: EvidenceSettings, every: int, progress: Progress) -> Course:
    """Judge the current regime at each decision point, and after the last entry.

    The sums take in every trade with a policy, whatever the cadence of the decisions.

    Args:
        record: what happened.
        settings: how evidence is weighed.
        every: entries from one decision to the next.
        progress: told how much is done, 0 to 1.
    """
    points = np.append(decision_points(record.entries.time_ms, every), len(record))
    regime = current_regimes(record, points)
    policy = np.full(points.size, Policy.CONSERVATIVE, dtype=np.int8)
    confidence = np.zeros(points.size)
    probability_best = np.zeros((points.size, len(Policy)))
    sums, start = EvidenceSums(settings.decay), 0
    names = record.regime_names
    for number, place in enumerate(points.tolist()):
        sums, start = _with_trades(sums, record, start, place), place
        current = names[regime[number]] if regime[number] >= 0 else ""
        (said,) = estimate(sums, [current], settings).regimes
        policy[number] = said.recommended
        confidence[number] = said.confidence_boost
        probability_best[number] = [each.probability_best for each in said.policies]
        if number % TOLD_EVERY == 0:
            progress(number / points.size)
    progress(1.0)
    return Course(every, points, policy, np.ones(points.size, dtype=np.bool_), confidence, regime, probability_best)


def current_regimes(record: Record, points: IndexColumn) -> IndexColumn:
    """Give the regime that was present before each place: of the newest observation, or trade where none is observed.

    -1 where there was none yet.
    """
    kinds = record.entries.kind
    places = np.flatnonzero(kinds == Kind.REGIME)
    if not places.size:
        places = np.flatnonzero(kinds == Kind.TRADE)
    if not places.size:
        return np.full(points.size, -1, dtype=np.int64)
    last = np.searchsorted(places, points) - 1
    found = record.entries.regime[places[np.maximum(last, 0)]].astype(np.int64)
    return np.where(last >= 0, found, -1)


def _with_trades(sums: EvidenceSums, record: Record, start: int, end: int) -> EvidenceSums:
    """Add the trades from one place up to another. One whose id was seen before counts no more."""
    entries = record.entries
    counts = (entries.kind[start:end] == Kind.TRADE) & (entries.policy[start:end] >= 0) & ~record.repeated[start:end]
    places = start + np.flatnonzero(counts)
    columns: Sequence[list[int] | list[float]] = (entries.regime[places].tolist(), entries.policy[places].tolist())
    for regime, policy, pnl in zip(*columns, entries.pnl[places].tolist(), strict=True):
        sums = updated(sums, record.regime_names[int(regime)], int(policy), pnl)
    return sums
