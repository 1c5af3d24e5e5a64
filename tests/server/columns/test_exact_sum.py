"""Exact sums against fractions and `math.fsum`: no rounding, whatever is added in whatever order."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.columns.exact_sum import UNITS_PER_ONE, exact, exact_sums, rounded

NUMBERS = st.one_of(
    st.floats(-1e15, 1e15, allow_nan=False),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e15, -1e15, 0.1]),
)


@given(NUMBERS)
@repeatable(500)
def test_a_number_is_kept_to_the_last_bit(number: float) -> None:
    assert Fraction(exact(number), UNITS_PER_ONE) == Fraction(number)
    assert rounded(exact(number)) == number


@given(st.lists(st.floats(-1e15, 1e15, allow_nan=False), max_size=40))
@repeatable(300)
def test_a_sum_is_rounded_once_as_by_fsum(numbers: list[float]) -> None:
    total = rounded(sum(exact(number) for number in numbers))
    assert (total, math.copysign(1, total)) == (math.fsum(numbers), math.copysign(1, math.fsum(numbers)))


@given(st.lists(st.tuples(NUMBERS, st.integers(0, 4)), max_size=60))
@repeatable(300)
def test_sums_by_group_are_the_sums_one_by_one(pairs: list[tuple[float, int]]) -> None:
    values = np.array([value for value, _ in pairs], dtype=np.float64)
    group = np.array([group for _, group in pairs], dtype=np.intp)
    assert exact_sums(values, group, 5) == [
        sum(exact(value) for value, of in pairs if of == index) for index in range(5)
    ]


def test_many_numbers_of_the_largest_size_do_not_overflow() -> None:
    values = np.full(300_000, -(1e15 - 0.125))
    assert exact_sums(values, np.zeros(values.size, dtype=np.intp), 1) == [300_000 * exact(-(1e15 - 0.125))]
