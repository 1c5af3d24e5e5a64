"""What the reference rules have advised over a record: the service's own windows, analysis and rules."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.policy import Policy
from strategic_memory_server.reinforcement_feedback import NoAdvice, ReinforcementFeedback
from strategic_memory_server.replay.course import Course
from strategic_memory_server.replay.decision_points import decision_points
from strategic_memory_server.replay.record import Progress, Record
from strategic_memory_server.replay.rolling_memory import RollingMemory
from strategic_memory_server.settings import SyncSettings

TOLD_EVERY = 500
"""Decisions between two words about the progress."""


def reference_course(record: Record, settings: SyncSettings, every: int, progress: Progress) -> Course:
    """Advise by the reference rules at each decision point, and after the last entry.

    Args:
        record: what happened.
        settings: windows and least numbers of samples.
        every: entries from one decision to the next.
        progress: told how much is done, 0 to 1.
    """
    points = np.append(decision_points(record.entries.time_ms, every), len(record))
    memory = RollingMemory(record, settings.windows)
    analyzer = PatternAnalyzer(settings.minimum_policy_trades)
    rules = ReinforcementFeedback(settings.minimum_samples)
    codes = {name: code for code, name in enumerate(record.regime_names)}
    policy = np.full(points.size, Policy.CONSERVATIVE, dtype=np.int8)
    advised = np.zeros(points.size, dtype=np.bool_)
    confidence = np.zeros(points.size)
    regime = np.full(points.size, -1, dtype=np.int64)
    for number, place in enumerate(points.tolist()):
        memory.move_to(place)
        advice = rules.recommend(analyzer.analyze(memory.memory()))
        if not isinstance(advice, NoAdvice):
            policy[number] = advice.updated_policy
            advised[number] = True
            confidence[number] = advice.confidence_boost
            regime[number] = codes[advice.preferred_regime]
        if number % TOLD_EVERY == 0:
            progress(number / points.size)
    progress(1.0)
    return Course(every, points, policy, advised, confidence, regime)
