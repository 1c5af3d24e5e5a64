"""CountedIds against a set of all ids that were ever read."""

from __future__ import annotations

from random import Random

import pytest
from each_case import each_case

from strategic_memory_server.columns.stream_position import position_column, position_of
from strategic_memory_server.entries.counted_ids import FAR_MS, NOTHING_COUNTED, CountedIds
from strategic_memory_server.memory.json_types import JsonValue


@each_case("seed", range(200))
def test_what_was_read_is_known_and_nothing_else_but_what_lies_between(seed: int) -> None:
    random = Random(seed)
    counted, read, stood_at = NOTHING_COUNTED, set[int](), 0
    for _ in range(random.randrange(1, 12)):
        if random.random() < 0.4:
            stood_at = 0
        entries = sorted(random.sample(range(stood_at + 1, stood_at + 30), random.randint(1, 9)))
        known = any(first[0] <= stood_at <= last[0] for first, last in counted.stretches)
        counted = counted.read_on(f"{stood_at}-0", f"{entries[0]}-0", f"{entries[-1]}-0")
        read |= set(range(stood_at if known else entries[0], entries[-1] + 1))
        stood_at = entries[-1]
        within = counted.among(position_column([position_of((time_ms, 0)) for time_ms in range(400)]))
        assert {time_ms for time_ms in range(400) if within[time_ms]} == read
        assert counted.highest == (max(read), 0)
        assert CountedIds.from_plain(counted.to_plain()) == counted


def test_what_lies_within_a_leap_was_never_read() -> None:
    far = FAR_MS + 1
    between = position_column([position_of((time_ms, 0)) for time_ms in (7, 9, 9 + far, 12 + far)])
    counted = NOTHING_COUNTED.read_on("0-0", "7-0", f"{15 + far}-0", between)
    assert counted.stretches == (((7, 0), (9, 0)), ((9 + far, 0), (15 + far, 0)))
    counted = counted.read_on(f"{15 + far}-0", f"{15 + 2 * far}-3", f"{16 + 2 * far}-0", position_column([]))
    assert counted.stretches[2:] == (((15 + 2 * far, 3), (16 + 2 * far, 0)),)
    nearer = NOTHING_COUNTED.read_on("0-0", "7-0", "8-0").read_on("8-0", f"{8 + FAR_MS}-0", f"{9 + FAR_MS}-0")
    assert nearer.stretches == (((7, 0), (9 + FAR_MS, 0)),)


@each_case("plain", ["", 5, [["1-0"]], [["1-0", 2]], [["1-0", "x"]], {"1-0": "2-0"}])
def test_what_is_something_else_is_refused(plain: JsonValue) -> None:
    with pytest.raises(ValueError, match=r"counted_ids|id of a stream entry"):
        CountedIds.from_plain(plain)
