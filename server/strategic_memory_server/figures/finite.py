"""Numbers that leave this package: finite, or absent."""

from __future__ import annotations

import math

ROUNDING = 1e-12
"""What differs by no more than this share of itself is the same number, added up or subtracted in another way."""


def differ(low: float, high: float) -> bool:
    """Tell whether the lowest and the highest of some values differ by more than rounding."""
    return high - low > ROUNDING * max(abs(low), abs(high))


def finite(value: float) -> float | None:
    """A number, or None for what no 64-bit float can hold, such as 1e15 / 1e-300."""
    return value if math.isfinite(value) else None


def ratio(dividend: float, divisor: float) -> float | None:
    """Divide; None where the divisor is 0, or so small beside the dividend that it may be nothing but rounding."""
    return dividend / divisor if abs(divisor) > ROUNDING * abs(dividend) else None
