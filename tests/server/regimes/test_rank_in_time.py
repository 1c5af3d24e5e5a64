"""Rank and median in a span of time, against numpy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from strategic_memory_server.regimes.rank_in_time import RankInTime


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(-3, 3)), min_size=1, max_size=60), st.integers(1, 20))
def test_rank_and_median_are_those_of_the_span(steps: list[tuple[int, int]], span_s: int) -> None:
    rank = RankInTime(span_s)
    time_s, seen = 0, []
    for step, value in steps:
        time_s += step
        seen.append((time_s, value))
        kept = np.array([old for at, old in seen if at > time_s - span_s])
        expected = (np.mean(kept < value) + np.mean(kept <= value)) / 2
        found, median = rank.update(time_s, value)
        assert abs(found - expected) < 1e-12
        assert median == np.median(kept)
