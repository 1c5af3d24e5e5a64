"""Where a value stands among those of the last so many seconds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque


class RankInTime:
    """The newest value among those of the last `span_s` seconds, itself included: its rank, and their median.

    The rank is the share of them that is below it; ties count half, so that a constant stands at 0.5.
    An update takes time in proportion to the number of values kept, but as one move of memory.
    """

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._in_order: deque[tuple[float, float]] = deque()
        self._sorted: list[float] = []

    def update(self, time_s: float, value: float) -> tuple[float, float]:
        """Take a value; return its rank, 0 to 1, and the median."""
        while self._in_order and self._in_order[0][0] <= time_s - self._span_s:
            _, gone = self._in_order.popleft()
            del self._sorted[bisect_left(self._sorted, gone)]
        self._in_order.append((time_s, value))
        insort(self._sorted, value)
        below, not_above = bisect_left(self._sorted, value), bisect_right(self._sorted, value)
        kept = len(self._sorted)
        median = (self._sorted[(kept - 1) // 2] + self._sorted[kept // 2]) / 2.0
        return (below + not_above) / (2 * kept), median
