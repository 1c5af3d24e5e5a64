"""Scope: what a caller may do."""

from __future__ import annotations

import enum


class Scope(enum.Enum):
    """A part of the service."""

    READ = "read"
    """The advice: GetFeedback, StreamFeedback; over HTTP `/metrics`."""
    ANALYZE = "analyze"
    """Analyze, whose work the caller chooses."""


ALL = frozenset(Scope)
