"""How long to wait before following is started again after a fault of the program."""

from __future__ import annotations

import random

from strategic_memory_client.values.backoff import Backoff


class RestartDelays:
    """Delays that grow while faults follow one another. Times are seconds on a clock that never goes back."""

    def __init__(self, backoff: Backoff, source: random.Random) -> None:
        self._backoff = backoff
        self._source = source
        self._faults = 0

    def delay_s(self, began_s: float, ended_s: float) -> float:
        """Return the seconds to wait after a run that began and ended by a fault at these times."""
        if ended_s - began_s >= self._backoff.max_s:
            self._faults = 0  # a new trouble, not more of the last one
        delay_s = self._backoff.delay_s(self._faults, self._source)
        self._faults += 1
        return delay_s
