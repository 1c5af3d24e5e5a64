"""Names of what the long memory keeps in Redis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryKeys:
    """Names under a key prefix.

    Attributes:
        evidence: a hash with the sums of all trades, up to where they reach, and what is being explored.
        trade_ids: a sorted set of the newest ids of trades, in the order in which they were counted.
    """

    evidence: str
    trade_ids: str

    @classmethod
    def under(cls, prefix: str) -> MemoryKeys:
        """Return the names under a key prefix."""
        return cls(f"{prefix}:feedback:strategic_memory:evidence", f"{prefix}:feedback:strategic_memory:trade_ids")

    @classmethod
    def beside(cls, prefix: str, decay: float) -> MemoryKeys:
        """Return the names of a memory of another decay than the one that was there first."""
        first = cls.under(prefix)
        return cls(f"{first.evidence}:decay-{decay!r}", f"{first.trade_ids}:decay-{decay!r}")
