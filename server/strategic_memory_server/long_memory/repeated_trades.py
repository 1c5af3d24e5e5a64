"""Tells that most of the newest trades are left out of the long memory, as their ids are known.

The ids that it remembers reach back far beyond the window, in which a producer that counts its trades, and has begun
again with 1 after months, repeats none. So nothing else would tell.
"""

from __future__ import annotations

from strategic_memory_server.faults.problems import Problems

PROBLEM = "trade_ids_begin_anew"

NEWEST = 32
"""About so many of the newest trades with an id are looked at."""

FEWEST = 8
"""So many are left out before anything is said: a trade may be sent again, and others with it."""


class RepeatedTrades:
    """States the problem for one long memory, for as long as it is so.

    Args:
        problems: is told.
    """

    # There are thousands.
    __slots__ = ("_counted", "_left_out", "_problems")

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._left_out = self._counted = 0.0

    def take(self, left_out: int, counted: int) -> None:
        """Take note of trades with an id that were written down: how many were left out, and how many count."""
        if not left_out and not counted:
            return
        self._left_out += left_out
        self._counted += counted
        if (looked_at := self._left_out + self._counted) > NEWEST:
            self._left_out, self._counted = (NEWEST * each / looked_at for each in (self._left_out, self._counted))
        if self._left_out > self._counted and self._left_out >= FEWEST:
            self._problems.state(
                PROBLEM,
                "most of the newest trades have the trade_id of an earlier one, not always one of the window: they are "
                "taken for the same trade sent again, and left out of the evidence. Where they are others, as of a "
                "producer that counts its trades and has begun again with 1, let it give each trade an id of its own, "
                "or none",
            )
        else:
            self._problems.withdraw(PROBLEM)

    def rest(self) -> None:
        """Leave it to whoever leads: what that one writes down is not seen here."""
        self._left_out = self._counted = 0.0
        self._problems.withdraw(PROBLEM)
