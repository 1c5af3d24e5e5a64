"""What an operator is told of trades in a long memory whose pnl is far from that of the others."""

from __future__ import annotations

from strategic_memory_server.entries.oddities import shown
from strategic_memory_server.evidence.far_cell import far_cell
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.problems import Problems

PROBLEM = "memory_units_mixed"

_MEND = (
    "that is another unit, or an error, and the evidence rests on it. Let all producers write the pnl in one unit, "
    "take such trades out of the trade stream, and run `strategic-memory-server rebuild-memory`"
)


def far_trades(sums: EvidenceSums) -> str:
    """Say which trades earned or lost far more than is usual, and what to do; empty: none did."""
    if (far := far_cell(sums)) is None:
        return ""
    return (
        f"trades of {shown(far.regime)} under {far.policy.name} earned or lost {far.size:.3g} (root mean square), "
        f"where {far.usual:.3g} is usual: {_MEND}"
    )


class FarTrades:
    """States the problem for one long memory, for as long as it holds such trades."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._seen: EvidenceSums | None = None

    def rest(self) -> None:
        """Tell no more of what another server looks at now."""
        self._seen = None
        self._problems.withdraw(PROBLEM)

    def look(self, sums: EvidenceSums) -> None:
        """Look at what it holds now."""
        if sums is self._seen:
            return
        self._seen = sums
        if said := far_trades(sums):
            self._problems.state(PROBLEM, f"in the long memory {said}")
        else:
            self._problems.withdraw(PROBLEM)
