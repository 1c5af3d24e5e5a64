"""Tells the operator that there are more regimes than are kept apart."""

from __future__ import annotations

from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.memory.strategic_memory import OTHER_REGIME, StrategicMemory

TOO_MANY_REGIMES = "too_many_regimes"


def report_regimes(problems: Problems, memory: StrategicMemory, sums: EvidenceSums, max_regimes: int) -> None:
    """State the problem while the windows or the long memory have regimes that are not kept apart."""
    is_full = OTHER_REGIME in sums.regimes and len(sums.regimes) > max_regimes
    found = [f"the windows have {memory.others} more"] if memory.others else []
    if is_full:
        found.append(f"the long memory has {sums.count_of(OTHER_REGIME)} trades of others")
    if not found:
        problems.withdraw(TOO_MANY_REGIMES)
        return
    problems.state(
        TOO_MANY_REGIMES,
        f"{max_regimes} regimes are kept apart, those used last, and {' and '.join(found)}, which count as "
        f"{OTHER_REGIME} and are never advised: see to it that the producers name few regimes, or raise "
        "STRATEGIC_MEMORY_MAX_REGIMES; after a fault of theirs, `strategic-memory-server rebuild-memory`",
    )
