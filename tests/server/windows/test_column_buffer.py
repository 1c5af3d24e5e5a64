"""ColumnBuffer: what was handed out never changes, whatever is added, dropped, corrected or renumbered afterwards."""

from __future__ import annotations

import tracemalloc
from random import Random

import numpy as np
from each_case import each_case
from numpy.typing import NDArray

from strategic_memory_server.windows.column_buffer import SMALLEST_ROOM, ColumnBuffer


def buffer() -> ColumnBuffer:
    return ColumnBuffer({"code": np.int64, "pnl": np.float64})


def add(to: ColumnBuffer, values: list[int]) -> None:
    to.append({"code": np.array(values, dtype=np.int64), "pnl": np.array(values, dtype=np.float64) / 2})


@each_case("seed", range(20))
def test_it_holds_what_a_list_would_and_old_views_hold_what_they_held(seed: int) -> None:
    random = Random(seed)
    columns, expected, number = buffer(), [], 0
    views: list[tuple[NDArray[np.int64], list[int]]] = []
    for _ in range(200):
        new = list(range(number, number + random.choice((0, 1, 2, 30))))
        number += len(new)
        add(columns, new)
        expected.extend(new)
        dropped = random.randint(0, len(expected)) if random.random() < 0.3 else 0
        columns.drop_oldest(dropped)
        del expected[:dropped]
        if expected and random.random() < 0.3:
            place = random.randrange(len(expected))
            columns.correct("code", np.array([place]), np.array([-place]))
            expected[place] = -place
        if random.random() < 0.5:
            views.append((columns.column("code"), list(expected)))
        assert len(columns) == len(expected)
        assert columns.column("code").tolist() == expected
    assert all(view.tolist() == held for view, held in views)
    assert not columns.column("pnl").flags.writeable


def test_room_grows_with_what_is_there_and_not_with_what_was() -> None:
    columns = buffer()
    tracemalloc.start()
    try:
        for number in range(20_000):
            add(columns, [number])
            columns.drop_oldest(max(len(columns) - 100, 0))
        held_bytes = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert columns.column("code").tolist() == list(range(19_900, 20_000))
    assert held_bytes < 2 * 8 * (100 + 2 * SMALLEST_ROOM) + 2_000


def test_a_correction_copies_only_where_somebody_looks() -> None:
    columns = buffer()
    add(columns, [1, 2, 3])
    columns.correct("code", np.array([1]), np.array([7]))
    part = columns.column("code")[1:]
    columns.correct("code", np.array([1]), np.array([8]))
    assert (part.tolist(), columns.column("code").tolist()) == ([7, 3], [1, 8, 3])
    room = columns.column("code").base
    del part
    columns.correct("pnl", np.array([0]), np.array([9.0]))
    assert columns.column("code").base is room


def test_new_indices_leave_absent_ones_and_old_views() -> None:
    columns = buffer()
    add(columns, [5, 0, 2, -1])
    columns.drop_oldest(1)
    view = columns.column("code")
    columns.renumber("code", np.array([4, -1, 6, -1, -1, -1]))
    assert columns.column("code").tolist() == [4, 6, -1]
    assert view.tolist() == [0, 2, -1]


def test_a_slice_of_all_columns() -> None:
    columns = buffer()
    add(columns, [0, 1, 2, 3])
    columns.drop_oldest(1)
    assert {name: column.tolist() for name, column in columns.columns(1, 3).items()} == {
        "code": [2, 3],
        "pnl": [1.0, 1.5],
    }
    columns.clear()
    assert len(columns) == 0
