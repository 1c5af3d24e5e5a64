"""The line of the log that a completed cycle writes (contract 3.4)."""

from __future__ import annotations

import structlog

from strategic_memory_server.sync.sync_status import SyncStatus

logger = structlog.get_logger(__name__)


def log_completion(status: SyncStatus) -> None:
    """Write the line of a cycle of the server that leads."""
    hand = {"is_overridden": True} if status.is_overridden else {}
    logger.info(
        "Memory sync iteration complete",
        iteration=status.iteration,
        samples=status.samples,
        best_regime=status.best_regime,
        policy=status.policy.name,
        confidence=status.confidence,
        elapsed_ms=round(status.elapsed_s * 1000, 3),
        outcome=status.outcome,
        **hand,
    )
