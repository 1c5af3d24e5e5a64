"""The leverage that the evidence bears, and what limited it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

LOWEST, HIGHEST = 0.5, 2.0
NEUTRAL = 1.0
INTERVAL_CAP = "interval_lower_bound"
"""Names the cap of an interval that does not lie above 0."""


@dataclass(frozen=True, slots=True)
class Leverage:
    """A leverage and how it came about.

    Attributes:
        hint: leverage as a multiple of the base position.
        uncapped: what it was before the caps.
        bound_by: name of the cap that lowered it the most; None when none did.
        cap: the lowest cap and its name, whether or not it lowered anything; None without one.
    """

    hint: float
    uncapped: float
    bound_by: str | None
    cap: tuple[float, str] | None = field(default=None, compare=False)

    def rounded(self, decimals: int) -> tuple[float, str | None]:
        """Return hint and name of the cap that lowered it; rounded, but never above a cap, which is not rounded."""
        hint = round(self.hint, decimals)
        if self.bound_by is None and self.cap is not None and hint > self.cap[0]:
            return self.cap
        return (self.hint if self.bound_by else hint), self.bound_by


def leverage_hint(
    confidence: float, relative_spread: float, interval_low: float, caps: Mapping[str, float] | None = None
) -> Leverage:
    """Return clip((0.5 + confidence) min(1, 1 / relative spread), 0.5, 2), then the lowest of the caps.

    Neutral confidence and an average spread give 1; a regime that spreads twice as widely halves it, which keeps the
    spread of the position (volatility targeting; Moreira and Muir, Journal of Finance 72, 2017; the factor
    0.5 + confidence is chosen here). The spread only lowers: a calm regime, or one outlier elsewhere that widens the
    spread of all pnl, raises no leverage. Two kinds of caps: as long as the 90 % interval of the mean pnl does not lie
    above 0, leverage stays at most 1; and every cap of the caller, which is exact and may go below 0.5. Of equal caps
    the first by name is said to bind.

    Args:
        confidence: probability that the recommended policy's mean pnl is above 0.
        relative_spread: root mean square of the regime's pnl over that of all pnl.
        interval_low: lower bound of the 90 % interval of the recommended policy's mean pnl.
        caps: highest leverage by the name of who says so, each finite and at least 0; ValueError for any other.
    """
    uncapped = min(max((0.5 + confidence) / max(relative_spread, 1.0), LOWEST), HIGHEST)
    limits = dict(caps or {})
    for name, cap in limits.items():
        if not 0.0 <= cap < math.inf:
            raise ValueError(f"the leverage cap {name} is {cap!r}, it has to be finite and at least 0")
    if interval_low <= 0.0:
        limits[INTERVAL_CAP] = NEUTRAL
    lowest = min(((cap, name) for name, cap in limits.items()), default=None)
    if lowest is None or uncapped <= lowest[0]:
        return Leverage(uncapped, uncapped, None, lowest)
    return Leverage(lowest[0], uncapped, lowest[1], lowest)
