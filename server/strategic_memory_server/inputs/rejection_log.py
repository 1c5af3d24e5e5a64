"""RejectionLog: says in the log what was rejected, a few lines in a while however much it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import structlog

from strategic_memory_server.entries.rejections import RejectedInput

PERIOD_S = 10.0
INPUTS_SHOWN = 5

logger = structlog.get_logger(__name__)


class RejectionLog:
    """Writes up to INPUTS_SHOWN lines about single inputs in each PERIOD_S, and one that counts the others."""

    def __init__(self) -> None:
        self._began_s = -math.inf
        self._shown = 0
        self._counted = False
        self._untold = 0

    def write(self, fresh: Sequence[RejectedInput], now_s: float) -> None:
        """Say what has newly been rejected. Call it after every load, also when nothing was.

        Args:
            fresh: what was rejected for the first time.
            now_s: time of a clock that only goes forward, seconds.
        """
        if now_s - self._began_s >= PERIOD_S:
            self._began_s, self._shown, self._counted = now_s, 0, False
        shown = fresh[: INPUTS_SHOWN - self._shown]
        for entry in shown:
            logger.warning(
                "Input rejected",
                source=entry.source,
                reason=entry.reason,
                entry_id=entry.entry_id or None,
                excerpt=entry.excerpt,
            )
        self._shown += len(shown)
        self._untold += len(fresh) - len(shown)
        if self._untold and not self._counted:
            logger.warning("More inputs rejected", count=self._untold)
            self._untold, self._counted = 0, True
