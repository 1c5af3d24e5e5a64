"""FailedReads: says in the log that Redis cannot be read for callers, once in a while however often they ask."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable

import structlog

from strategic_memory_server.redis_access.redis_connection import describe_failure

PERIOD_S = 60.0
"""So often it is said, seconds: Redis can be away for days, and callers try again and again."""

logger = structlog.get_logger(__name__)


class FailedReads:
    """Writes one line about each kind of reading in each PERIOD_S, for all portfolios of a process together.

    The next line counts those that were left out, as long as it is of the same outage.

    Args:
        clock_s: a clock that only goes forward, seconds.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._told_s: defaultdict[str, float] = defaultdict(lambda: -math.inf)
        self._untold: Counter[str] = Counter()

    def tell(self, what: str, error: Exception) -> None:
        """Say that something cannot be read, and why; `what` is one of a few sentences."""
        now_s = self._clock_s()
        since_s = now_s - self._told_s[what]
        if since_s < PERIOD_S:
            self._untold[what] += 1
            return
        self._told_s[what] = now_s
        untold = self._untold.pop(what, 0)
        logger.warning(what, error=describe_failure(error), left_out=untold if since_s < 2 * PERIOD_S else 0)
