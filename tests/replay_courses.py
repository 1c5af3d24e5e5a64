"""What was advised over a record when each of its entries came."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.replay.courses.course import Course, Decisions
from strategic_memory_server.replay.record.record import Record

EVIDENCE = EvidenceSettings(decay=0.98, minimum_weight=3.0, required_probability=0.55)
"""Settings under which a few hundred trades lead to different advice."""


def in_force(course: Course, record: Record) -> Decisions:
    """Return for each entry the decision in force when it came."""
    decisions: Decisions = course.decisions[course.in_force(np.arange(len(record)))]
    return decisions
