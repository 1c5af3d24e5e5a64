"""Numbers that leave this package: finite, or absent."""

from __future__ import annotations

import math


def finite(value: float) -> float | None:
    """Give a number, or None for what no 64-bit float can hold, such as 1e15 / 1e-300."""
    return value if math.isfinite(value) else None


def ratio(dividend: float, divisor: float) -> float | None:
    """Divide; None where the divisor is 0 or the result is too large for a 64-bit float."""
    return finite(dividend / divisor) if divisor else None
