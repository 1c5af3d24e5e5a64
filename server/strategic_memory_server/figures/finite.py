"""Numbers that leave this package: finite, or absent."""

from __future__ import annotations

ROUNDING = 1e-12
"""What differs by no more than this share of itself is the same number, added up or subtracted in another way."""

ROUNDING_OF_PRICES = 1e-9
"""As `ROUNDING`, of what is left when one price is taken from another: 60000.3 - 60000 is 0.3 to 3e-12 only."""


def differ(low: float, high: float) -> bool:
    """Tell whether the lowest and the highest of some values differ by more than rounding."""
    return high - low > ROUNDING * max(abs(low), abs(high))


def ratio(dividend: float, divisor: float) -> float | None:
    """Divide; None where the divisor is 0, or so small beside the dividend that it may be nothing but rounding."""
    return dividend / divisor if abs(divisor) > ROUNDING_OF_PRICES * abs(dividend) else None
