"""The 5 % tail of values that are scanned several times, each scan narrowing down where the tail ends.

Numbers in the order of their bits are in the order of their size, once those below 0 are turned over. A scan counts the
values by twelve more bits of the value looked for; when few are left that begin with the known bits, the next scan
collects them. This is the radix selection of D. E. Knuth (1998), "The Art of Computer Programming", volume 3, 5.2.5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.tail_risk import TAIL_ONE_IN, TailRisk

_BITS, _DIGIT = 64, 12
MOST_COLLECTED = 4_096


class TailSearch:
    """Finds value at risk and conditional value at risk, as `figures.tail_risk` defines them.

    Args:
        values: how many values there are, 20 at least.
        most_collected: so many values are held at most.
    """

    def __init__(self, values: int, most_collected: int = MOST_COLLECTED) -> None:
        self._values = values
        self._whole, left = divmod(values, TAIL_ONE_IN)
        self._rank = self._whole if left else self._whole - 1
        self._most = most_collected
        self._known_bits = 0
        self._known = 0
        self._below = 0
        self._left = values
        self._counts: IndexColumn = np.zeros(1 << _DIGIT, dtype=np.int64)
        self._collecting = values <= most_collected
        self._collected: list[FloatColumn] = []
        self._beyond = 0.0
        self.done = False

    def add(self, values: FloatColumn) -> None:
        """Take in the next values of a scan."""
        if self.done:
            return
        bits = _ordered(values)
        begin = bits >> np.uint64(_BITS - self._known_bits) if self._known_bits else np.zeros(bits.size, np.uint64)
        within = begin == self._known
        if not self._collecting:
            digits = (bits[within] >> np.uint64(_BITS - self._known_bits - self._digit)).astype(np.int64)
            self._counts += np.bincount(digits & ((1 << self._digit) - 1), minlength=self._counts.size)
            return
        if self._left <= self._most:
            self._collected.append(values[within])
        lower = values[begin < self._known]
        self._beyond += float((lower - self._bound).sum())

    def end_scan(self) -> None:
        """Go on to the next scan, if there has to be one."""
        if self.done or self._collecting:
            self.done = True
            return
        counts = self._counts.cumsum()
        digit = int(np.searchsorted(counts, self._rank - self._below, side="right"))
        self._left = int(self._counts[digit])
        self._below += int(counts[digit]) - self._left
        self._known = self._known << self._digit | digit
        self._known_bits += self._digit
        self._counts[:] = 0
        self._collecting = self._left <= self._most or self._known_bits == _BITS

    def found(self) -> TailRisk:
        """Give what was found, once the search is done."""
        worst = np.sort(np.concatenate(self._collected)) if self._collected else np.array([self._bound])
        # Where values are not collected, all that are left are the same.
        quantile = float(worst[self._rank - self._below]) if self._collected else self._bound
        lower = worst[worst < quantile]
        beyond = self._beyond + self._below * (self._bound - quantile) + float((lower - quantile).sum())
        return TailRisk(0.0 - quantile, 0.0 - (quantile + beyond * TAIL_ONE_IN / self._values))

    @property
    def _digit(self) -> int:
        return min(_DIGIT, _BITS - self._known_bits)

    @property
    def _bound(self) -> float:
        """The lowest value that begins with the known bits: what is summed is measured from there."""
        if not self._known_bits:
            return 0.0
        return _number(self._known << (_BITS - self._known_bits))


def _ordered(values: FloatColumn) -> NDArray[np.uint64]:
    bits = values.view(np.uint64) if values.flags.c_contiguous else values.copy().view(np.uint64)
    negative = (bits >> np.uint64(_BITS - 1)).astype(np.bool_)
    return np.where(negative, ~bits, bits | np.uint64(1 << (_BITS - 1)))


def _number(ordered: int) -> float:
    sign = 1 << (_BITS - 1)
    bits = ordered ^ sign if ordered & sign else ~ordered & ((1 << _BITS) - 1)
    return float(np.array([bits], dtype=np.uint64).view(np.float64)[0])
