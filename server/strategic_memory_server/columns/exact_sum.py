"""Exact sums of 64-bit floats as whole numbers of 2**-1074, so that what was added can be taken away without a trace.

Every finite float is a whole number of 2**-1074, the smallest one above zero. A sum of such numbers has no rounding
error whatever the order; it is rounded once, when it is read. That is what `math.fsum` gives for the same values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.columns.distinct import distinct

UNITS_PER_ONE = 1 << 1074

_SCALE_BITS = 1074
_MANTISSA_BITS = 53
_LOW_BITS = 27
_LOW_MASK = (1 << _LOW_BITS) - 1
_EXPONENTS = 4096
_EXPONENT_OFFSET = 2048
_VALUES_AT_ONCE = 1 << 17


def exact(value: float) -> int:
    """A finite float in units of 2**-1074."""
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_SCALE_BITS + 1 - denominator.bit_length())


def rounded(units: int) -> float:
    """The float that is nearest to so many units of 2**-1074."""
    return units / UNITS_PER_ONE


def exact_sums(values: FloatColumn, group: NDArray[np.intp], groups: int) -> list[int]:
    """Sum finite floats by group, exactly, in units of 2**-1074.

    Mantissas are added up by group and exponent, in two halves so short that up to 2**26 of them add up exactly in a
    float, and no more are taken at once; then there is one addition of whole numbers for each group and exponent that
    occurs.

    Args:
        values: the floats.
        group: index of the group of each value, from 0 to `groups` - 1.
        groups: number of groups.
    """
    sums = [0] * groups
    for start in range(0, values.size, _VALUES_AT_ONCE):
        end = start + _VALUES_AT_ONCE
        _add_exactly(sums, values[start:end], group[start:end])
    return sums


def _add_exactly(sums: list[int], values: FloatColumn, group: NDArray[np.intp]) -> None:
    mantissas, exponents = np.frexp(values)
    mantissas *= 1 << _MANTISSA_BITS
    whole = mantissas.astype(np.int64)
    keys = distinct(group * _EXPONENTS + (exponents + _EXPONENT_OFFSET))
    high = np.bincount(keys.place, weights=whole >> _LOW_BITS, minlength=keys.found.size)
    low = np.bincount(keys.place, weights=whole & _LOW_MASK, minlength=keys.found.size)
    for key, upper, lower in zip(keys.found.tolist(), high.tolist(), low.tolist(), strict=True):
        index, exponent = divmod(key, _EXPONENTS)
        shift = exponent - _EXPONENT_OFFSET + _SCALE_BITS - _MANTISSA_BITS
        units = (int(upper) << _LOW_BITS) + int(lower)
        # A mantissa below 2**-1021 has as many zeros at its end as it is shifted down by.
        sums[index] += units << shift if shift >= 0 else units >> -shift
