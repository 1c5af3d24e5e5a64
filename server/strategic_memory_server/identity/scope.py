"""Scope: what a caller may do."""

from __future__ import annotations

import enum


class Scope(enum.Enum):
    """A part of the service."""

    READ = "read"
    """The advice: GetFeedback, StreamFeedback; over HTTP `/metrics`."""
    ANALYZE = "analyze"
    """Analyze, whose work the caller chooses."""
    ADMIN = "admin"
    """StrategicMemoryAdminService: the hand of an operator on the advice, which whoever reads it follows."""


OF_ANY_CLIENT = frozenset({Scope.READ, Scope.ANALYZE})
"""What whoever is known may do where nothing says who may do what."""
