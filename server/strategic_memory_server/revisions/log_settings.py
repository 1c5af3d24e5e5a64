"""LogSettings: how much of the feedback log is kept."""

from __future__ import annotations

from dataclasses import dataclass

RECENT_REVISIONS = 256
"""Newest revisions that are kept in memory, unless a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The feedback log.

    Attributes:
        retained_revisions: revisions kept in Redis.
        recent_revisions: newest revisions kept in memory.
    """

    retained_revisions: int = 10_000
    recent_revisions: int = RECENT_REVISIONS
