"""Scope: what a caller may do."""

from __future__ import annotations

import enum


class Scope(enum.Enum):
    """A part of the service."""

    READ = "read"
    """The advice: GetFeedback, StreamFeedback, ListPortfolios; over HTTP the page, `/metrics`."""
    ANALYZE = "analyze"
    """Analyze, whose work the caller chooses."""
    ADMIN = "admin"
    """StrategicMemoryAdminService: the hand of an operator on the advice, which whoever reads it follows."""
