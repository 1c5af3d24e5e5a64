"""Positions of many ids are those of each, and times come back from them, one or a column of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.stream_position import (
    MAX_TIME_MS,
    position_of_id,
    position_of_time,
    positions_of_ids,
    sequence_of,
    time_ms_of,
)

LARGEST = (1 << 64) - 1
ORDINARY = st.tuples(st.integers(0, MAX_TIME_MS + 9), st.integers(0, 40_000) | st.just((1 << 63) - 1))
ANY = ORDINARY | st.tuples(st.integers(0, LARGEST), st.integers(0, LARGEST))


@pytest.mark.parametrize("ids", [ORDINARY, ANY])
def test_many_are_as_each(ids: st.SearchStrategy[tuple[int, int]]) -> None:
    @given(st.lists(ids, max_size=8))
    @repeatable(200)
    def check(entry_ids: list[tuple[int, int]]) -> None:
        written = [b"%d-%d" % entry_id for entry_id in entry_ids]
        assert positions_of_ids(written).tolist() == [position_of_id(entry_id) for entry_id in written]

    check()


@given(st.lists(st.tuples(st.integers(-MAX_TIME_MS // 4, MAX_TIME_MS), st.integers(0, 32_767)), max_size=8))
@repeatable(200)
def test_times_and_sequences_come_back(entry_ids: list[tuple[int, int]]) -> None:
    positions = [position_of_time(*entry_id) for entry_id in entry_ids]
    assert [(time_ms_of(position), sequence_of(position)) for position in positions] == entry_ids
    column = positions_of_ids([b"%d-%d" % (abs(time_ms), sequence) for time_ms, sequence in entry_ids])
    assert time_ms_of(column).tolist() == [abs(time_ms) for time_ms, _ in entry_ids]
