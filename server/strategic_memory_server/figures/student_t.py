"""Quantiles of Student's t distribution (Student 1908, "The probable error of a mean", Biometrika 6)."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

MANY_DEGREES = 1000.0
"""Degrees of freedom from which on the expansion around the normal quantile is used: its error is below 1e-10."""

_TINY = 1e-300
_MAX_STEPS = 500


@lru_cache(maxsize=4096)
def quantile(probability: float, degrees: float) -> float:
    """The value that a t variable stays below with a probability, to a relative error below 1e-9.

    Newton's method on the upper tail. Right of the middle the tail is convex and the normal quantile lies left of the
    t quantile, so every step leads to the right and none too far.

    Args:
        probability: above 0 and below 1; the error is held down to 1e-9 from either end.
        degrees: degrees of freedom, at least 1; they need not be whole.

    Raises:
        ValueError: an argument is out of range.
    """
    if not (0.0 < probability < 1.0 and 1.0 <= degrees < math.inf):
        raise ValueError(f"no quantile for probability {probability}, degrees of freedom {degrees}")
    if probability < 0.5:
        return -quantile(1.0 - probability, degrees)
    if degrees >= MANY_DEGREES:
        return _expansion(NormalDist().inv_cdf(probability), degrees)
    wanted = 1.0 - probability
    value = max(NormalDist().inv_cdf(probability), 0.0)
    for _ in range(_MAX_STEPS):
        step = (upper_tail(value, degrees) - wanted) / _density(value, degrees)
        value += step
        if step <= 1e-13 * value:
            break
    return value


def upper_tail(value: float, degrees: float) -> float:
    """Probability of a t variable above `value`, which is at least 0: I_x(n/2, 1/2) / 2 at x = n / (n + t^2).

    Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.5.27 and 26.7.1.
    """
    square = value * value
    return 0.5 * _incomplete_beta(degrees / (degrees + square), square / (degrees + square), 0.5 * degrees, 0.5)


def _density(value: float, degrees: float) -> float:
    log_factor = math.lgamma(0.5 * (degrees + 1.0)) - math.lgamma(0.5 * degrees) - 0.5 * math.log(degrees * math.pi)
    return math.exp(log_factor - 0.5 * (degrees + 1.0) * math.log1p(value * value / degrees))


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b); `rest` is 1 - x without its rounding error."""
    if x <= 0.0 or rest <= 0.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _incomplete_beta(rest, x, b, a)
    log_factor = a * math.log(x) + b * math.log(rest) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(log_factor) / (a * _continued_fraction(x, a, b))


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Denominator of I_x(a, b), a continued fraction (DLMF 8.17.22), by the modified method of Lentz.

    I. J. Thompson and A. R. Barnett (1986), "Coulomb and Bessel functions of complex arguments and order", J. Comp.
    Phys. 64.
    """
    value, numerator, denominator = 1.0, 1.0, 0.0
    for step in range(1, _MAX_STEPS):
        half = step // 2
        if step % 2:
            coefficient = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            coefficient = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        denominator = 1.0 / (1.0 + coefficient * denominator or _TINY)
        numerator = 1.0 + coefficient / numerator or _TINY
        change = numerator * denominator
        value *= change
        if abs(change - 1.0) < 1e-16:
            break
    return value


def _expansion(z: float, degrees: float) -> float:
    """Abramowitz and Stegun 26.7.5: the quantile by powers of 1 / degrees, from the normal quantile z."""
    square = z * z
    terms = (
        (square + 1.0) / 4.0,
        ((5.0 * square + 16.0) * square + 3.0) / 96.0,
        (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0,
        ((((79.0 * square + 776.0) * square + 1482.0) * square - 1920.0) * square - 945.0) / 92160.0,
    )
    factor = 0.0
    for term in reversed(terms):
        factor = (factor + term) / degrees
    return z * (1.0 + factor)
