"""Positions are in the order of the ids, whatever these count; many are as each, and ids and times come back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.columns.stream_position import (
    LARGEST,
    LARGEST_SIGNED,
    Id,
    id_of_position,
    position_column,
    position_of,
    position_of_id,
    positions_of_ids,
    times_ms_of,
)

HALVES = (
    st.integers(0, 9)
    | st.integers(0, LARGEST)
    | st.integers(0, 64).map(lambda bits: (1 << bits) - 1)
    | st.integers(0, 63).map(lambda bits: 1 << bits)
)
IDS: st.SearchStrategy[Id] = st.tuples(HALVES, HALVES)


@given(st.lists(IDS, max_size=12))
@repeatable(500)
def test_positions_are_in_the_order_of_the_ids(entry_ids: list[Id]) -> None:
    written = [b"%d-%d" % entry_id for entry_id in entry_ids]
    column = positions_of_ids(written)
    assert column.tolist() == [position_of_id(entry_id) for entry_id in written]
    assert position_column([position_of(entry_id) for entry_id in entry_ids]).tolist() == column.tolist()
    assert [id_of_position(position) for position in column] == entry_ids
    assert [id_of_position(position) for position in np.sort(column)] == sorted(entry_ids)
    ordered = np.sort(column)
    for entry_id in entry_ids:
        place = int(np.searchsorted(ordered, position_of(entry_id)))
        assert place == sum(other < entry_id for other in entry_ids)
        assert (column < position_of(entry_id)).tolist() == [other < entry_id for other in entry_ids]
    assert times_ms_of(column).tolist() == [min(time_ms, LARGEST_SIGNED) for time_ms, _ in entry_ids]
    assert times_ms_of(column[::-1]).tolist() == times_ms_of(column).tolist()[::-1]
