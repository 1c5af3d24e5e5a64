"""When an entry was opened, as producers write it, and where in the regime stream that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
from each_case import each_case
from input_streams import written_opening

from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.columns.stream_position import LARGEST
from strategic_memory_server.entries.entry_fields import RejectionError
from strategic_memory_server.entries.field_columns import UnusualEntryError
from strategic_memory_server.entries.openings import (
    EARLIEST_MS,
    OPENING_NOT_GIVEN,
    opened_column,
    opened_ms_of,
)
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS

CLOSED_MS = 1_704_453_000_250
OPENED_MS = 1_704_448_800_000


@each_case(
    ("written", "opened_ms"),
    [
        ("2024-01-05T10:00:00Z", OPENED_MS),
        (" 2024-01-05 10:00:00 ", OPENED_MS),
        ("2024-01-05T12:00:00+02:00", OPENED_MS),
        ("2024-01-05T10:00:00.000999999Z", OPENED_MS),
        ("2024-01-05T10:00:00,250Z", OPENED_MS + 250),
        ("2024-01-05", OPENED_MS - 36_000_000),
        ("20240105T100000Z", OPENED_MS),
        (str(OPENED_MS), OPENED_MS),
        (f"{OPENED_MS}.75", OPENED_MS),
        ("1.7044488e12", OPENED_MS),
        (f"np.int64({OPENED_MS})", OPENED_MS),
        ("", OPENING_NOT_GIVEN),
        ("\t ", OPENING_NOT_GIVEN),
    ],
)
def test_what_producers_write(written: str, opened_ms: int) -> None:
    assert opened_ms_of({b"opened_at": written.encode()}, CLOSED_MS) == opened_ms
    both = [{}, {b"opened_at": written.encode()}]
    assert opened_column(both, index_column([0, CLOSED_MS])).tolist() == [0, opened_ms]


@each_case(
    ("written", "reason"),
    [
        ("yesterday", "opened_at_not_a_time"),
        ("2024-02-30", "opened_at_not_a_time"),
        ("NaT", "opened_at_not_a_time"),
        ("nan", "opened_at_not_finite"),
        (f"{OPENED_MS // 1000}", "opened_at_out_of_range"),
        (f"{OPENED_MS}000", "opened_at_out_of_range"),
        ("20240105", "opened_at_out_of_range"),
        ("1989-12-31T23:59:59.999Z", "opened_at_out_of_range"),
        (f"{CLOSED_MS + CLOCK_TOLERANCE_MS + 1}", "opened_at_after_close"),
    ],
)
def test_what_nobody_means_is_rejected(written: str, reason: str) -> None:
    entry = {b"opened_at": written.encode()}
    with pytest.raises(RejectionError) as refused:
        opened_ms_of(entry, CLOSED_MS)
    assert (refused.value.reason, refused.value.excerpt) == (reason, written)
    with pytest.raises(UnusualEntryError):
        opened_column([{}, entry], index_column([0, CLOSED_MS]))


def test_a_clock_that_is_a_little_ahead_and_ids_that_are_no_times_are_no_reason_to_reject() -> None:
    ahead = {b"opened_at": str(CLOSED_MS + CLOCK_TOLERANCE_MS).encode()}
    assert opened_ms_of(ahead, CLOSED_MS) == CLOSED_MS + CLOCK_TOLERANCE_MS
    for number in (17, EARLIEST_MS - 1, 1_704_453_000_250_000, LARGEST):
        assert opened_ms_of(ahead, number) == CLOSED_MS + CLOCK_TOLERANCE_MS


@each_case("seed", range(20))
def test_every_way_of_writing_a_time_means_the_same(seed: int) -> None:
    random = Random(seed)
    moment = datetime.fromtimestamp(OPENED_MS // 1000, timezone(timedelta(hours=random.randrange(-11, 12))))
    assert opened_ms_of({b"opened_at": moment.isoformat().encode()}, CLOSED_MS) == OPENED_MS
    assert opened_ms_of({b"opened_at": written_opening(random, OPENED_MS)}, CLOSED_MS) == OPENED_MS
    assert moment.astimezone(UTC) == datetime(2024, 1, 5, 10, tzinfo=UTC)
