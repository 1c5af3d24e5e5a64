"""Distinct numbers against numpy's own, whether they lie close together or not."""

from __future__ import annotations

import numpy as np
import pytest
from each_case import each_case

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.columns.distinct import SPARE_RANGE, distinct, in_order

RANGES = [(0, 1), (0, 5), (-3, 9), (100, 40_000), (-(2**62), 2**62), (7, 7 + SPARE_RANGE + 2_000)]


def columns() -> list[IndexColumn]:
    made = [np.empty(0, dtype=np.int64), np.array([5]), np.array([-(2**63), 2**63 - 1, 0, 0])]
    for seed, (low, high) in enumerate(RANGES):
        made.extend(np.random.default_rng(seed).integers(low, high, size) for size in (1, 2, 300, 1_000))
    return made


@each_case("column", columns())
def test_it_is_what_numpy_finds(column: IndexColumn) -> None:
    found = distinct(column)
    codes, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    assert found.found.tolist() == codes.tolist()
    assert found.place.tolist() == place.tolist()
    assert found.counts.tolist() == counts.tolist()
    expected = [np.flatnonzero(column == code).tolist() for code in codes.tolist()]
    assert [members.tolist() for members in found.members()] == expected


@pytest.mark.parametrize("most", [1, 10, 32_767, 32_768, 70_000])
def test_equal_codes_stay_in_their_order(most: int) -> None:
    codes = np.random.default_rng(most).integers(0, most + 1, 2_000)
    codes[17] = most
    assert in_order(codes).tolist() == sorted(range(codes.size), key=codes.tolist().__getitem__)
