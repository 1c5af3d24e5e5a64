"""The longest unbroken run of losses in pnl that is read once."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn


class LosingRun:
    """Counts as `figures.losing_run` does.

    Attributes:
        longest: most losing trades in a row so far.
    """

    def __init__(self) -> None:
        self.longest = 0
        self._current = 0

    def add(self, pnl: FloatColumn) -> None:
        """Take in the next trades."""
        others = np.flatnonzero(pnl >= 0.0)
        if not others.size:
            self._current += pnl.size
            self.longest = max(self.longest, self._current)
            return
        between = int(np.diff(others).max(initial=1)) - 1
        self.longest = max(self.longest, self._current + int(others[0]), between)
        self._current = pnl.size - 1 - int(others[-1])
        self.longest = max(self.longest, self._current)
