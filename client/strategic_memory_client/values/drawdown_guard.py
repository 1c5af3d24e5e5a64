"""How the drawdown guard stands: what it multiplies every leverage by, since when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class DrawdownGuard(Unchanging):
    """Leverage is lower while the results that followed the advice spread more widely than they usually do."""

    factor: float
    """What every leverage of the feedback has been multiplied by, 0.5 to 1."""
    since: datetime | None = None
    """When the factor moved last (aware, UTC). None: it never did."""
    results: int = 0
    """Results of trades that followed the advice so far; up to 60 the factor is 1."""
    recent_spread: float = 0.0
    """Root mean square of the newest of them, in the unit of pnl."""
    usual_spread: float = 0.0
    """Root mean square of all of them, in the unit of pnl."""
    recent_largest_share: float = 0.0
    """Share of a single result in the square of `recent_spread`, 0 to 1."""
    usual_largest_share: float = 0.0
    """Share of a single result in the square of `usual_spread`, 0 to 1. Near 1 the guard hardly notices the others."""
