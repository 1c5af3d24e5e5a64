"""When an entry of a window was opened, and where in the regime stream that was."""

from __future__ import annotations

from random import Random

from each_case import each_case
from input_streams import random_opening

from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.columns.stream_position import LARGEST, position_column, position_of
from strategic_memory_server.entries.openings import EARLIEST_MS, OPENING_NOT_GIVEN
from strategic_memory_server.windows.opening_columns import OpeningTime, opening_columns, opening_positions
from strategic_memory_server.windows.place_columns import place_columns

CLOSED_MS = 1_704_453_000_250


@each_case("seed", range(20))
def test_the_regime_stream_is_asked_at_the_end_of_the_millisecond_of_the_opening_but_never_after_the_entry(
    seed: int,
) -> None:
    random = Random(seed)
    ids = [(CLOSED_MS + random.randrange(100), random.randrange(3)) for _ in range(9)]
    ids += [(5, 1), (CLOSED_MS * 1000, 0), (LARGEST, LARGEST)]
    opened = [random_opening(random, CLOSED_MS + 50) or OPENING_NOT_GIVEN for _ in ids]
    positions = position_column([position_of(entry_id) for entry_id in ids])
    places = place_columns(positions)
    columns = {**places, **opening_columns(index_column(opened), places["time_ms"])}
    asked = opening_positions(columns).tolist()
    for place, (entry_id, opened_ms) in enumerate(zip(ids, opened, strict=True)):
        is_time = EARLIEST_MS <= entry_id[0] < CLOSED_MS * 1000
        is_earlier = bool(opened_ms) and is_time and opened_ms < entry_id[0]
        assert asked[place] == position_of((opened_ms, LARGEST) if is_earlier else entry_id)
        assert columns["opened_ms"][place] == (opened_ms if is_earlier else places["time_ms"][place])
        known = OpeningTime.KNOWN if is_time else OpeningTime.NOT_COMPARABLE
        assert columns["opening"][place] == (known if opened_ms else OpeningTime.NOT_GIVEN)
    untold = opening_columns(index_column([OPENING_NOT_GIVEN] * len(ids)), places["time_ms"])
    assert opening_positions({**places, **untold}) is positions
